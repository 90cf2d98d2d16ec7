"""QSGD as Abdi's thesis counts it, which studies of compressors hold others against."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ..ota.compressors import qsgd
from ..phy.keys import Key


class FixedLength(NamedTuple):
    """log2(2s + 1) bits an entry, s the same for all, a norm for each bucket."""

    bucket: int
    unbiased: bool = True

    def compress(self, update: tf.Tensor, bits: tf.Tensor, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
        size = update.shape[-1]
        room = (tf.cast(bits, tf.float64) - 32.0 * (size // self.bucket)) / size
        s = tf.maximum(tf.floor((2.0**room - 1.0) / 2.0 + 1e-6), 1.0)
        parts = tf.reshape(update, [-1, self.bucket])
        norm = tf.norm(parts, axis=1, keepdims=True)
        unit = tf.reshape(tf.math.divide_no_nan(tf.abs(parts), norm), [size])
        level = tf.cast(qsgd.levels(unit, tf.cast(s, tf.int32), key).level, update.dtype) / tf.cast(s, update.dtype)
        decoded = tf.sign(update) * tf.reshape(tf.reshape(level, parts.shape) * norm, [size])
        used = size * tf.math.log(2.0 * s + 1.0) / np.log(2.0) + 32.0 * (size // self.bucket)
        return decoded, tf.cast(used, update.dtype)
