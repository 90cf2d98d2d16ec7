"""The mean by shares of data: the sum that every uplink makes while it receives, and nothing else is kept."""

from typing import ClassVar

import tensorflow as tf

from ...phy.strict import dataclass
from ._points import mean


@dataclass(frozen=True)
class Mean:
    """What uplinks do unless told otherwise: the mean by shares of data.

        sum_k w_k u_k.

    Of attackers it bears none: one of K moves it as far as it likes.

    >>> import tensorflow as tf
    >>> from overair.ota import Mean
    >>> Mean().apart, Mean().bears(10), Mean().needs()
    (False, 0, 1)
    """

    apart: ClassVar[bool] = False

    def needs(self) -> int:
        return 1

    def bears(self, estimates: int) -> int:
        return 0

    def combine(self, points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        return mean(points, there)
