"""Arithmetic that every layer needs and TensorFlow does slowly or not at all."""

import tensorflow as tf

from .keys import Scalar


def squared(z: tf.Tensor) -> tf.Tensor:
    """|z|^2 without the square root that ``tf.abs`` takes: half its time."""
    return tf.math.real(z) ** 2 + tf.math.imag(z) ** 2


def precise(number: Scalar) -> tf.Tensor:
    """A number in double precision, which ``tf.cast`` would make of a Python float by way of single precision."""
    return tf.cast(number, tf.float64) if tf.is_tensor(number) else tf.constant(number, tf.float64)
