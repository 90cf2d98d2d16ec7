"""Every hardware, found by walking the package, goes through the checks of its family."""

from typing import Any

import numpy as np
import tensorflow as tf

from ..phy import keys

PLACE = keys.key(0, "place")


def test_hardware(hardware: Any) -> None:
    draw = tf.function(hardware.draw, autograph=False)
    samples = tf.constant([0, 1, 2, 4, 64])
    work, again = (draw(keys.key(1), samples, PLACE) for _ in range(2))
    for one, other in zip(work, again, strict=True):
        assert one.shape == (5,) and one.dtype == tf.float32 and np.array_equal(one, other)
        assert np.all(np.isfinite(one)) and one[0] == 0 and np.all(one.numpy() >= 0)
    twice = draw(keys.key(1), 2 * samples, PLACE)  # work is in proportion to samples
    assert all(np.allclose(2 * one, other, rtol=1e-6) for one, other in zip(work, twice, strict=True))
    single = draw(keys.key(1), samples[:1] + 1, PLACE)
    assert single.seconds.shape == single.joules.shape == (1,)
