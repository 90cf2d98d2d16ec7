"""Codecs: symbols as many as they say, and estimates as long as updates."""

from typing import Any

import tensorflow as tf

from ...ota.codecs import Past
from ...ota.layers import size_of
from ...phy import keys
from . import gives, traced, wrong

LAYERS, DEVICES = ((7, 3), (2,)), 3


def keep(codec: Any) -> None:
    size = size_of(LAYERS)
    elements = codec.elements(LAYERS, size)
    if not isinstance(elements, int) or elements < 1:
        raise wrong(codec, "elements", "a whole number of at least 1", repr(elements))
    traced(lambda: _play(codec, size, elements))


def _play(codec: Any, size: int, elements: int) -> None:
    code = codec.code(LAYERS, elements, keys.key(0), Past.none(LAYERS))
    sent = codec.select(keys.normal(keys.key(1), [DEVICES, size]), LAYERS, code)
    gives(codec, "select", sent, "float32", [DEVICES, size])
    symbols = codec.encode(sent, LAYERS, code)
    gives(codec, "encode", symbols, "complex64", [DEVICES, elements])
    estimate = codec.decode(symbols[0], LAYERS, code, tf.zeros([]))
    gives(codec, "decode", estimate, "float32", [size])
    if codec.feedback is not None:
        delivered = codec.delivered(sent, LAYERS, code, tf.ones([DEVICES, elements]))
        gives(codec, "delivered", delivered, "float32", [DEVICES, size])
