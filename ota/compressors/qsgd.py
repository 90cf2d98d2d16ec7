"""QSGD: |x|_2 sign(x) l/s, the whole number l being s|x_i|/|x|_2 rounded up or down at random, so that it is unbiased.

The error is sum_i f_i (1 - f_i)/s^2 of |x|_2^2, f_i the fraction of s|x_i|/|x|_2. Norm, s and the largest level are
sent as numbers, levels by an entropy coder, and a bit for the sign of each that is not 0. s is the largest whose code
fits; it is found before the coins are thrown, on the expected histogram with six standard deviations to spare, because
an s that depended on them would make the estimate biased (a code that does not fit all the same is not sent). Where not
even s = 2 fits, s = 1 is sent, of a random subset scaled by d/k if need be. Alistarh et al., "QSGD:
communication-efficient SGD via gradient quantization and encoding", NeurIPS 2017.
"""

from typing import ClassVar, NamedTuple

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import STRICT
from .. import coding
from ._ternary import ternary

MOST = 2**16 - 1  # levels s to the norm
LEVELS = 1024  # levels that may occur
ATOMS = 4096  # of the histogram of magnitudes from which lengths are foretold
SIDE_BITS = 32.0 + 16.0 + 10.0 + 1.0  # norm, s, the largest level, and whether s > 1
DEVIATIONS, SPARE = 6.0, 64.0  # how far above its mean a length may be: deviations, and bits


class Levels(NamedTuple):
    """What a device sends."""

    level: tf.Tensor  # [d]
    s: tf.Tensor
    bits: tf.Tensor  # with all side information, float64


@dataclass(frozen=True, config=STRICT)
class Qsgd:
    """Nothing to choose."""

    unbiased: ClassVar[bool] = True

    def compress(self, update: tf.Tensor, bits: tf.Tensor, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
        unit, norm = _normalised(update)
        s = _finest(unit, tf.cast(bits, tf.float64) - SIDE_BITS)

        def many() -> tuple[tf.Tensor, tf.Tensor]:
            sent = levels(unit, s, key)
            speaks = sent.bits <= tf.cast(bits, tf.float64)
            size = norm * tf.cast(sent.level, update.dtype) / tf.cast(s, update.dtype)
            decoded = tf.where(speaks, tf.where(update < 0, -size, size), 0.0)
            return decoded, tf.cast(tf.where(speaks, sent.bits, 0.0), update.dtype)

        return tf.cond(s > 1, many, lambda: ternary(update, lambda x: _normalised(x)[1], 0.5, bits - 1.0, key))


def levels(unit: tf.Tensor, s: tf.Tensor, key: Key) -> Levels:
    """Levels of magnitudes [d] of norm 1, and what they cost."""
    coins = keys.uniform(keys.fold(key, "coins"), unit.shape)
    level = tf.cast(tf.floor(tf.cast(s, unit.dtype) * unit + coins), tf.int32)
    counts = tf.math.bincount(level, minlength=LEVELS, maxlength=LEVELS)
    signs = tf.cast(tf.math.count_nonzero(level), tf.float64)
    return Levels(level, s, SIDE_BITS + coding.code_length(counts, tf.reduce_max(level) + 1) + signs)


def _normalised(update: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Magnitudes over the norm, and the norm, whatever the scale."""
    peak = tf.reduce_max(tf.abs(update))
    unit = tf.math.divide_no_nan(tf.abs(update), peak)
    norm = tf.sqrt(tf.reduce_sum(unit**2))
    return tf.math.divide_no_nan(unit, norm), peak * norm


def _finest(unit: tf.Tensor, room: tf.Tensor) -> tf.Tensor:
    """The largest s whose code may be expected to fit, 0 where there is none."""
    peak = tf.reduce_max(unit)
    place = tf.cast(tf.math.divide_no_nan(unit, peak) * (ATOMS - 1.0), tf.int32)
    weight = tf.math.bincount(place, minlength=ATOMS, maxlength=ATOMS, weights=tf.ones_like(unit))  # [atoms]
    total = tf.math.bincount(place, minlength=ATOMS, maxlength=ATOMS, weights=unit)
    atom = tf.math.divide_no_nan(total, weight)

    def fits(s: tf.Tensor) -> tf.Tensor:
        highest = tf.cast(s, unit.dtype) * peak
        return (highest < LEVELS - 2.0) & (_expected_bits(weight, atom, s, highest) <= room)

    def halve(low: tf.Tensor, high: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        middle = (low + high) // 2
        fit = fits(middle)
        return tf.where(fit, middle, low), tf.where(fit, high, middle)

    ends = tf.constant(0), tf.constant(MOST + 1)
    return tf.while_loop(lambda low, high: high - low > 1, halve, ends, parallel_iterations=1)[0]


def _expected_bits(weight: tf.Tensor, atom: tf.Tensor, s: tf.Tensor, highest: tf.Tensor) -> tf.Tensor:
    """Length of the code, with something to spare, from so many coordinates at each magnitude."""
    exact = tf.minimum(tf.cast(s, atom.dtype) * atom, LEVELS - 2.0)
    low = tf.cast(tf.floor(exact), tf.int32)
    up = exact - tf.floor(exact)
    counts = tf.math.unsorted_segment_sum(weight * (1.0 - up), low, LEVELS)
    counts += tf.math.unsorted_segment_sum(weight * up, low + 1, LEVELS)
    size, alphabet = tf.reduce_sum(weight), tf.floor(highest) + 2.0
    signs = size - counts[0]
    cost = tf.math.log(size / tf.maximum(counts, 1.0)) / 0.6931471805599453 + tf.cast(tf.range(LEVELS) > 0, tf.float32)
    change = tf.gather(cost, low + 1) - tf.gather(cost, low)
    variance = tf.reduce_sum(weight * up * (1.0 - up) * change**2)
    histogram = alphabet * (tf.math.log(size / alphabet + 1.0) / 0.6931471805599453 + 3.0)
    more = signs + histogram + coding.LOSS * size + DEVIATIONS * tf.sqrt(variance) + SPARE
    return coding.information(counts) + tf.cast(more, tf.float64)
