"""No fading (AWGN): gain 1 for every device, on every element; noise alone remains."""

from typing import ClassVar

import tensorflow as tf

from ..keys import Key
from ..link import Paths, Size, Span
from ..strict import dataclass
from . import Still


@dataclass(frozen=True)
class Awgn(Still):
    """No fading: gain 1 for every device, on every element.

        h(t, f) = 1,   y = sum_k x_k + w,   w from CN(0, N0) on every element.

    A single path without delay, alike for every device and antenna, constant over all rounds.

    >>> from overair.phy import Awgn, Size, Span, keys
    >>> size, span = Size(batch=1, antennas=2, devices=3), Span(start=0.0, steps=14, seconds=83e-6)
    >>> paths = Awgn().draw(size, span, keys.key(0), keys.key(0, "place"))
    >>> paths.a.shape, bool((paths.a.numpy() == 1).all())  # one path, one time step
    (TensorShape([1, 2, 3, 1, 1]), True)
    """

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
