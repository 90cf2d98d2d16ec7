"""Centred clipping: from a centre v on, a few steps v <- v + mean of (x_i - v) min(1, tau / |x_i - v|)."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ...phy.strict import dataclass
from ._points import Middle, mean, norms
from .median import Median


@dataclass(frozen=True)
class CentredClip(Middle):
    """A mean around a centre from which no estimate pulls further than a radius.

        v <- v + mean of (x_i - v) min(1, tau / |x_i - v|),

    so that an attacker moves the centre by at most tau/n in a step.

    Karimireddy, He, Jaggi, "Learning from history for Byzantine robust optimization", ICML 2021, whose centre is the
    aggregate of the round before, and any that is near the honest ones will do. Here it is the median of each
    coordinate of the round's estimates: then nothing is remembered, and where the origin lies does not matter.

    >>> import tensorflow as tf
    >>> from overair.ota import CentredClip
    >>> points = tf.constant([[0.0], [1.0], [2.0], [1e6]])  # the last one attacks
    >>> CentredClip(radius=1.0).combine(points, tf.fill([4], True)).numpy().round(2).astype(str).tolist()
    ['1.5']
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
