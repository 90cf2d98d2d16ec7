"""No fading (AWGN): gain 1 for every device, on every element; noise alone remains."""

from typing import ClassVar

import tensorflow as tf

from ..keys import Key
from ..link import Paths, Size, Span
from ..strict import dataclass
from . import Still


@dataclass(frozen=True)
class Awgn(Still):
    """h = 1."""

    static: ClassVar[bool] = True
    longest: ClassVar[float] = 0.0
    scales: ClassVar[bool] = False
    lasting: ClassVar[bool] = False
    any_batch: ClassVar[bool] = True
    by_number: ClassVar[bool] = True

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        one = tf.ones([batch, devices, 1], tf.float32)
        return Paths(tf.ones([batch, antennas, devices, 1, 1], tf.complex64), 0 * one, one)
