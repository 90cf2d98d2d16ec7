"""Centred clipping: from a centre v on, a few steps v <- v + mean of (x_i - v) min(1, tau / |x_i - v|)."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ...phy.strict import dataclass
from ._points import Middle, mean, norms
from .median import Median


@dataclass(frozen=True)
class CentredClip(Middle):
    """An attacker moves the centre by at most a radius over n in a step.

    Karimireddy, He, Jaggi, "Learning from history for Byzantine robust optimization", ICML 2021, whose centre is the
    aggregate of the round before, and any that is near the honest ones will do. Here it is the median of each
    coordinate of the round's estimates: then nothing is remembered, and where the origin lies does not matter.
    """

    radius: Annotated[float, Gt(0), Le(1e12)]
    """Length at which a distance from the centre is cut, as an update's norm."""
    steps: Annotated[int, Gt(0), Le(1000)] = 3
    """Steps of the centre."""
    apart: ClassVar[bool] = True

    def combine(self, points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        return self.follow(points, there, Median().combine(points, there))

    def follow(self, points: tf.Tensor, there: tf.Tensor, centre: tf.Tensor) -> tf.Tensor:
        """The centre [d] after all steps."""

        def step(number: tf.Tensor, centre: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            away = points - centre  # [N, d]
            kept = tf.minimum(1.0, tf.math.divide_no_nan(self.radius, norms(away)))
            kept = tf.where(norms(away) > 0, kept, 1.0)
            return number + 1, centre + mean(away * kept[:, None], there)

        start = tf.constant(0), centre
        return tf.while_loop(lambda number, _: number < self.steps, step, start, parallel_iterations=1)[1]
