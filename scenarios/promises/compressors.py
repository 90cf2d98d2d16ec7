"""Compressors: what is decoded is as long as the update, and no more bits are used than there are."""

from typing import Any

import tensorflow as tf

from ...phy import keys
from . import gives, wrong

SIZE, BUDGETS = 23, (0.0, 100.0, 1e4)


def keep(compressor: Any) -> None:
    update = keys.normal(keys.key(0), [SIZE])

    @tf.function(autograph=False)
    def compress(bits: tf.Tensor) -> tf.Tensor:
        return decoded(compressor, compressor.compress(update, bits, keys.key(1)), SIZE)[1]

    for bits in BUDGETS:
        within(compressor, float(compress(tf.constant(bits))), bits)


def decoded(compressor: Any, given: Any, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    if not isinstance(given, tuple) or len(given) != 2:
        raise wrong(compressor, "compress", "what is decoded and the bits used", f"a {type(given).__name__}")
    value, used = given
    gives(compressor, "compress", value, "float32", [size], "decoded ")
    gives(compressor, "compress", used, "float32", [], "bits used ")
    return value, used


def within(compressor: Any, used: float, bits: float) -> None:
    if not 0 <= used <= bits:
        raise wrong(compressor, "compress", f"from 0 to {bits:g} bits used, as many as there are", f"{used:g}")
