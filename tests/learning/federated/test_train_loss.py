"""The training loss of a round is a mean: over steps, over samples that count, and over devices that took part."""

from typing import Any

import keras
import numpy as np
import pytest

from overair.learning import Fedavg, Federation, Sgd
from overair.learning.data import Arrays
from overair.ota import Ideal
from overair.phy import Air, Awgn, Grid, keys

DEVICES, STILL = 6, 1e-12  # a learning rate that moves no float32


def _federation(algorithm: Any, batch_size: int | None = None, **options: Any) -> Federation:
    """Devices of unequal shares, each with labels that give it a loss of its own: a model without weights in it."""
    sizes = [3, 7, 10, 14, 6, 20]
    labels = np.repeat(np.arange(DEVICES), sizes).astype(np.int32)
    data = Arrays(np.ones([60, 1], np.float32), labels, np.ones([6, 1], np.float32), np.arange(6, dtype=np.int32), 6)
    shares = np.split(np.arange(60), np.cumsum(sizes)[:-1])

    def model(seed: int) -> keras.Model:
        kernel = keras.initializers.Constant(np.array([[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]]))
        return keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(6, kernel_initializer=kernel)])

    air = Air(Grid(), Awgn(), DEVICES)
    parts = (model, data, shares, algorithm, Ideal(), air, 60, lambda: keras.optimizers.SGD(0.1))
    return Federation(*parts, batch_size=batch_size, **options)


LOSSES = np.log(np.exp(np.arange(6.0)).sum()) - np.arange(6.0)  # of device k, whose label is k


@pytest.mark.parametrize("chunk", [None, 2])
@pytest.mark.parametrize("participation", [1.0, 0.5])
def test_it_is_the_mean_over_devices_that_took_part(participation: float, chunk: int | None) -> None:
    federation = _federation(Sgd(), participation=participation, chunk=chunk)
    for seed in range(3):
        _, metrics = federation.step(federation.init(seed), seed, 0.0)
        drawn = keys.uniform(keys.fold(keys.key(seed, "round", 0), "participation"), [DEVICES]).numpy()
        present = drawn < participation
        assert metrics.decoded == present.sum()
        assert float(metrics.train_loss) == pytest.approx(LOSSES[present].mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("algorithm", "batch_size"),
    [
        (Fedavg(STILL), None),
        (Fedavg(STILL, steps=3), None),
        (Fedavg(STILL, steps=3), 2),
        (Fedavg(STILL, steps=12), 2),  # more than are unrolled
    ],
    ids=["once", "all", "unrolled", "looped"],
)
def test_it_is_the_mean_over_steps(algorithm: Fedavg, batch_size: int | None) -> None:
    federation = _federation(algorithm, batch_size)
    loss = federation.step(federation.init(0), 0, 0.0)[1].train_loss
    assert float(loss) == pytest.approx(LOSSES.mean(), rel=1e-6)


def test_nobody_has_a_loss_of_zero() -> None:
    federation = _federation(Sgd(), participation=1e-9)
    assert federation.step(federation.init(0), 0, 0.0)[1].train_loss == 0
