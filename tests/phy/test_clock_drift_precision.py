"""Clocks after months: an offset depends on the time since they were set, however long ago the first round was."""

import numpy as np
import pytest
import tensorflow as tf

from overair.phy import Air, Awgn, ClockDrift, Grid, keys
from overair.phy.keys import Scalar

MONTHS = 1e7  # seconds, whole resynchronisations: float32 knows them to a second, float64 to 2e-9


@pytest.mark.parametrize("start", [MONTHS + 0.3, tf.constant(MONTHS + 0.3, tf.float64)], ids=["number", "tensor"])
def test_an_offset_is_as_precise_after_months_as_at_first(start: Scalar) -> None:
    air = Air(Grid(), Awgn(), 20, impairments=(ClockDrift(ppm=1.0, resync=0.5),))
    place, key = air.init(keys.key(0)), keys.key(1)
    late, soon = (air.draw(place, key, time, 1).true.tau.numpy() for time in (start, 0.3))
    np.testing.assert_allclose(late, soon, rtol=1e-6)  # float32 has 6e-8, and 2e-9 s of 0.3 s are 6e-9
    assert np.abs(soon).max() > 0.1e-6
