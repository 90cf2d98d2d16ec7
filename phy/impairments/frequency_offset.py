"""Carrier frequency offset (CFO): each device's carrier is eps_k subcarrier spacings off, and its waveform turns."""

import math
from typing import Annotated, ClassVar

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from .. import keys
from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span
from ..strict import dataclass
from . import Stage, each, scaled, turn


@dataclass(frozen=True)
class FrequencyOffset:
    """A uniform and a Gaussian part, one offset a device.

        x_k[n] exp(j 2 pi eps_k n / N),   eps_k = uniform(low, high) + deviation * normal, in subcarrier spacings.

    Sample n is turned by exp(j 2 pi eps n/N), counted from the start of the data, where the phase is 0. Over the
    receiver's window a subcarrier keeps c_0 = sin(pi eps)/(N sin(pi eps/N)) of its amplitude, at the phase that the
    middle of the window has, and 1 - |c_0|^2 of its power goes to other subcarriers (Moose, "A technique for orthogonal
    frequency division multiplexing frequency offset correction", IEEE Trans. Commun. 42(10), 1994).

    ``apply`` is that mean effect. A path carries the phase with which it was sent, so what delays paths should stand
    before this in the list of impairments. With oversampling the phase is 0 in the middle of the grid's first sample,
    so that it is the same in the middle of every window; a little of the power then leaks past the edges of the band
    and is gone.

    >>> from overair.phy import Awgn, FrequencyOffset, Grid, Size, Span, keys
    >>> paths = Awgn().draw(Size(1, 1, 5), Span(0.0, 14, 83e-6), keys.key(0), keys.key(0, "place"))
    >>> mean = FrequencyOffset(low=0.1, high=0.1).apply(paths, Grid(), Span(0.0, 14, 83e-6), keys.key(0, "carriers"))
    >>> mean.a.shape, round(float(abs(mean.a.numpy()).mean()), 3)  # turns from symbol to symbol, sin(0.1 pi)/(0.1 pi)
    (TensorShape([1, 1, 5, 1, 14]), 0.984)
    """

    low: Annotated[float, Ge(-1e9), Le(1e9)] = 0.0
    """Least offset, in subcarrier spacings."""
    high: Annotated[float, Ge(-1e9), Le(1e9)] = 0.0
    """Largest offset, in subcarrier spacings."""
    deviation: Annotated[float, Ge(0), Le(1e9)] = 0.0
    """Standard deviation of the Gaussian part, in subcarrier spacings."""
    seen: bool = False
    """Whether the transmitters' CSI includes it."""
    lasting: bool = False
    """Whether it is drawn once for all rounds."""
    stage: ClassVar[Stage] = "transmit"
    homogeneous: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"frequency_offset.high: expected at least low = {self.low:g}, received {self.high:g}")

    @property
    def orthogonal(self) -> bool:
        return self.low == self.high == self.deviation == 0

    @property
    def scales(self) -> bool:
        return self.lasting and (self.low < self.high or self.deviation > 0)

    def delays(self, grid: Grid) -> tuple[float, float]:
        return 0.0, 0.0

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        if self.orthogonal:
            return paths
        count = grid.subcarriers
        offset = self._offsets(tf.shape(paths.tau)[0], tf.range(paths.tau.shape[1]), key)  # [B, K]
        symbol = span.first + np.arange(span.steps)
        middle = symbol * grid.symbol_samples + grid.prefix - grid.advance + (count - 1) / 2
        kept = tf.math.divide_no_nan(tf.sin(math.pi * offset), count * tf.sin(math.pi * offset / count))
        kept = tf.where(offset == 0, tf.ones_like(kept), kept)
        over_time = turn(offset[..., None] * middle / count) * tf.cast(kept, tf.complex64)[..., None]  # [B, K, T]
        sent = turn(-offset[..., None] * grid.spacing * tf.cast(paths.tau, tf.float64))  # [B, K, L]
        factor = over_time[:, :, None] * sent[..., None]  # [B, K, L, T]
        return scaled(paths, factor[:, None], tf.cast(kept**2, tf.float32)[..., None])

    def correlation(self, lag: np.ndarray, grid: Grid) -> np.ndarray:
        """E exp(j 2 pi f lag) over the offsets f there can be."""
        turns = np.asarray(lag) * grid.spacing
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        spread = np.sinc(2 * half * turns) * np.exp(-2 * (math.pi * self.deviation * turns) ** 2)
        return spread * np.exp(2j * math.pi * middle * turns)

    def distort(self, wave: tf.Tensor, grid: Grid, span: Span, key: Key, devices: tf.Tensor) -> tf.Tensor:
        if self.orthogonal:
            return wave
        length = wave.shape[-1]
        oversampling = round(grid.sample / span.seconds)
        cycles = self._offsets(tf.shape(wave)[0], devices, key)[..., None] / (
            grid.subcarriers * oversampling
        )  # a sample
        fine = max(step for step in range(1, math.isqrt(length) + 1) if length % step == 0)
        first = span.first + (1 - oversampling) / 2
        coarse, rest = turn(cycles * (first + np.arange(0, length, fine))), turn(cycles * np.arange(fine))
        return wave * tf.reshape(coarse[..., :, None] * rest[..., None, :], tf.shape(wave))

    def _offsets(self, batch: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        """Offsets [B, C], in double precision: phases of long rounds count many turns."""
        uniform = each(lambda shape: keys.uniform(key, shape, self.low, self.high), batch, devices)
        normal = each(lambda shape: keys.normal(keys.fold(key, "normal"), shape), batch, devices)
        return tf.cast(uniform + self.deviation * normal, tf.float64)
