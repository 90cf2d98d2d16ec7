"""Arithmetic that every layer needs and TensorFlow does slowly or not at all."""

import tensorflow as tf


def squared(z: tf.Tensor) -> tf.Tensor:
    """|z|^2 without the square root that ``tf.abs`` takes: half its time."""
    return tf.math.real(z) ** 2 + tf.math.imag(z) ** 2
