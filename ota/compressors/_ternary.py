"""Unbiased ternary quantisation: sign(x) times a scale with probability |x|/scale, else 0, in the bits there are.

If p is the share of coordinates that is not 0, an entropy coder takes h2(p) bits for each and a bit for every sign.
Where d coordinates do not fit, k of them chosen by the shared key are sent, scaled by d/k. How many must be known
before the coins are thrown, or the estimate would be biased: k is the largest for which a count within Bernstein's
bound of its mean (left with probability exp(-20): then the device stays silent) fits. The other way is a fixed log2(3)
bits each, which fits always, so that the scale may be that of the subset. The one with the smaller scale/k is taken.
"""

import math
from collections.abc import Callable

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from .. import coding, subsets
from ._positions import last

SIDE_BITS = 32.0 + 1.0  # the scale, and which code
TRIT = math.log2(3.0)
RARE = 20.0  # minus the logarithm of how likely it is that a length is misjudged


def ternary(
    update: tf.Tensor, norm: Callable[[tf.Tensor], tf.Tensor], growth: float, bits: tf.Tensor, key: Key
) -> tuple[tf.Tensor, tf.Tensor]:
    """An estimate of ``update`` whose entries are 0 or +- a norm, and the bits used.

    The norm is no smaller than any entry, and that of k coordinates is about k^growth times as large as of one.
    """
    size, room = update.shape[-1], tf.cast(bits, tf.float64) - SIDE_BITS
    share = tf.cast(tf.reduce_mean(tf.math.divide_no_nan(tf.abs(update), norm(update))), tf.float64)
    share = tf.clip_by_value(share, 0.0, 1.0)
    number = float(size.bit_length())  # of bits that say k
    coded = last(lambda k: number + _most_bits(tf.cast(k, tf.float64), share) <= room, size)
    fixed = last(lambda k: TRIT * tf.cast(k, tf.float64) <= room, size)
    codes = tf.cast(coded, tf.float64) >= tf.cast(fixed, tf.float64) * (size / tf.maximum(fixed, 1)) ** growth
    kept = tf.where(share > 0, tf.where(codes, coded, fixed), 0)
    chosen = subsets.random(keys.fold(key, "coordinates"), size, kept)
    scale = norm(tf.where(codes | chosen, update, 0.0))
    chance = tf.math.divide_no_nan(tf.abs(update), scale)
    sent = chosen & (keys.uniform(keys.fold(key, "coins"), [size]) < chance)
    count = tf.math.count_nonzero(sent)
    code = number + coding.code_length(tf.stack([tf.cast(kept, tf.int64) - count, count])) + tf.cast(count, tf.float64)
    length = tf.where(codes, code, TRIT * tf.cast(kept, tf.float64))
    speaks = (kept > 0) & (length <= room)
    value = scale * tf.math.divide_no_nan(float(size), tf.cast(kept, update.dtype))
    decoded = tf.where(sent & speaks, tf.where(update < 0, -value, value), 0.0)
    return decoded, tf.cast(tf.where(speaks, SIDE_BITS + length, 0.0), update.dtype)


def _most_bits(kept: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Of the code of so many coordinates, signs included, at the worst count that can be expected."""
    mean = kept * share
    off = tf.sqrt(2.0 * RARE * mean * (1.0 - share)) + RARE / 3.0
    worst = tf.clip_by_value(2.0 * kept / 3.0, tf.maximum(mean - off, 0.0), tf.minimum(mean + off, kept))
    payload = coding.information(tf.stack([kept - worst, worst], axis=-1)) + worst + coding.LOSS * kept
    histogram = tf.math.log(kept) / math.log(2.0) + 3.0
    return payload + histogram + 14.0  # both up to the next byte
