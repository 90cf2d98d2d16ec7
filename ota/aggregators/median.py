"""The median of each coordinate; of an even number of estimates the middle between the two in the middle."""

from typing import ClassVar

import tensorflow as tf

from ...phy.strict import dataclass
from ._points import Middle, count, ordered


@dataclass(frozen=True)
class Median(Middle):
    """The median of each coordinate, which bears any minority.

        x_i = median over devices of x_ki; of an even number the middle between the two in the middle.

    Yin, Chen, Ramchandran, Bartlett, "Byzantine-robust distributed learning: towards optimal statistical rates", ICML
    2018. Where devices' updates are not alike it is away from their mean without any attacker.

    >>> import tensorflow as tf
    >>> from overair.ota import Median
    >>> points = tf.constant([[0.0], [1.0], [4.0], [1e6]])  # the last one attacks
    >>> Median().combine(points, tf.fill([4], True)).numpy().tolist(), Median().bears(4)
    ([2.5], 1)
    """

    apart: ClassVar[bool] = True

    def combine(self, points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        rows, many = ordered(points, there), count(there)
        return 0.5 * (rows[(many - 1) // 2] + rows[many // 2])
