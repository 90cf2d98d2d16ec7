"""Which of d coordinates: the k largest, or k at random from a key; exactly k of them, without sorting.

Digit by digit, a histogram says in which bin the k-th largest lies: three passes over the values, whatever k.
"""

import tensorflow as tf

from ..phy.keys import Key

DIGITS = ((21, 2048), (10, 2048), (0, 1024))  # shift and number of values of each digit of 32 bits


def random(key: Key, size: int, count: tf.Tensor) -> tf.Tensor:
    """A uniformly random subset of so many of ``size`` places, bool [size]."""

    def some() -> tf.Tensor:
        return largest(tf.random.stateless_uniform([size], key, minval=None, maxval=None, dtype=tf.int32), count)

    return tf.cond(count >= size, lambda: tf.ones([size], tf.bool), some)


def largest(order: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Where the ``count`` largest of 32-bit numbers are, read without sign, bool [d]; of equal ones the first."""
    need = tf.cast(count, tf.int32)
    chosen, left = tf.zeros(order.shape, tf.bool), tf.ones(order.shape, tf.bool)
    for shift, bins in DIGITS:
        digit = tf.bitwise.bitwise_and(tf.bitwise.right_shift(order, shift), bins - 1)
        counts = tf.math.bincount(tf.where(left, digit, bins), minlength=bins, maxlength=bins)  # [bins]
        reached = tf.cumsum(counts, reverse=True)
        edge = tf.maximum(tf.reduce_sum(tf.cast(reached >= need, tf.int32)) - 1, 0)
        need -= reached[edge] - counts[edge]
        chosen |= left & (digit > edge)
        left &= digit == edge
    return chosen | (left & (tf.cumsum(tf.cast(left, tf.int32)) <= need))


def order(values: tf.Tensor) -> tf.Tensor:
    """32-bit numbers that, read without sign, stand in the order of float32 ``values``."""
    bits = tf.bitcast(values, tf.int32)
    return tf.where(bits < 0, tf.bitwise.invert(bits), tf.bitwise.bitwise_xor(bits, tf.int32.min))
