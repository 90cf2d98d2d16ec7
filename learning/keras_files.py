"""Keras models of .keras files that nobody vouches for: nothing in a file is run, and memory is bounded by its size.

Keras makes the layers that a file's configuration asks for before it looks at the weights that the file has. Here the
weights are counted while they are made: more than the file holds are those of a damaged file, or of one that deceives.
"""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import keras
import tensorflow as tf

LARGEST = 2**32  # bytes that a file may unpack to
LONGEST = 2**22  # bytes of the configuration
CONFIGURATION, WEIGHTS = "config.json", ("model.weights.h5", "model.weights.npz")
SPARE = 2**20  # bytes of weights that no file holds, such as those of a LoRA, which is saved with its kernel


def load(path: str | Path, compile: bool = False) -> keras.Model:
    """The model of a file; raises whatever Keras meets, and ValueError where the file is too large or holds too little.

    With ``compile`` it has its optimizer and metrics.
    """
    with zipfile.ZipFile(path) as file:
        sizes = {part.filename: part.file_size for part in file.infolist()}
        size = sum(part.file_size for part in file.infolist())
    for what, received, most in (
        ("it unpacks to", size, LARGEST),
        ("its configuration has", sizes.get(CONFIGURATION, 0), LONGEST),
    ):
        if received > most:
            raise ValueError(f"{what} {received} bytes, of which at most {most} are read")
    held = max(sizes.get(name, 0) for name in WEIGHTS)
    with _at_most(held):
        return keras.models.load_model(path, compile=compile, safe_mode=True)


@contextmanager
def _at_most(held: int) -> Iterator[None]:
    """Refuse variables that have more bytes together than so many hold, before memory is taken for them."""
    made, begin = 0, keras.Variable.__init__

    def counted(self: Any, initializer: Any, shape: Any = None, dtype: Any = None, *more: Any, **named: Any) -> None:
        nonlocal made
        made += _bytes(shape, dtype)
        if made > 2 * held + SPARE:
            raise ValueError(f"its layers ask for {made} bytes of weights or more, where the file holds {held} bytes")
        begin(self, initializer, shape, dtype, *more, **named)

    with patch.object(keras.Variable, "__init__", counted):
        yield


def _bytes(shape: Any, dtype: Any) -> int:
    if shape is None:  # of a value that is there already
        return 0
    return math.prod(map(int, shape)) * int(tf.as_dtype(keras.backend.standardize_dtype(dtype)).size)


__all__ = ["load"]
