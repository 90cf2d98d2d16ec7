"""One antenna whose oscillator wanders: shapes stay known in a graph, whoever's oscillators were traced before."""

import numpy as np
import tensorflow as tf

from overair.phy import Air, Estimated, Grid, PhaseNoise, Rayleigh, keys

GRID = Grid(subcarriers=16, symbols=4, prefix=8)


def told(common: bool) -> tf.Tensor:
    """Estimates [B, A, K, 1, F] through phase noise of a linewidth that no other test has."""
    noisy = (PhaseNoise(77.5, common=common),)
    air = Air(GRID, Rayleigh(), 4, impairments=noisy, csir=Estimated("linear", 2))
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 2, 20.0, 3)
    return link.receiver.response(GRID.frequencies)


def test_pilots_are_read_through_the_receivers_oscillator_after_those_of_devices() -> None:
    """TensorFlow then takes the trace for any number of oscillators, which knows no shape."""
    for common in (False, True):
        found = tf.function(told, autograph=False)(common)
        assert found.shape == [3, 1, 4, 1, 16] and np.all(np.isfinite(found))
