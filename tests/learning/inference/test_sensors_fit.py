"""Sensors learn, and how far they got is told from the end of their training."""

import numpy as np

from overair.learning.inference.sensors.ways import Sensors, Views, fit
from overair.phy import keys

SHAPE = (8, 8, 1)


def test_the_loss_that_is_returned_is_that_at_the_end() -> None:
    """Of three patterns without noise: at the start it is that of a guess, ln 3, or more, and at the end little."""
    labels = np.random.default_rng(0).integers(3, size=300).astype(np.int32)
    images = np.random.default_rng(1).random((3, *SHAPE), np.float32)[labels]

    def trained(steps: int, rate: float) -> float:
        net = Sensors(2, 4, SHAPE, 3, hidden=16)
        return fit(net, images, labels, Views(8, 0.0), (20.0, 20.0), steps, keys.key(0), rate=rate)

    guess = trained(20, 1e-9)
    assert guess > 0.8 * np.log(3)
    assert trained(100, 1e-2) < 0.2 * guess
