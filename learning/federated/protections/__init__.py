"""Protections: whom a clip and the channel's noise protect, and how much of a change a clip lets through."""

from typing import ClassVar, Protocol, runtime_checkable

import tensorflow as tf

from ....phy.documented import documented


@documented
@runtime_checkable
class Protection(Protocol):
    """Whom a clip and the channel's noise protect, and how much of a change a clip lets through.

    Neighbours are rounds that differ in what is protected; no update is longer than the clip. An update that changes by
    the norm D between neighbours, with weight w in the sum and amplitude b, tells at most

        mu^2 = 2 (w D)^2 max sum_a |h_a b|^2 / N0

    in a round, the largest over elements, with all antennas a; rounds add up to the epsilon that ``Metrics`` has.

    >>> import tensorflow as tf
    >>> from overair.learning import Protection, Sample
    >>> isinstance(Sample(), Protection), Sample(clip=2.0).change(tf.constant([100.0])).shape
    (True, TensorShape([1]))
    """

    per_sample: ClassVar[bool]  # whether the gradient of each sample is clipped; else each device's whole update
    protects: ClassVar[str]  # in words

    @property
    def clip(self) -> float:
        """Norm at which vectors are cut."""
        ...

    @property
    def delta(self) -> float:
        """Of (epsilon, delta)."""
        ...

    @property
    def noise(self) -> float:
        """Share of power that devices send as noise."""
        ...

    @property
    def epsilon(self) -> float | None:
        """What all planned rounds are to keep."""
        ...

    @property
    def rounds(self) -> int | None:
        """As many as are planned."""
        ...

    @property
    def rate(self) -> float | None:
        """Factor by which a round shrinks the loss, of an adaptive plan."""
        ...

    @property
    def fill(self) -> bool:
        """Whether power that data may not use is sent as noise."""
        ...

    def change(self, samples: tf.Tensor) -> tf.Tensor:
        """The most by which the updates of K devices change between neighbours, as a norm, float32 [K].

        ``samples`` float32 [K] says of how many samples each device's gradient is the mean.
        """
        ...


FAMILY = Protection  # what each file of this folder is one of

__all__ = ["Protection"]
