"""Protections: whom a clip and the channel's noise protect, and how much of a change a clip lets through."""

from typing import ClassVar, Protocol, runtime_checkable

import tensorflow as tf


@runtime_checkable
class Protection(Protocol):
    """Neighbours are rounds that differ in what is protected; no update is longer than the clip."""

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
        """The most by which updates of means of so many samples [K] change between neighbours, as a norm, [K]."""
        ...


FAMILY = Protection  # what each file of this folder is one of

__all__ = ["Protection"]
