"""Entries that a key chooses, rounded at random to levels of laws fitted to their layers, so that the mean is right.

Levels are those of least error for the law of a layer, both signs, and the outermost its largest magnitude, so that
every entry lies between two of them. k of n entries are sent, times n/k. Told: scale, shape and largest magnitude of
each layer as float32; k follows from the bits.
"""

import math

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from .. import subsets
from ..layers import Layers
from ._fitted import NUMBER, Way, moments
from ._laws import fit
from ._levels import levels_of

SIDE_BITS = 3.0 * NUMBER  # of a layer


def least(layers: Layers, way: Way) -> float:
    """Bits of a single entry of the layers that are rounded, and of all that is told of them."""
    many = sum(math.prod(layer) > way.small for layer in layers)
    return SIDE_BITS * many + way.depths[0] if many else 0.0


def rounded(
    key: Key, parts: list[tf.Tensor], room: tf.Tensor, whole: int, way: Way
) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Layers as they are decoded, and what they cost together with ``whole`` numbers."""
    (bits,), sizes = way.depths, [part.shape[0] for part in parts]
    size, side = sum(sizes), SIDE_BITS * len(parts) + NUMBER * whole
    most = size if way.kept is None else min(max(round(way.kept * (size + whole)) - whole, 0), size)
    kept = tf.clip_by_value(tf.floor((room - side) / bits), 0.0, float(most))
    chosen = tf.split(subsets.random(keys.fold(key, "coordinates"), size, tf.cast(kept, tf.int32)), sizes)
    coins = tf.split(keys.uniform(keys.fold(key, "rounding"), [size]), sizes)
    peaks = tf.stack([tf.reduce_max(tf.abs(part)) for part in parts])[:, None]  # [L, 1]
    law = fit(way.law, *moments(parts))
    inner = tf.cast(levels_of(way.law, way.m, 2 ** (bits - 1), law, tf.zeros([], tf.float64)), peaks.dtype)[:, :-1]
    levels = tf.concat([tf.minimum(inner, peaks), peaks], axis=1)  # [L, N]
    both = tf.unstack(tf.concat([-levels[:, ::-1], levels], axis=1))
    scale = tf.cast(tf.math.divide_no_nan(tf.constant(float(size), tf.float64), kept), peaks.dtype)
    drawn = map(_between, parts, both, coins)
    return [tf.where(mask, scale * value, 0.0) for mask, value in zip(chosen, drawn, strict=True)], side + bits * kept


def _between(values: tf.Tensor, levels: tf.Tensor, coins: tf.Tensor) -> tf.Tensor:
    """One of the two levels around each value, at random with the value as its mean."""
    above = tf.clip_by_value(tf.searchsorted(levels, values), 1, levels.shape[0] - 1)
    low, high = tf.gather(levels, above - 1), tf.gather(levels, above)
    share = tf.math.divide_no_nan(values / 2.0 - low / 2.0, high / 2.0 - low / 2.0)  # distances may exceed all floats
    return tf.where(coins < share, high, low)
