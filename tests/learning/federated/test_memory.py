"""A federation that is dropped gives its graphs back: TensorFlow keeps what any custom gradient in them closes over."""

import gc
from typing import Any
from weakref import WeakSet

import keras
import numpy as np
import pytest

from overair.learning import Fedavg, Federation
from overair.learning.data import Arrays
from overair.ota import Analog, Digital, Qsgd, RandomLinear
from overair.phy import Air, Grid, Rayleigh

DEVICES, SIZE = 4, 51


def _one_round(uplink: Any, **options: Any) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((24, 4, 4, 1), np.float32), rng.integers(0, 3, 24).astype(np.int32)

    def model(seed: int) -> keras.Model:
        return keras.Sequential([keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])

    federation = Federation(
        model,
        Arrays(x, y, x, y, 3),
        np.split(np.arange(24), DEVICES),
        Fedavg(steps=2),
        uplink,
        Air(Grid(subcarriers=16, symbols=2), Rayleigh(), DEVICES),
        SIZE,
        lambda: keras.optimizers.SGD(1.0),
        batch_size=4,
        **options,
    )
    state, _ = federation.step(federation.init(0), 0, 10.0)
    federation.evaluate(state)


def _graphs() -> "WeakSet[Any]":
    gc.collect()
    return WeakSet(each for each in gc.get_objects() if type(each).__name__.endswith("FuncGraph"))


@pytest.mark.parametrize("uplink", [Analog(), Analog(codec=RandomLinear()), Digital(Qsgd())], ids=str)
def test_a_dropped_federation_leaves_no_graph_behind(uplink: Any) -> None:
    _one_round(uplink)  # what serves all later ones is made
    _one_round(uplink)
    kept = _graphs()
    _one_round(uplink)
    assert not _graphs() - kept  # those of other tests may go meanwhile
