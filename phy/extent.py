"""How much is drawn: sizes, and time steps."""

from typing import NamedTuple

import tensorflow as tf

from .documented import documented
from .keys import Scalar


@documented
class Size(NamedTuple):
    """How many realisations, receive antennas and devices.

    The sizes of what a channel draws, paths [B, A, K, L, T].

    >>> from overair.phy import Size
    >>> batch, antennas, devices = Size(batch=1, antennas=4, devices=20)
    >>> Size(1, 4, 20).places
    1
    """

    batch: int  # realisations, B
    antennas: int  # of the receiver, A
    devices: int  # K

    @property
    def places(self) -> int:
        """How many places what lasts is drawn at: every realisation has one of its own."""
        return self.batch


class OnePlace(Size):
    """The same of realisations that share one place, that of the first."""

    @property
    def places(self) -> int:
        """One."""
        return 1


@documented
class Span(NamedTuple):
    """Consecutive time steps: when the data begins, how many, the seconds between, and the first after the data began.

        t_i = start + (first + i) seconds,   i = 0, ..., steps - 1.

    Steps that lie before the data, as those of sounding do, have a negative ``first``.

    >>> from overair.phy import Span
    >>> Span(start=0.0, steps=3, seconds=0.5, first=-1).times().numpy().tolist()
    [-0.5, 0.0, 0.5]
    """

    start: Scalar  # when the data begins, in seconds of absolute time
    steps: int  # how many
    seconds: float  # between steps
    first: int = 0  # step, counted from the first of the data

    def times(self) -> tf.Tensor:
        """Seconds of each step after the data began, [T]."""
        return (self.first + tf.range(self.steps, dtype=tf.float32)) * self.seconds
