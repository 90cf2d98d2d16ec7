"""The mean by shares of data: the sum that every uplink makes while it receives, and nothing else is kept.

Of attackers it bears none: one of K moves it as far as it likes.
"""

from typing import ClassVar

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ...phy.strict import STRICT
from ._points import mean


@dataclass(frozen=True, config=STRICT)
class Mean:
    """What uplinks do unless told otherwise."""

    apart: ClassVar[bool] = False

    def needs(self) -> int:
        return 1

    def bears(self, estimates: int) -> int:
        return 0

    def combine(self, points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        return mean(points, there)
