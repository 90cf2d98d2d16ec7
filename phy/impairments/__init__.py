"""Impairments: what clocks, distances and hardware do to a signal."""

from typing import Protocol, runtime_checkable

from ..grid import Grid
from ..keys import Key, Scalar
from ..link import Paths


@runtime_checkable
class Impairment(Protocol):
    """A change of the paths. The time road will add the stages ``transmit`` and ``receive`` on the waveform."""

    @property
    def seen(self) -> bool:
        """Whether the transmitters' knowledge of the channel includes it. The receiver's always does."""
        ...

    @property
    def lasting(self) -> bool:
        """Whether it is drawn once for all rounds instead of once a round."""
        ...

    @property
    def scales(self) -> bool:
        """Whether it gives devices different mean gains."""
        ...

    def delays(self, grid: Grid) -> tuple[float, float]:
        """The earliest and the latest shift in seconds it can cause."""
        ...

    def apply(self, paths: Paths, grid: Grid, time: Scalar, key: Key) -> Paths:
        """The impaired paths."""
        ...


__all__ = ["Impairment"]
