"""The geometric median: the point whose summed distance to all estimates is least, by Weiszfeld's steps."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ...phy.strict import dataclass
from ._points import Middle
from .median import Median


@dataclass(frozen=True)
class GeometricMedian(Middle):
    """The point whose summed distance to all estimates is least.

        argmin_y sum_i |y - x_i|,

    which bears any minority, the worse the nearer to a half.

    By Weiszfeld's steps: y <- sum_i x_i / |x_i - y| over sum_i 1 / |x_i - y|, with the weights of every step made anew
    of the distances, from the median of each coordinate on. An estimate that y falls on has the weight of one at
    ``smoothing`` times the median distance, as in Pillutla, Kakade, Harchaoui, "Robust aggregation for federated
    learning", IEEE TSP 2022.

    With the products x_i x_j known, y = sum a_i x_i needs steps of its coefficients a [N] alone: |x_i - y|^2 = (G_ii -
    2 (G a)_i + a' G a), with G that of the points less their first median.

    >>> import tensorflow as tf
    >>> from overair.ota import GeometricMedian
    >>> points = tf.constant([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1e6, 1e6]])  # the last one attacks
    >>> bool((GeometricMedian().combine(points, tf.fill([5], True)) <= 1.01).numpy().all())
    True
    """

    passes: Annotated[int, Gt(0), Le(10**4)] = 100
    """Steps of Weiszfeld."""
    smoothing: Annotated[float, Gt(0), Le(1)] = 1e-6
    """Least distance that counts, as a share of the median one."""
    apart: ClassVar[bool] = True

    def combine(self, points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        start = Median().combine(points, there)
        away = tf.where(there[:, None], points - start, 0.0)
        exact = tf.cast(away, tf.float64)
        coefficients = self._coefficients(tf.matmul(exact, exact, transpose_b=True), there)
        return start + tf.linalg.matvec(away, tf.cast(coefficients, away.dtype), transpose_a=True)

    def _coefficients(self, products: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        """Shares a [N] of the points in their geometric median, from their products about the first, float64 [N, N]."""
        squares, chosen = tf.linalg.diag_part(products), tf.cast(there, tf.float64)
        middle = Median().combine(tf.sqrt(squares)[:, None], there)[0]
        least = tf.maximum(self.smoothing * middle, 1e-30)

        def step(pass_: tf.Tensor, a: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            reach = tf.linalg.matvec(products, a)
            apart = tf.sqrt(tf.maximum(squares - 2.0 * reach + tf.reduce_sum(a * reach), 0.0))
            weights = chosen / tf.maximum(apart, least)
            return pass_ + 1, weights / tf.reduce_sum(weights)

        start = tf.constant(0), tf.zeros_like(squares)  # at the median of each coordinate
        return tf.while_loop(lambda pass_, _: pass_ < self.passes, step, start, parallel_iterations=1)[1]
