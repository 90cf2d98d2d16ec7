"""Files for those of our schemes that read one, by the name of the class: values of its field ``path``."""

import tempfile
import warnings
from functools import cache
from pathlib import Path

import numpy as np

SHAPE, CLASSES = (32, 32, 3), 7  # of what models are built for


@cache
def kept() -> tempfile.TemporaryDirectory[str]:
    """What examples read is written here; the process that made it takes it away at its end."""
    return tempfile.TemporaryDirectory(prefix="overair-conformance-")


def folder() -> Path:
    return Path(kept().name)


@cache
def responses() -> str:
    """Impulse responses."""
    file, rng = folder() / "responses.npz", np.random.default_rng(0)
    a = rng.normal(size=[50, 3, 2, 1]) + 1j * rng.normal(size=[50, 3, 2, 1])
    np.savez(file, a=a, tau=rng.uniform(0, 1e-7, [50, 2]))
    return str(file)


@cache
def network() -> str:
    """A network for the images and classes of the tests of models."""
    import keras

    file, start = folder() / "network.keras", keras.initializers.GlorotUniform(0)
    model = keras.Sequential(
        [keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(CLASSES, kernel_initializer=start)]
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)  # Keras, when it saves
        model.save(file)
    return str(file)


@cache
def trace() -> str:
    """Measured times of devices."""
    file = folder() / "trace.csv"
    file.write_text("device,seconds,joules\n0,0.1,1\n1,0.3,2\n0,0.2,3\n")
    return str(file)


OURS = {"CirFile": responses, "Saved": network, "Trace": trace}
