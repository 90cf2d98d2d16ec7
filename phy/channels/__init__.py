"""Channels: how each device's signal scatters on its way to the receiver."""

from typing import Protocol, runtime_checkable

import numpy as np

from ..documented import documented
from ..keys import Key
from ..link import Paths, Size, Span


@documented
@runtime_checkable
class Channel(Protocol):
    """K devices to one receiver. Gains are relative to the one that the SNR is defined for.

    A channel hands over paths, and h_k(t, f) = sum_l a_kl(t) exp(-j 2 pi f tau_kl) is their response on subcarrier f.

    To write one of your own, a frozen dataclass with these members is enough; ``Still`` of this module has
    ``correlation`` for those that stand still over a round.

    >>> from overair.phy import Channel, Size, Span, Tdl, keys
    >>> isinstance(Tdl(), Channel), Tdl().static
    (True, True)
    >>> Tdl().draw(Size(1, 2, 3), Span(0.0, 14, 83e-6), keys.key(0), keys.key(0, "place")).tau.shape  # [B, K, L]
    TensorShape([1, 3, 23])
    """

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
        """One realisation over consecutive time steps.

        ``size`` says how many realisations B, antennas A and devices K, ``span`` when the time steps are, in seconds.
        What fades is drawn from ``key``; what lasts over all rounds, as positions, from ``place``. Both are keys, int64
        [2]. The paths returned have coefficients complex64 [B, A, K, L, T], delays float32 [B, K, L] in seconds, from 0
        to ``longest``, and mean powers float32 [B, K, L]; T is 1 where the channel is ``static``, and else
        ``span.steps``.
        """
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


FAMILY = Channel  # what each file of this folder is one of

__all__ = ["Channel", "Still"]
