"""Channels: how each device's signal scatters on its way to the receiver."""

from typing import Protocol, runtime_checkable

import numpy as np

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

    def correlation(self, then: np.ndarray, now: np.ndarray, seconds: float) -> np.ndarray:
        """How paths at OFDM symbols ``now`` are correlated with themselves at ``then``, complex [..., L or 1].

        E[a(now) a(then)*] / E|a|^2 of each path over all that a round may bring. Symbols are ``seconds`` apart and
        count from the first of the data; those before it are negative. Never asked of what stands still.
        """
        ...


class Still:
    """A channel that stands still over a round."""

    def correlation(self, then: np.ndarray, now: np.ndarray, seconds: float) -> np.ndarray:
        return np.ones([*np.broadcast_shapes(np.shape(then), np.shape(now)), 1])


__all__ = ["Channel", "Still"]
