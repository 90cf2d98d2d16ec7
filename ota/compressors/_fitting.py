"""The most coordinates whose real code fits, without a bias: length and levels hang on the same coins.

Levels of all d coordinates are thrown first. Each coordinate has a place in [0, 1) by the shared key; the k placed
below a threshold are sent, scaled by d/k. Down a ladder of thresholds, what would be decoded is a martingale: of k
places below one threshold, any k' are equally likely to be those below the next, and (k'/k) (d/k') = d/k. So the first
rung whose code fits is a stopping time, and what is decoded there has the mean of all levels together, exactly, as long
as nothing that was chosen before (the levels' step, where the ladder begins) has seen the coins. A step chosen by the
length of its code would not: it is coarser where coins fell high. The ladder has 256 rungs, from up to 1.8 times as
many coordinates as are expected to fit.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from .. import coding, gaussian_coding

RUNGS = 256
SIDE_BITS = 5.0 + 8.0  # where the ladder begins, and the rung
ABOVE = 1.3  # the first rung, over what is expected to fit


class Sent(NamedTuple):
    """What is sent of all levels."""

    chosen: tf.Tensor  # bool [d]
    scale: tf.Tensor  # d/k, float32; 0 where nothing fits
    bits: tf.Tensor  # of levels and signs, float64


def fitting(level: tf.Tensor, likely: tf.Tensor, room: tf.Tensor, key: Key) -> Sent:
    """The largest share of levels [d] that fits, signs included; ``likely``: how many may be expected to."""

    def length(counts: tf.Tensor) -> tf.Tensor:
        places = tf.range(tf.shape(counts)[1])
        alphabet = 1 + tf.reduce_max(tf.where(counts > 0, places, 0), axis=1)
        return coding.code_length(counts, alphabet) + tf.cast(tf.reduce_sum(counts, axis=1) - counts[:, 0], tf.float64)

    return fitting_in(level, tf.reduce_max(level) + 1, length, likely, room, key)


def fitting_in(
    symbol: tf.Tensor,
    alphabet: tf.Tensor,
    length: Callable[[tf.Tensor], tf.Tensor],
    likely: tf.Tensor,
    room: tf.Tensor,
    key: Key,
) -> Sent:
    """The same of symbols [d] below ``alphabet``, whose code is as long as their histograms [rungs, A] say, [rungs]."""
    rung = _rungs(symbol.shape[-1], likely, key)
    counts = _histograms(symbol, rung, alphabet)  # [rungs, A]
    return _first(rung, tf.reduce_sum(counts, axis=1), length(counts), room)


def affordable(cost: tf.Tensor, likely: tf.Tensor, room: tf.Tensor, key: Key, each: int = 1) -> Sent:
    """The same of blocks of so many symbols, ``each``, of known bits [d], float64, by `ota/gaussian_coding.py`.

    Nothing is sent where there is no room for the dearest block and a bit beside it: whether one fits would else hang
    on the dither, and the mean would be that of cheap ones.
    """
    dearest = 8.0 * math.ceil((gaussian_coding.MOST_BITS * each + 2.0) / 8.0)
    room = tf.where(room >= dearest, room, tf.zeros_like(room))
    rung = _rungs(cost.shape[-1], likely, key)
    costs = tf.cumsum(tf.math.unsorted_segment_sum(cost, rung, RUNGS + 1))[:RUNGS]
    kept = tf.cumsum(tf.math.bincount(rung, minlength=RUNGS + 1, maxlength=RUNGS + 1))[:RUNGS]
    return _first(rung, kept, gaussian_coding.total(costs, kept * each), room)


def _rungs(size: int, likely: tf.Tensor, key: Key) -> tf.Tensor:
    """The rung from which on each of so many coordinates is sent, [d]; those at RUNGS are above the ladder."""
    begin = tf.math.log(size / (ABOVE * tf.maximum(tf.cast(likely, tf.float32), 1.0))) / 0.6931471805599453
    top = 2.0 ** (-0.5 * tf.clip_by_value(tf.floor(2.0 * begin), 0.0, 31.0))
    place = keys.uniform(keys.fold(key, "ladder"), [size]) * (RUNGS / top)
    return tf.cast(tf.minimum(place, float(RUNGS)), tf.int32)


def _first(rung: tf.Tensor, kept: tf.Tensor, bits: tf.Tensor, room: tf.Tensor) -> Sent:
    """What is sent from the first rung on that fits, of how many are sent from each and in how many bits, [rungs]."""
    size = rung.shape[-1]
    last = tf.reduce_max(tf.where((kept > 0) & (bits <= room), tf.range(RUNGS), -1))
    here, fits = tf.maximum(last, 0), last >= 0
    scale = tf.where(fits, size / tf.cast(tf.maximum(kept[here], 1), tf.float32), 0.0)
    return Sent(rung <= last, scale, tf.where(fits, bits[here], 0.0))


def header(counts: tf.Tensor, size: tf.Tensor, alphabet: tf.Tensor) -> tf.Tensor:
    """What a histogram [S, A] of means takes in Rice codes of 2^r, and both parts of the code to the next byte, [S]."""
    rice = tf.maximum(tf.floor(tf.math.log(size / alphabet) / 0.6931471805599453), 0.0)
    base = 2.0**rice
    high = tf.reduce_sum(tf.nn.relu(counts - (base[:, None] - 1.0) / 2.0), axis=1) / base
    return alphabet * (rice + 1.0) + high + 8.0


def _histograms(symbol: tf.Tensor, rung: tf.Tensor, alphabet: tf.Tensor) -> tf.Tensor:
    """Of the symbols of all coordinates up to each rung, [rungs, A]."""
    cells = alphabet * RUNGS
    joint = tf.math.bincount(tf.minimum(rung * alphabet + symbol, cells), minlength=cells + 1, maxlength=cells + 1)
    return tf.cumsum(tf.reshape(joint[:cells], [RUNGS, alphabet]))
