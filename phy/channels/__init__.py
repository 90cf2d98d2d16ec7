"""Channels: how each device's signal scatters on its way to the receiver."""

from typing import Protocol, runtime_checkable

from ..keys import Key
from ..link import Paths


@runtime_checkable
class Channel(Protocol):
    """K independent devices to one receiver, at unit mean gain."""

    @property
    def static(self) -> bool:
        """Whether a round sees one constant realisation (time axis of length 1)."""
        ...

    @property
    def longest(self) -> float:
        """The longest path delay in seconds."""
        ...

    def draw(self, batch: int, antennas: int, devices: int, steps: int, step_seconds: float, key: Key) -> Paths:
        """One realisation over so many consecutive time steps."""
        ...


__all__ = ["Channel"]
