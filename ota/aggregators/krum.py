"""Krum: the estimate whose n - f - 2 nearest others are nearest; or the mean of the best of them (multi-Krum)."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ...phy.strict import dataclass
from ._points import count, mean, squared_distances


@dataclass(frozen=True)
class Krum:
    """The estimate, or the mean of a few, that has its nearest others nearest.

        score_i = sum of |x_i - x_j|^2 over the n - f - 2 nearest j,   the mean of those ``kept`` of least score.

    It needs 2 f + 3 estimates, and f + 2 more than it keeps.

    The score of an estimate is the sum of its *squared* distances to its n - f - 2 nearest others. Blanchard, El
    Mhamdi, Guerraoui, Stainer, "Machine learning with adversaries: Byzantine tolerant gradient descent", NeurIPS 2017.

    >>> import tensorflow as tf
    >>> from overair.ota import Krum
    >>> points = tf.constant([[0.0], [1.0], [1.1], [2.0], [1e6]])  # the last one attacks
    >>> krum = Krum(attackers=1)
    >>> krum.combine(points, tf.fill([5], True)).numpy().round(2).astype(str).tolist(), krum.needs()
    (['1.1'], 5)
    """

    attackers: Annotated[int, Ge(0), Le(10**6)]
    """Estimates that may be anything, f; as many as are feared."""
    kept: Annotated[int, Gt(0), Le(10**6)] = 1
    """Estimates whose mean is taken; 1 for Krum, more for multi-Krum."""
    apart: ClassVar[bool] = True

    def needs(self) -> int:
        return max(2 * self.attackers + 3, self.attackers + 2 + self.kept)

    def bears(self, estimates: int) -> int:
        return self.attackers

    def combine(self, points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        best = tf.argsort(self.scores(points, there), stable=True)[: self.kept]
        chosen = tf.scatter_nd(best[:, None], tf.ones_like(best), tf.shape(there)) > 0
        return mean(points, chosen)

    def scores(self, points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        """The lower the better, float64 [N]; infinite of those that are not there."""
        far = tf.constant(float("inf"), tf.float64)
        both = there[:, None] & there[None, :] & ~tf.eye(points.shape[0], dtype=tf.bool)
        nearest = tf.sort(tf.where(both, squared_distances(points), far), axis=1)  # [N, N]
        counted = tf.range(points.shape[0]) < count(there) - self.attackers - 2
        return tf.where(there, tf.reduce_sum(tf.where(counted[None, :], nearest, 0.0), axis=1), far)
