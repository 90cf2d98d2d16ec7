"""Conjugate gradients: linear equations from products alone, for what is too large for a matrix.

Hestenes and Stiefel, "Methods of conjugate gradients for solving linear systems", 1952.
"""

from collections.abc import Callable

import tensorflow as tf


def solve(product: Callable[[tf.Tensor], tf.Tensor], b: tf.Tensor, most: int, tolerance: float) -> tf.Tensor:
    """x with B x = b for a symmetric B >= 0, from ``product`` x -> B x, until |b - B x| <= tolerance |b|."""
    enough = tolerance**2 * tf.reduce_sum(b**2)

    def goes_on(count: tf.Tensor, x: tf.Tensor, r: tf.Tensor, p: tf.Tensor, energy: tf.Tensor) -> tf.Tensor:
        return (count < most) & (energy > enough)

    def go(
        count: tf.Tensor, x: tf.Tensor, r: tf.Tensor, p: tf.Tensor, energy: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        along = product(p)
        length = tf.math.divide_no_nan(energy, tf.reduce_sum(p * along))
        x, r = x + length * p, r - length * along
        after = tf.reduce_sum(r**2)
        return count + 1, x, r, r + (after / energy) * p, after

    start = (0, tf.zeros_like(b), b, b, tf.reduce_sum(b**2))
    return tf.while_loop(goes_on, go, start, parallel_iterations=1)[1]
