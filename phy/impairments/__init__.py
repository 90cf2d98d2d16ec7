"""Impairments: what clocks, distances and hardware do to a signal.

Those of the stage ``paths`` change delays and gains, and act alike in both domains. Those of the stages ``transmit``
and ``receive`` act on the waveform, sample by sample, on each device's before the channel or on the receiver's after
the noise; they need the time domain wherever they break the orthogonality of subcarriers. ``apply`` says of each what
it does to the mean response: that is what can be known of it.
"""

import math
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import tensorflow as tf

from ..documented import documented
from ..grid import Grid
from ..keys import Key, Shape
from ..link import Paths, Span

Stage: TypeAlias = Literal["paths", "transmit", "receive"]


@documented
@runtime_checkable
class Impairment(Protocol):
    """A change of the paths, for the stage ``paths``; of the waveform, see ``Distortion``.

        tau -> tau + shift,   a -> factor a

    What changes paths acts alike in both domains. Of what distorts waveforms ``apply`` is what it does to the mean
    response: that is what can be known of it.

    >>> from overair.phy import Awgn, Grid, Impairment, Size, Span, TimingOffset, keys
    >>> grid, span, late = Grid(), Span(0.0, 14, 83e-6), TimingOffset(low=2.0, high=2.0)
    >>> paths = Awgn().draw(Size(1, 1, 3), span, keys.key(0), keys.key(0, "place"))
    >>> tau = late.apply(paths, grid, span, keys.key(1)).tau  # [B, K, L], in seconds
    >>> isinstance(late, Impairment), (tau / grid.sample).numpy().round(3).ravel().tolist()
    (True, [2.0, 2.0, 2.0])
    """

    @property
    def stage(self) -> Stage:
        """Where it acts."""
        ...

    @property
    def seen(self) -> bool:
        """Whether the CSIT includes it. The receiver's always does."""
        ...

    @property
    def lasting(self) -> bool:
        """Whether it is drawn once for all rounds instead of once a round."""
        ...

    @property
    def scales(self) -> bool:
        """Whether it gives devices mean gains that differ and last."""
        ...

    @property
    def orthogonal(self) -> bool:
        """Whether subcarriers stay orthogonal under it; delays past the prefix are counted apart, see ``delays``."""
        ...

    def delays(self, grid: Grid) -> tuple[float, float]:
        """The earliest and the latest shift in seconds it can cause."""
        ...

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        """The paths with the mean effect; time axis 1 or ``span.steps``, before and after.

        Coefficients are complex64 [B, A, K, L, T], delays float32 [B, K, L] in seconds, powers float32 [B, K, L];
        ``span`` counts OFDM symbols. ``key``, int64 [2], is the round's, or that of all rounds where it is ``lasting``.
        """
        ...


@documented
@runtime_checkable
class Distortion(Impairment, Protocol):
    """An impairment of the waveform, for the stages ``transmit`` and ``receive``.

    Those of the stage ``transmit`` act on each device's wave before the channel, those of the stage ``receive`` on the
    receiver's after the noise. They need the time domain wherever they break the orthogonality of subcarriers.
    ``Steady`` of this module has ``correlation`` for those whose mean effect does not change over a round.

    >>> import tensorflow as tf
    >>> from overair.phy import Amplifier, Distortion, Grid, Span, keys
    >>> grid, amplifier, wave = Grid(), Amplifier(), tf.ones([1, 3, 80], tf.complex64)  # [batch, devices, samples]
    >>> sent = amplifier.distort(wave, grid, Span(0.0, 80, grid.sample), keys.key(0), tf.range(3))
    >>> isinstance(amplifier, Distortion), amplifier.homogeneous, sent.shape
    (True, False, TensorShape([1, 3, 80]))
    """

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

    def correlation(self, lag: np.ndarray, grid: Grid) -> np.ndarray:
        """Of the mean effect with itself after so many seconds, over all it may be: E[m(t) m(t - lag)*] / E|m|^2."""
        ...


class Steady:
    """A distortion whose mean effect is the same over all of a round."""

    def correlation(self, lag: np.ndarray, grid: Grid) -> np.ndarray:
        return np.ones(np.shape(lag))


def each(draw: Callable[[Shape], tf.Tensor], batch: int | tf.Tensor, devices: tf.Tensor) -> tf.Tensor:
    """Draws of some devices, [B, C]: of all up to the last at once, so that they do not depend on who else asks.

    TensorFlow's generators count, so fewer numbers are the first of more.
    """
    count = tf.cast(tf.maximum(tf.reduce_max(devices) + 1, 0), tf.int32)
    return tf.gather(tf.transpose(draw([count, batch])), devices, axis=1)


def scaled(paths: Paths, factor: tf.Tensor, power: tf.Tensor | None = None) -> Paths:
    """Paths times a complex factor [B, A, K, L, T], and their power times [B, K, L]; any axis may be 1."""
    a = tf.ensure_shape(paths.a * factor, [*paths.a.shape[:4], max(paths.steps, factor.shape[-1])])
    if power is not None:
        paths = paths._replace(power=tf.ensure_shape(paths.power * power, paths.power.shape))
    return paths._replace(a=a)


def turn(cycles: tf.Tensor) -> tf.Tensor:
    """exp(j 2 pi cycles), from float64 cycles to complex64, precise however many they are."""
    angle = tf.cast(2.0 * math.pi * (cycles - tf.round(cycles)), tf.float32)
    return tf.complex(tf.cos(angle), tf.sin(angle))


FAMILY = Impairment  # what each file of this folder is one of

__all__ = ["Distortion", "Impairment", "Stage", "Steady", "each", "scaled", "turn"]
