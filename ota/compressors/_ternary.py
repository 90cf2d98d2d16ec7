"""Unbiased ternary quantisation: sign(x) times a scale with probability |x|/scale, else 0, in the bits there are.

If p is the share of coordinates that is not 0, an entropy coder takes h2(p) bits for each and a bit for every sign.
Where d coordinates do not fit, k of them chosen by the shared key are sent, scaled by d/k: as many as the real code has
room for (``_fitting``). The other way is a fixed log2(3) bits each, so that k is known before the coins are thrown and
the scale may be that of the subset. The one that may be expected to have the smaller scale/k is taken.
"""

import math
from collections.abc import Callable

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from .. import coding, subsets
from ._fitting import SIDE_BITS as FITTING_BITS
from ._fitting import fitting

SIDE_BITS = 32.0 + 1.0  # the scale, and which code
CODED_BITS = FITTING_BITS + 1.0  # how many coordinates, and whether any is not 0
TRIT = math.log2(3.0)


def ternary(
    update: tf.Tensor, norm: Callable[[tf.Tensor], tf.Tensor], growth: float, bits: tf.Tensor, key: Key
) -> tuple[tf.Tensor, tf.Tensor]:
    """An estimate of ``update`` whose entries are 0 or +- a norm, and the bits used.

    The norm is no smaller than any entry, and that of k coordinates is about k^growth times as large as of one.
    """
    size, room = update.shape[-1], tf.maximum(tf.cast(bits, tf.float64) - SIDE_BITS, 0.0)
    coins = keys.uniform(keys.fold(key, "coins"), [size])
    likely, fixed = _expected(update, norm(update), room - CODED_BITS), trits_that_fit(size, room)

    def coded() -> tuple[tf.Tensor, tf.Tensor]:
        scale = norm(update)
        level = tf.cast(coins < tf.math.divide_no_nan(tf.abs(update), scale), tf.int32)
        sent = fitting(level, likely, room - CODED_BITS, key)
        return _signed(update, sent.chosen & (level > 0), scale * sent.scale), sent.bits + CODED_BITS

    def plain() -> tuple[tf.Tensor, tf.Tensor]:
        chosen = subsets.random(keys.fold(key, "coordinates"), size, fixed)
        scale = norm(tf.where(chosen, update, 0.0))
        up = chosen & (coins < tf.math.divide_no_nan(tf.abs(update), scale))
        value = scale * tf.math.divide_no_nan(float(size), tf.cast(fixed, update.dtype))
        return _signed(update, up, value), TRIT * tf.cast(fixed, tf.float64)

    codes = likely >= tf.cast(fixed, tf.float64) * (size / tf.maximum(fixed, 1)) ** growth
    decoded, length = tf.cond(codes, coded, plain)
    speaks = tf.reduce_any(update != 0) & (length > CODED_BITS * tf.cast(codes, tf.float64))
    used = tf.where(speaks, SIDE_BITS + length, 0.0)
    return tf.where(speaks, decoded, 0.0), tf.cast(used, update.dtype)


def trits_that_fit(size: int, room: tf.Tensor) -> tf.Tensor:
    """How many coordinates at log2(3) bits, an int32."""
    count = tf.floor(tf.clip_by_value(room / TRIT, 0.0, float(size)))
    return tf.cast(count - tf.cast(count * TRIT > room, count.dtype), tf.int32)  # a division may be rounded up


def _expected(update: tf.Tensor, scale: tf.Tensor, room: tf.Tensor) -> tf.Tensor:
    """How many coordinates may be expected to fit, a float64; 0 where not even a few do."""
    size = update.shape[-1]
    p = tf.clip_by_value(tf.cast(tf.reduce_mean(tf.math.divide_no_nan(tf.abs(update), scale)), tf.float64), 0.0, 1.0)
    each = coding.information(tf.stack([1.0 - p, p])) + p + coding.LOSS
    header = 2.0 * 8.0 + math.log2(size + 1.0)  # both parts up to the next byte
    return tf.clip_by_value((room - header) / each, 0.0, float(size))


def _signed(update: tf.Tensor, up: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    return tf.where(up, tf.where(update < 0, -value, value), 0.0)
