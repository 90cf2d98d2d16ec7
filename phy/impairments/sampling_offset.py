"""Sampling clock offset (SCO): a device's converter runs delta_k too fast, its waveform is read at n (1 + delta_k)."""

import math
from typing import ClassVar

import numpy as np
import tensorflow as tf

from .. import keys
from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span
from ..strict import dataclass
from ..waveform import REACH, pulse
from . import Stage, Steady, each

BINS = 192  # of a block's transform, if shifts are small


@dataclass(frozen=True)
class SamplingOffset(Steady):
    """Uniform between two bounds, one offset a device.

        y[n] = x(n (1 + delta_k)),   delta_k uniform(low, high) millionths.

    Time 0 is the start of the data. Symbol after symbol the receiver's windows slip, and subcarrier f turns by 2 pi f
    delta n/N, n the middle of the window, with a little leakage between subcarriers (Pollet, Spruyt, Moeneclaey, "The
    BER performance of OFDM systems using non-synchronized sampling", GLOBECOM 1994). The waveform is interpolated with
    the pulse of ``waveform.py``: right to 80 dB at an oversampling of 2; at 1 that pulse is wrong near the edges of the
    band.

    A delay of paths has no time axis, so the mean effect ``apply`` says none: what is known is the channel at the start
    of the data, where all clocks agree, and the slip since then is what nobody knows. Sounding before the data feels it
    too.

    >>> import tensorflow as tf
    >>> from overair.phy import Grid, SamplingOffset, Span, keys
    >>> grid, offset = Grid(), SamplingOffset(low=-20.0, high=20.0)
    >>> wave = tf.ones([1, 3, 2 * grid.symbol_samples], tf.complex64)  # [batch, devices, samples]
    >>> offset.distort(wave, grid, Span(0.0, wave.shape[2], grid.sample), keys.key(0), tf.range(3)).shape
    TensorShape([1, 3, 160])
    """

    low: float = 0.0
    """Least offset, in parts per million."""
    high: float = 0.0
    """Largest offset, in parts per million."""
    seen: bool = False
    """Whether the transmitters' CSI includes it."""
    lasting: bool = True
    """Whether it is drawn once for all rounds."""
    stage: ClassVar[Stage] = "transmit"
    scales: ClassVar[bool] = False
    homogeneous: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"sampling_offset.high: expected at least low = {self.low:g}, received {self.high:g}")
        for name in ("low", "high"):
            if abs(getattr(self, name)) > 1000:
                raise ValueError(
                    f"sampling_offset.{name}: expected within +-1000 ppm, received {getattr(self, name):g}"
                )

    @property
    def orthogonal(self) -> bool:
        return self.low == self.high == 0

    def delays(self, grid: Grid) -> tuple[float, float]:
        return 0.0, 0.0

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        return paths

    def distort(self, wave: tf.Tensor, grid: Grid, span: Span, key: Key, devices: tf.Tensor) -> tf.Tensor:
        if self.orthogonal:
            return wave
        length = wave.shape[-1]
        most = max(abs(self.low), abs(self.high)) * 1e-6
        reach = REACH + 1 + math.ceil(most * (max(abs(span.first), abs(span.first + length)) + BINS))
        bins = BINS * max(1, 2 ** math.ceil(math.log2(4 * reach / BINS)))
        block = bins - 2 * reach
        count = -(-length // block)
        rate = 1e-6 * each(lambda shape: keys.uniform(key, shape, self.low, self.high), tf.shape(wave)[0], devices)
        knot = span.first + block * np.arange(count + 1)  # shifts are exact at blocks' edges, and interpolated between
        shift = rate[..., None] * tf.constant(knot, tf.float32)  # [B, C, J+1]
        taps = pulse(np.arange(-reach, reach + 1, dtype=np.float32) - shift[..., None])
        response = _spectrum(tf.complex(taps, tf.zeros_like(taps)), bins)  # [B, C, J+1, bins]
        margins = [reach, reach + count * block - length]
        frames = tf.signal.frame(tf.pad(wave, [[0, 0], [0, 0], margins]), bins, block)
        spectra = tf.signal.fft(frames)  # [B, C, J, bins]
        share = tf.constant(np.arange(block) / block, wave.dtype)
        at_start, at_end = (
            tf.signal.ifft(spectra * tf.math.conj(edge))[..., :block]
            for edge in (response[:, :, :-1], response[:, :, 1:])
        )
        read = at_start + share * (at_end - at_start)
        return tf.reshape(read, tf.concat([tf.shape(wave)[:2], [count * block]], 0))[..., :length]


def _spectrum(taps: tf.Tensor, bins: int) -> tf.Tensor:
    return tf.signal.fft(tf.pad(taps, [[0, 0]] * (taps.shape.rank - 1) + [[0, bins - taps.shape[-1]]]))
