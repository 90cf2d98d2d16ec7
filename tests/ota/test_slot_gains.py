"""Gains of one slot, as rules that look at everybody ask for them: as the receiver was told them, slot by slot."""

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Round, Terms
from overair.phy import Air, Csi, Delayed, ErrorVariance, Grid, Tdl, keys

GRID = Grid(subcarriers=16, symbols=4, prefix=8)


@pytest.mark.parametrize("csir", [Delayed(1), ErrorVariance(0.3)], ids=str)
def test_gains_of_a_slot_are_what_the_receiver_was_told(csir: Csi) -> None:
    """Rules are not linear in gains, and take those that were told: of a best estimate near zero they learn nothing."""
    air = Air(GRID, Tdl("A", 1e-7, 60.0), 3, csir=csir)
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 3, 20.0)
    told = link.response(of=link.receiver)[0, 0].numpy()  # [K, T, F]
    found = Round(Terms(air, 10, 3 * GRID.elements), keys.key(2), tf.ones([3]), link).slot_gains(tf.constant(1))
    np.testing.assert_allclose(found, told[:, 4:8], atol=1e-6)
    assert np.abs(told - link.response(of=link.receiver.best)[0, 0].numpy()).max() > 0.1
