"""A factor in [-1, 1] and its largest magnitude."""

import tensorflow as tf


def normalised(values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Values over their largest magnitude, and that; zeros and NaN where anything is not finite."""
    finite, largest = tf.reduce_all(tf.math.is_finite(values)), tf.reduce_max(tf.abs(values))
    unit = tf.where(finite, tf.math.divide_no_nan(values, largest), 0.0)
    return unit, tf.where(finite, largest, float("nan"))
