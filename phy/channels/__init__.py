"""Channels: how each device's signal scatters on its way to the receiver."""

from typing import Protocol, runtime_checkable

from ..keys import Key
from ..link import Paths, Size, Span


@runtime_checkable
class Channel(Protocol):
    """K devices to one receiver. Gains are relative to the one that the SNR is defined for."""

    @property
    def static(self) -> bool:
        """Whether a round sees one constant realisation (time axis of length 1)."""
        ...

    @property
    def longest(self) -> float:
        """The longest path delay in seconds."""
        ...

    @property
    def scales(self) -> bool:
        """Whether it gives devices different mean gains."""
        ...

    @property
    def lasting(self) -> bool:
        """Whether a device's fading is the same in all rounds, so that on average devices are not alike."""
        ...

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        """One realisation over consecutive time steps; ``place`` is the key of what lasts over all rounds."""
        ...


FAMILY = Channel  # what each file of this folder is one of

__all__ = ["Channel"]
