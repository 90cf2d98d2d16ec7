"""Mean squares of float32 numbers whose squares may be no float32: below 1e-19 they lose digits, from 1e-23 on all."""

import math

import tensorflow as tf

from .layers import Layers

EXPONENT, LEAST = 0x7F800000, 0x00800000  # the bits of a float32's exponent, and of 2^-126


def mean_squares(values: tf.Tensor, layers: Layers) -> tf.Tensor:
    """Of vectors [..., d] over each layer, float64 [..., L]; 0 of one without entries. What is not finite stays so."""
    unit = _power_of_two(tf.reduce_max(tf.where(tf.math.is_finite(values), tf.abs(values), 0.0)))
    sizes = list(map(math.prod, layers))
    parts = tf.split(values / unit, sizes, axis=-1)
    means = [tf.reduce_sum(part**2, axis=-1) / max(size, 1) for part, size in zip(parts, sizes, strict=True)]
    return tf.cast(tf.stack(means, axis=-1), tf.float64) * tf.cast(unit, tf.float64) ** 2


def _power_of_two(peak: tf.Tensor) -> tf.Tensor:
    """The largest that is not above a number: shares of it have all the number's digits."""
    bits = tf.bitwise.bitwise_and(tf.bitcast(peak, tf.int32), EXPONENT)
    return tf.bitcast(tf.maximum(bits, LEAST), tf.float32)
