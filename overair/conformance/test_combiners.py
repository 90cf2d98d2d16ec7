"""Every combiner: unit weights of all antennas."""

from typing import Any

import numpy as np
import tensorflow as tf

from ..phy import Air, Rayleigh, Tdl, keys
from .compare import GRID, finite, same


def test_combiners(combiner: Any) -> None:
    for channel, antennas, times in ((Rayleigh(), 1, 8), (Rayleigh(), 4, 8), (Tdl("A", 30e-9, speed=3.0), 4, 8)):
        air = Air(GRID, channel, 5, antennas, combiner)
        link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 2, batch=2)
        some = tf.TensorSpec([None], tf.int32)
        compiled = tf.function(lambda who, link=link: combiner.weights(link, who), [some], autograph=False)
        for devices in (tf.range(5), tf.constant([3])):
            weights = compiled(devices)
            full = np.broadcast_to(weights, [2, antennas, times, GRID.subcarriers])
            assert weights.dtype == tf.complex64
            np.testing.assert_allclose((np.abs(full) ** 2).sum(axis=1), 1, atol=1e-5)
        assert finite(compiled(tf.range(0)))
        assert same(compiled(tf.range(5)), combiner.weights(link, tf.range(5)), atol=1e-5)
