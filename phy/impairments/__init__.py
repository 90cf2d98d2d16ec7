"""Impairments: what clocks, distances and hardware do to a signal.

Those of the stage ``paths`` change delays and gains, and act alike on both roads. Those of the stages ``transmit`` and
``receive`` act on the waveform, sample by sample, on each device's before the channel or on the receiver's after the
noise; they need the time road wherever they break the orthogonality of subcarriers. ``apply`` says of each what it
does to the mean response: that is what can be known of it.
"""

from typing import ClassVar, Literal, Protocol, runtime_checkable

import tensorflow as tf

from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span


@runtime_checkable
class Impairment(Protocol):
    """A change of the paths, for ``stage`` paths; for the other stages, see Distortion."""

    stage: ClassVar[Literal["paths", "transmit", "receive"]]

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

    @property
    def orthogonal(self) -> bool:
        """Whether subcarriers stay orthogonal under it; delays past the prefix are counted apart, see ``delays``."""
        ...

    def delays(self, grid: Grid) -> tuple[float, float]:
        """The earliest and the latest shift in seconds it can cause."""
        ...

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        """The paths with the mean effect; time axis 1 or ``span.steps``, before and after."""
        ...


@runtime_checkable
class Distortion(Impairment, Protocol):
    """An impairment of the waveform, for the stages ``transmit`` and ``receive``."""

    @property
    def homogeneous(self) -> bool:
        """Whether a scaled signal comes out as it would, scaled by the same positive number."""
        ...

    def distort(self, wave: tf.Tensor, grid: Grid, span: Span, key: Key, devices: tf.Tensor) -> tf.Tensor:
        """The distorted waveform [B, C, S] of some devices, or [B, A, S] of the receiver's antennas.

        ``span`` counts samples: S of them, ``span.seconds`` apart, the first ``span.first`` after the data began. The
        mean energy of a sample is that of an element.
        """
        ...


__all__ = ["Distortion", "Impairment"]
