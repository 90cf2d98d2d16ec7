"""The median of each coordinate; of an even number of estimates the middle between the two in the middle.

Yin, Chen, Ramchandran, Bartlett, "Byzantine-robust distributed learning: towards optimal statistical rates", ICML 2018.
Where devices' updates are not alike it is away from their mean without any attacker.
"""

from typing import ClassVar

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ...phy.strict import STRICT
from ._points import Middle, count, ordered


@dataclass(frozen=True, config=STRICT)
class Median(Middle):
    """Bears any minority."""

    apart: ClassVar[bool] = True

    def combine(self, points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        rows, many = ordered(points, there), count(there)
        return 0.5 * (rows[(many - 1) // 2] + rows[many // 2])
