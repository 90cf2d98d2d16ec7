"""What it costs to say which k of d coordinates are meant: log2 C(d, k) bits."""

import math
from collections.abc import Callable

import tensorflow as tf


def last(fits: Callable[[tf.Tensor], tf.Tensor], most: int) -> tf.Tensor:
    """The largest whole number from 1 to ``most`` that fits, where all below one that fits do too; else 0.

    ``fits`` is asked about many at once: as many steps as the number has digits to the base 256.
    """
    found = tf.constant(0)
    for digit in reversed(range(-(-most.bit_length() // 8))):
        larger = found + 256**digit * tf.range(1, 256)  # [255]
        fit = (larger <= most) & fits(tf.minimum(larger, most))
        found += 256**digit * tf.reduce_sum(tf.cast(fit, tf.int32))
    return found


def largest(fits: Callable[[tf.Tensor], tf.Tensor], most: int) -> tf.Tensor:
    """A number from 1 to ``most`` that fits, where one that does may be followed by some that do not; else 0.

    The largest of about the root of ``most`` evenly spaced ones, or of those up to the next.
    """
    stride = math.isqrt(most - 1) + 1
    coarse = tf.minimum(stride * tf.range(1, stride + 1), most)
    low = tf.reduce_max(tf.where(fits(coarse), coarse, 0))
    fine = low + tf.range(1, stride + 1)
    return tf.maximum(low, tf.reduce_max(tf.where((fine <= most) & fits(tf.minimum(fine, most)), fine, 0)))


def position_bits(size: int | tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """log2 C(d, k), in double precision."""
    total, k = tf.cast(size, tf.float64) + 1.0, tf.cast(count, tf.float64)
    ways = tf.math.lgamma(total) - tf.math.lgamma(k + 1.0) - tf.math.lgamma(total - k)
    return tf.maximum(ways, 0.0) / math.log(2.0)


def most_that_fit(size: int, room: tf.Tensor, value_bits: float, most: int) -> tf.Tensor:
    """The largest k <= most with log2 C(d, k) + k b <= room, 0 where there is none; an int32.

    The cost rises up to k = d 2^b/(1 + 2^b) and falls behind. Where k = most does not fit, nothing there does.
    """

    def fits(count: tf.Tensor) -> tf.Tensor:
        cost = position_bits(size, count) + value_bits * tf.cast(count, tf.float64)
        return cost <= tf.cast(room, tf.float64)

    return tf.where(fits(tf.constant(most)), most, last(fits, most))
