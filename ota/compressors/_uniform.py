"""Uniform levels from -max|x| to max|x|, of as many coordinates and of the depth that suit the bits.

Which coordinates are sent follows from the shared key, and what is decoded of them is scaled by d over their number.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from .. import subsets

SIDE_BITS = 32.0 + 4.0  # max|x| as a float32, and b
Rounding: TypeAlias = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # of x/max|x| to 2^b levels


class Depth(NamedTuple):
    """What suits a number of bits."""

    bits: tf.Tensor  # of a coordinate
    kept: tf.Tensor  # coordinates
    error: tf.Tensor  # of |x|^2; infinite where nothing fits


def sent(
    update: tf.Tensor, bits: tf.Tensor, key: Key, most_bits: int, rounding: Rounding
) -> tuple[tf.Tensor, tf.Tensor]:
    """What is decoded [d] of levels, and the bits used; none for zeros."""
    size = update.shape[-1]
    room = tf.clip_by_value(bits - SIDE_BITS, 0.0, float(size * most_bits))
    largest = tf.reduce_max(tf.abs(update))
    unit = tf.math.divide_no_nan(update, largest)  # in [-1, 1], whatever the update's scale
    depth, kept, _ = deepest(unit, room, most_bits)
    decoded = largest * rounding(unit, tf.round(2.0**depth))
    chosen = tf.cast(subsets.random(keys.fold(key, "coordinates"), size, tf.cast(kept, tf.int32)), update.dtype)
    scale = tf.math.divide_no_nan(float(size), kept)
    speaks = (kept > 0) & (largest != 0)
    return decoded * chosen * scale, tf.where(speaks, SIDE_BITS + kept * depth, 0.0)


def deepest(unit: tf.Tensor, room: tf.Tensor, most_bits: int) -> Depth:
    """The depth with the least error, of an update whose largest magnitude is 1 in so many bits."""
    size = unit.shape[-1]
    peak = tf.math.divide_no_nan(float(size), tf.reduce_sum(unit**2))
    counts = tf.range(1, most_bits + 1)  # [b]; whole numbers, because a compiled float division is not exact
    fits = tf.cast(tf.minimum(tf.cast(room, tf.int32) // counts, size), unit.dtype)
    depths = tf.cast(counts, unit.dtype)
    inverse = size / tf.maximum(fits, 1.0)
    error = tf.where(fits > 0, (inverse - 1.0) + inverse * peak / (3.0 * (2.0**depths - 1.0) ** 2), float("inf"))
    best = tf.argmin(error)
    return Depth(depths[best], fits[best], error[best])
