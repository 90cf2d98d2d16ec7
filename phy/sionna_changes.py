"""Changes of a Sionna channel model's paths: clock errors of its transmitters, and what our impairments do to paths.

Every draw comes from Sionna's own generator, so that ``sionna.phy.config.seed`` governs it, and is one a transmitter,
the same for all receivers and antennas: a clock belongs to its device.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import tensorflow as tf
from sionna.phy import config

from .arithmetic import squared
from .grid import Grid
from .impairments import Impairment
from .keys import Key
from .link import Paths, Span


class Change(Protocol):
    """What may be done to path coefficients a [B, R, A, K, S, L, T] and delays tau [B, R, K, L] of a Sionna model."""

    @property
    def delays(self) -> tuple[float, float]:
        """The earliest and the latest shift in seconds it can cause."""
        ...

    @property
    def orthogonal(self) -> bool:
        """Whether subcarriers stay orthogonal under it."""
        ...

    def __call__(self, a: tf.Tensor, tau: tf.Tensor, rate: float | tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """The changed paths; ``rate`` is the number of time steps in a second."""
        ...


def late(low: float, high: float | None = None) -> Change:
    """Every transmitter arrives so many seconds late, or uniformly between two bounds, drawn anew each call."""
    return _Shift(*_bounds("late", low, high))


def early(low: float, high: float | None = None) -> Change:
    """Every transmitter arrives so many seconds early: there is no prefix on that side."""
    low, high = _bounds("early", low, high)
    return _Shift(-high, -low)


def detuned(low: float, high: float | None = None) -> Change:
    """Every transmitter's carrier is so many hertz too high: a(t) turns by exp(j 2 pi f t), from 0 at the first step.

    In a TimeChannel, whose first step is -l_min samples before the signal, subcarriers then leak into each other, as
    they should. An OFDMChannel has one step a symbol: it shows the turn from symbol to symbol, and no leakage.
    """
    return _Turn(*_bounds("detuned", low, high))


def caused_by(impairment: Impairment, grid: Grid) -> Change:
    """What an impairment of the paths does, one draw a transmitter for all receivers; in single precision."""
    if impairment.stage != "paths":
        raise ValueError(
            f"caused_by: expected an impairment of the paths, received {type(impairment).__name__} of the stage "
            f"{impairment.stage}; put it into an Air, and take AirSum"
        )
    return _Caused(impairment, grid, new_key() if impairment.lasting else None)


def new_key() -> Key:
    """A key from Sionna's generator."""
    return config.tf_rng.uniform_full_int([2], dtype=tf.int64)


@contextmanager
def drawing() -> Iterator[Key]:
    """A new key, and Sionna's generator after it as if nothing else had been drawn."""
    key = new_key()
    state = tf.identity(config.tf_rng.state)
    yield key
    config.tf_rng.reset(state)


@dataclass(frozen=True)
class _Shift:
    """A delay of each transmitter in seconds, uniform between bounds."""

    low: float
    high: float

    @property
    def delays(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def orthogonal(self) -> bool:
        return True

    def __call__(self, a: tf.Tensor, tau: tf.Tensor, rate: float | tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        return a, tau + _uniform(tau, self.low, self.high)  # [B, R, K, L] + [B, 1, K, 1]


@dataclass(frozen=True)
class _Turn:
    """A frequency of each transmitter in hertz, uniform between bounds."""

    low: float
    high: float

    @property
    def delays(self) -> tuple[float, float]:
        return 0.0, 0.0

    @property
    def orthogonal(self) -> bool:
        return self.low == self.high == 0

    def __call__(self, a: tf.Tensor, tau: tf.Tensor, rate: float | tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        if rate is None:
            raise ValueError("detuned: expected a sampling_frequency, received None")
        time = tf.range(tf.shape(a)[6], dtype=tf.float64) / tf.cast(rate, tf.float64)  # [T]
        hertz = tf.cast(_uniform(tau, self.low, self.high), tf.float64)[:, :, None, :, :, None]  # [B, 1, 1, K, 1, 1]
        angle = 2 * math.pi * tf.math.floormod(hertz[..., None] * time, 1.0)  # [B, 1, 1, K, 1, 1, T]
        return a * tf.cast(tf.complex(tf.cos(angle), tf.sin(angle)), a.dtype), tau


@dataclass(frozen=True)
class _Caused:
    """An impairment of the paths; its key where it lasts."""

    impairment: Impairment
    grid: Grid
    key: Key | None

    @property
    def delays(self) -> tuple[float, float]:
        return self.impairment.delays(self.grid)

    @property
    def orthogonal(self) -> bool:
        return self.impairment.orthogonal

    def __call__(self, a: tf.Tensor, tau: tf.Tensor, rate: float | tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        if rate is None:
            raise ValueError("caused_by: expected a sampling_frequency, received None")
        batch, receivers, antennas, devices, streams, count, steps = _sizes(a)
        # an impairment knows one receiver: the others' paths stand beside its own, and streams are as antennas
        folded = tf.reshape(
            tf.transpose(a, [0, 2, 4, 3, 1, 5, 6]), [batch, antennas * streams, devices, receivers * count, steps]
        )
        delay = tf.reshape(tf.transpose(tau, [0, 2, 1, 3]), [batch, devices, receivers * count])
        folded, delay = tf.cast(folded, tf.complex64), tf.cast(delay, tf.float32)
        paths = Paths(folded, delay, tf.reduce_mean(squared(folded), axis=(1, 4)))
        with drawing() as key:
            key = key if self.key is None else self.key
            paths = self.impairment.apply(paths, self.grid, Span(0.0, steps, 1.0 / rate), key)
        steps = _sizes(paths.a)[4]
        changed = tf.reshape(paths.a, [batch, antennas, streams, devices, receivers, count, steps])
        moved = tf.reshape(paths.tau, [batch, devices, receivers, count])
        changed, moved = tf.transpose(changed, [0, 4, 1, 3, 2, 5, 6]), tf.transpose(moved, [0, 2, 1, 3])
        return tf.cast(changed, a.dtype), tf.cast(moved, tau.dtype)


def _bounds(name: str, low: float, high: float | None) -> tuple[float, float]:
    high = low if high is None else high
    if not low <= high:
        raise ValueError(f"{name}: expected bounds in order, received {low:g} and {high:g}")
    return low, high


def _uniform(tau: tf.Tensor, low: float, high: float) -> tf.Tensor:
    """One value a transmitter, [B, 1, K, 1]."""
    if low == high:
        return tf.fill([1, 1, 1, 1], tf.constant(low, tau.dtype))
    return config.tf_rng.uniform([tf.shape(tau)[0], 1, tf.shape(tau)[2], 1], low, high, tau.dtype)


def _sizes(tensor: tf.Tensor) -> list[Any]:
    """The shape: whole numbers where they are known, tensors elsewhere."""
    shape = tf.shape(tensor)
    return [shape[axis] if size is None else size for axis, size in enumerate(tensor.shape)]
