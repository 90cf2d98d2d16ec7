"""The largest entries whose symbols fit, in their real code.

All d entries go to the entropy coder, with symbol 0 for what is left out, so positions need no words of their own. How
many fit is found like the k-th largest in ``subsets``: digit by digit, from the histogram of symbols at each digit;
of equal magnitudes those that stand first, to a 256th of all.
"""

import tensorflow as tf

from .. import coding

BINS = 256  # of a digit of magnitudes, of which there are four, and of places


def largest_that_fit(order: tf.Tensor, symbol: tf.Tensor, alphabet: int, room: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Which entries are kept, bool [d], and the bits of all symbols, float64: 0 where nothing is left."""
    size, kept = order.shape[-1], tf.zeros([alphabet], tf.int32)
    chosen, left = tf.zeros([size], tf.bool), tf.ones([size], tf.bool)
    for digit in _digits(order):
        cell = tf.where(left, digit * alphabet + symbol, BINS * alphabet)
        joint = tf.math.bincount(cell, minlength=BINS * alphabet + 1, maxlength=BINS * alphabet + 1)[:-1]
        reached = kept + tf.cumsum(tf.reshape(joint, [BINS, alphabet]), reverse=True)  # [bins, A]
        fits = _length(reached, size) <= room
        first = tf.reduce_min(tf.where(fits, tf.range(BINS), BINS))
        kept = tf.where(first < BINS, reached[tf.minimum(first, BINS - 1)], kept)
        chosen |= left & (digit >= first)
        left &= digit == first - 1
    return chosen, tf.where(tf.reduce_any(kept[1:] > 0), _length(kept[None], size)[0], 0.0)


def _digits(order: tf.Tensor) -> list[tf.Tensor]:
    """From the first that tells entries apart to the last."""
    size = order.shape[-1]
    digits = [tf.bitwise.bitwise_and(tf.bitwise.right_shift(order, shift), BINS - 1) for shift in (24, 16, 8, 0)]
    return [*digits, BINS - 1 - tf.cast(tf.range(size, dtype=tf.int64) * BINS // size, tf.int32)]


def _length(kept: tf.Tensor, size: int) -> tf.Tensor:
    """Bits of histograms [n, A] of what is kept, with zeros for the rest."""
    rest = size - tf.reduce_sum(kept, axis=1, keepdims=True)
    return coding.code_length(tf.concat([kept[:, :1] + rest, kept[:, 1:]], 1))
