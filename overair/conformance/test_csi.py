"""Every kind of CSI: what is believed, and what that costs."""

from typing import Any

import numpy as np
import tensorflow as tf

from ..phy import Air, Link, Rayleigh, Tdl, error_power, keys
from .compare import GRID, PLACE, finite, same


def test_csi(csi: Any) -> None:
    assert 0 <= csi.pilots(GRID, 6) <= csi.lead(GRID, 6) * GRID.subcarriers
    assert csi.pilot_energy(GRID) >= 0 and csi.bits(GRID, 2) >= 0
    for channel in (Rayleigh(), Tdl("A", 30e-9, speed=3.0)):
        air = Air(GRID, channel, 6, 2, csit=csi)

        def draw(seed: tf.Tensor, air: Air = air) -> Link:
            return air.draw(air.init(PLACE), keys.key(seed), 0.0, 2, 10.0, batch=2)

        link, again, other = (draw(tf.constant(seed)) for seed in (1, 1, 2))
        believed = link.response(of=link.transmitters)
        assert believed.shape[:3] == (2, 2, 6) and believed.shape[3] in (1, 8) and believed.shape[4] == GRID.subcarriers
        assert believed.dtype == tf.complex64 and finite(believed) and same(link.transmitters, again.transmitters)
        assert not same(link.transmitters, other.transmitters)
        lacking = error_power(link.transmitters)
        assert np.all(lacking >= 0) and np.all(lacking <= 1 + 1e-5)
        assert link.transmitters.best.response(link.frequencies).dtype == tf.complex64
        graph = tf.function(lambda seed, air=air, draw=draw: draw(seed, air).transmitters, autograph=False)
        assert same(graph(tf.constant(1)), link.transmitters, rtol=1e-4, atol=1e-4)
