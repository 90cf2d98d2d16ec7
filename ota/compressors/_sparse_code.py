"""The largest entries whose symbols fit, in their real code.

All d entries go to the entropy coder, with symbol 0 for what is left out, so positions need no words of their own. How
many fit is found like the k-th largest in ``subsets``: digit by digit, from the histogram of symbols at each digit. Of
magnitudes that agree to a part in a million those that stand first are taken, to a 4096th of all.
"""

from typing import NamedTuple

import tensorflow as tf

from .. import coding

BINS = 64  # values of a digit
SHIFTS = (26, 20, 14, 8, 2, 6, 0)  # of the digits of a magnitude, and of a place
PLACES = 5  # from where they are those of places


class Found(NamedTuple):
    """So far."""

    chosen: tf.Tensor  # bool [d]
    left: tf.Tensor  # of these some may fit, bool [d]
    kept: tf.Tensor  # the histogram of what is chosen, int32 [A]


def largest_that_fit(
    order: tf.Tensor, symbol: tf.Tensor, alphabet: int, room: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Which entries are kept, bool [d], and the bits of all symbols, float64: 0 where nothing is left."""
    size, shifts = order.shape[-1], tf.constant(SHIFTS)
    place = BINS**2 - 1 - tf.cast(tf.range(size, dtype=tf.int64) * BINS**2 // size, tf.int32)  # the first is largest

    def finer(step: tf.Tensor, found: Found) -> tuple[tf.Tensor, Found]:
        digit = tf.bitwise.right_shift(tf.where(step < PLACES, order, place), shifts[step])
        return step + 1, _parted(found, tf.bitwise.bitwise_and(digit, BINS - 1), symbol, room)

    nothing = Found(tf.zeros([size], tf.bool), tf.ones([size], tf.bool), tf.zeros([alphabet], tf.int32))
    found = tf.while_loop(
        lambda step, found: (step < len(SHIFTS)) & tf.reduce_any(found.left), finer, (0, nothing), parallel_iterations=1
    )[1]
    bits = _length(found.kept[None], size)[0]
    return found.chosen, tf.where(tf.reduce_any(found.kept[1:] > 0), bits, 0.0)


def _parted(found: Found, digit: tf.Tensor, symbol: tf.Tensor, room: tf.Tensor) -> Found:
    """Of those left, all with a digit so large that they fit are chosen, and those with the next smaller are left."""
    size, alphabet = symbol.shape[-1], found.kept.shape[0]
    cell = tf.where(found.left, digit * alphabet + symbol, BINS * alphabet)
    joint = tf.math.bincount(cell, minlength=BINS * alphabet + 1, maxlength=BINS * alphabet + 1)[:-1]
    reached = found.kept + tf.cumsum(tf.reshape(joint, [BINS, alphabet]), reverse=True)  # [bins, A]
    first = tf.reduce_min(tf.where(_length(reached, size) <= room, tf.range(BINS), BINS))
    kept = tf.where(first < BINS, reached[tf.minimum(first, BINS - 1)], found.kept)
    return Found(found.chosen | (found.left & (digit >= first)), found.left & (digit == first - 1), kept)


def _length(kept: tf.Tensor, size: int) -> tf.Tensor:
    """Bits of histograms [n, A] of what is kept, with zeros for the rest."""
    rest = size - tf.reduce_sum(kept, axis=1, keepdims=True)
    return coding.code_length(tf.concat([kept[:, :1] + rest, kept[:, 1:]], 1))
