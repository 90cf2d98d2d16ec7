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
        for devices in (tf.range(5), tf.constant([3])):
            weights = combiner.weights(link, devices)
            full = np.broadcast_to(weights, [2, antennas, times, GRID.subcarriers])
            assert weights.dtype == tf.complex64
            np.testing.assert_allclose((np.abs(full) ** 2).sum(axis=1), 1, atol=1e-5)
        assert finite(combiner.weights(link, tf.range(0)))
        graph = tf.function(lambda link=link: combiner.weights(link, tf.range(5)), autograph=False)
        assert same(graph(), combiner.weights(link, tf.range(5)), atol=1e-5)
