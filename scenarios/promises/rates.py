"""Rates: a number of bits and an answer for each device."""

from typing import Any

import tensorflow as tf

from ...ota import Subchannel
from ...phy import keys
from . import gives, traced

DEVICES, ELEMENTS = 3, 16


def keep(rate: Any) -> None:
    traced(lambda: _play(rate))


def _play(rate: Any) -> None:
    ones = tf.ones([DEVICES, ELEMENTS])
    subchannel = Subchannel(ones, ones, ones, tf.zeros([1, 1]), tf.ones([1, 1], tf.complex64))
    bits = rate.bits(subchannel)
    gives(rate, "bits", bits, "float32", [DEVICES])
    gives(rate, "crc_ok", rate.crc_ok(subchannel, bits, tf.range(DEVICES), keys.key(0)), "bool", [DEVICES])
