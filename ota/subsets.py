"""Which of d coordinates: the k largest, or k at random from a key; exactly k of them, without sorting.

Digit by digit, a histogram says in which bin the k-th largest lies: a pass over the values, whatever k, and two over
those in the first bin.
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
    first, need = _digit(order, *DIGITS[0]), tf.cast(count, tf.int32)
    edge, need = _edge(first, DIGITS[0][1], need)
    places = tf.where(first == edge)  # of all that are still open, a part of them
    among = _first_largest(tf.gather_nd(order, places), need)
    return tf.tensor_scatter_nd_update(first > edge, places, among)


def _first_largest(order: tf.Tensor, need: tf.Tensor) -> tf.Tensor:
    """The same of numbers whose first digits are equal."""
    chosen, left = tf.zeros_like(order, tf.bool), tf.ones_like(order, tf.bool)
    for shift, bins in DIGITS[1:]:
        digit = tf.where(left, _digit(order, shift, bins), -1)
        edge, need = _edge(tf.where(left, digit, bins), bins, need)
        chosen |= digit > edge
        left &= digit == edge
    return chosen | (left & (tf.cumsum(tf.cast(left, tf.int32)) <= need))


def _digit(order: tf.Tensor, shift: int, bins: int) -> tf.Tensor:
    return tf.bitwise.bitwise_and(tf.bitwise.right_shift(order, shift), bins - 1)


def _edge(digit: tf.Tensor, bins: int, need: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The digit of the last one needed, of those below ``bins``, and how many of that digit are."""
    counts = tf.math.bincount(digit, minlength=bins, maxlength=bins)  # [bins]
    reached = tf.cumsum(counts, reverse=True)
    edge = tf.maximum(tf.reduce_sum(tf.cast(reached >= need, tf.int32)) - 1, 0)
    return edge, need - (reached[edge] - counts[edge])


def order(values: tf.Tensor) -> tf.Tensor:
    """32-bit numbers that, read without sign, stand in the order of float32 ``values``."""
    bits = tf.bitcast(values, tf.int32)
    return tf.where(bits < 0, tf.bitwise.invert(bits), tf.bitwise.bitwise_xor(bits, tf.int32.min))
