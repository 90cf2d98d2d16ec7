"""The mean of each coordinate without its f smallest and its f largest values."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy.strict import dataclass
from ._points import count, mean, ordered


@dataclass(frozen=True)
class TrimmedMean:
    """The mean of each coordinate without its f smallest and its f largest values.

        x_i = (sum of x_ki without the f smallest and the f largest) / (n - 2 f).

    It needs more than twice as many estimates as are trimmed at an end.

    Yin, Chen, Ramchandran, Bartlett, "Byzantine-robust distributed learning: towards optimal statistical rates", ICML
    2018.

    >>> import tensorflow as tf
    >>> from overair.ota import TrimmedMean
    >>> points = tf.constant([[0.0], [1.0], [4.0], [1e6]])  # the last one attacks
    >>> TrimmedMean(1).combine(points, tf.fill([4], True)).numpy().tolist(), TrimmedMean(1).needs()
    ([2.5], 3)
    """

    trimmed: Annotated[int, Ge(0), Le(10**6)]
    """Values that are left out at either end of a coordinate."""
    apart: ClassVar[bool] = True

    def needs(self) -> int:
        return 2 * self.trimmed + 1

    def bears(self, estimates: int) -> int:
        return self.trimmed

    def combine(self, points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        place, many = tf.range(points.shape[0]), count(there)
        inside = (place >= self.trimmed) & (place < many - self.trimmed)  # [N]
        return mean(tf.where(inside[:, None], ordered(points, there), 0.0), inside)
