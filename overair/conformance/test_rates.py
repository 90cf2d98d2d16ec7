"""Every rate: bits that are offered, and which arrive."""

from typing import Any

import numpy as np
import tensorflow as tf

from ..ota import Subchannel
from ..phy import keys
from ..scenarios.promises import gives
from .compare import finite, same


def test_rates(rate: Any) -> None:
    mine = tf.constant(np.arange(3 * 120).reshape(3, 120) % 3 > 0, tf.float32)

    def share(believed: float, known: float, mine: tf.Tensor = mine) -> Subchannel:
        one = tf.ones_like(mine)
        return Subchannel(mine, believed * one, known * one, tf.zeros([1, 1]), tf.ones([1, 1], tf.complex64))

    devices, offered = tf.range(3), []
    for snr in (0.0, 1e-12, 1.0, 100.0, 1e12):
        bits = rate.bits(share(snr, snr))
        gives(rate, "bits", bits, "float32", [3])
        assert finite(bits) and np.all(bits >= 0)
        offered.append(bits.numpy().max())
    assert offered[0] == 0 and offered == sorted(offered) and offered[3] > 0
    assert not np.any(rate.bits(share(100.0, 100.0, 0.0 * mine)))  # no elements at all
    bits = rate.bits(share(1.0, 1.0))
    arrives = tf.function(rate.crc_ok, autograph=False)
    assert np.all(rate.crc_ok(share(1.0, 1e9), bits, devices, keys.key(1)))
    assert not np.any(rate.crc_ok(share(1.0, 1e-9), bits, devices, keys.key(1)))
    for known in (1.0, 1.2):
        heard = rate.crc_ok(share(1.0, known), bits, devices, keys.key(1))
        gives(rate, "crc_ok", heard, "bool", [3])
        assert same(heard, arrives(share(1.0, known), bits, devices, keys.key(1)))
        one = rate.crc_ok(share(1.0, known, mine[1:2]), bits[1:2], devices[1:2], keys.key(1))
        assert same(one, heard[1:2])
    nobody = share(1.0, 1.0, mine[:0])
    assert rate.crc_ok(nobody, rate.bits(nobody), devices[:0], keys.key(1)).shape == (0,)
