"""What a genie would do, for studies: least squares on the true support."""

import tensorflow as tf

from ..projections import Projection
from ._conjugate_gradients import solve


def least_squares_on(support: tf.Tensor, y: tf.Tensor, projection: Projection, iterations: int = 100) -> tf.Tensor:
    """The x [d] of least |y - A x|^2 with zeros wherever ``support`` [d] is false; of these the shortest."""
    kept = tf.cast(support, y.dtype)

    def normal(x: tf.Tensor) -> tf.Tensor:
        return kept * projection.adjoint(projection.forward(kept * x))

    return solve(normal, kept * projection.adjoint(y), iterations, 1e-6)
