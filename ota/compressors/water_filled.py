"""Sparsification of least variance: the largest entries as they are, of the others some at random, all of one size."""

import math
from typing import ClassVar

import tensorflow as tf

from ...phy.keys import Key
from ...phy.strict import dataclass
from . import ALONE, Known
from ._positions import largest, position_bits
from ._water_filling import Sizes, filled, probabilities, sample, sizes

VALUE_BITS = 32.0  # of a certain entry, and of v


@dataclass(frozen=True)
class WaterFilled:
    """Unbiased sparsification of least variance: k entries, where k is what fits.

        x_hat_i = x_i / p_i with probability p_i = min(1, |x_i| / v), else 0.

    An entry is kept with probability p_i = min(1, |x_i|/v) and decoded as x_i/p_i: where p_i = 1 that is x_i, a
    float32, else +-v, a sign. Unbiased; of all unbiased ways to keep k of d entries in the mean it has the least
    variance, sum x_i^2 (1/p_i - 1), which is |x|_1^2/k - |x|_2^2 where none is certain. k entries are kept in every
    draw. Positions take log2 C(d, c) bits of the c certain ones and log2 C(d-c, k-c) of the others; k is as large as
    fits. Wangni, Wang, Liu, Zhang, "Gradient sparsification for communication-efficient distributed optimization",
    NeurIPS 2018.

    >>> import tensorflow as tf
    >>> from overair.ota import WaterFilled
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [256])
    >>> decoded, used = WaterFilled().compress(x, tf.constant(500.0), keys.key(0, "code"))
    >>> bool(0 < tf.math.count_nonzero(decoded) < 256), bool(used <= 500)
    (True, True)
    """

    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size, magnitude = update.shape[-1], tf.abs(update)
        all, present = sizes(tf.sort(magnitude, direction="DESCENDING")), tf.math.count_nonzero(update, dtype=tf.int32)
        room = tf.cast(bits, tf.float64)

        def fits(kept: tf.Tensor) -> tf.Tensor:
            return (kept <= present) & (_length(size, all, kept) <= room)

        kept = largest(fits, size)
        chances = probabilities(magnitude, filled(all, kept).level)
        value = tf.where(chances < 1.0, tf.sign(update) * tf.cast(filled(all, kept).level, update.dtype), update)
        decoded = tf.where((kept > 0) & sample(chances, key), value, 0.0)
        return decoded, tf.cast(tf.where(kept > 0, _length(size, all, kept), 0.0), update.dtype)


def _length(size: int, all: Sizes, kept: tf.Tensor) -> tf.Tensor:
    """Bits of so many entries: how many, how many certain ones, v, positions, values and signs."""
    certain = filled(all, kept).certain
    some, others = tf.cast(certain, tf.float64), kept - certain
    positions = position_bits(size, certain) + position_bits(size - certain, others)
    counts = 2.0 * math.ceil(math.log2(size + 1))
    return counts + VALUE_BITS + positions + VALUE_BITS * some + tf.cast(others, tf.float64)
