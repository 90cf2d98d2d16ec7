"""Transmissions read back from their files, with the layers of this package's networks known."""

import importlib
import pkgutil
from pathlib import Path

from .. import keras_files
from . import networks
from .transmission import Transmission


def load(path: str | Path) -> Transmission:
    """The transmission in a .keras file; nothing in the file is run."""
    for module in pkgutil.iter_modules(networks.__path__, f"{networks.__name__}."):
        importlib.import_module(module.name)  # registers its layers
    if not Path(path).is_file():
        raise ValueError(f"{path}: expected a transmission saved as .keras, found no such file")
    try:
        model = keras_files.load(path, compile=True)
    except Exception as error:  # Keras raises whatever it meets
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(f"{path}: expected a transmission saved as .keras, received another file; {reason}") from None
    if not isinstance(model, Transmission):
        raise ValueError(f"{path}: expected a transmission, received a {type(model).__name__}; save the whole model")
    return model
