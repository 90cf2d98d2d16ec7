"""Quantised receiver (ADC): each antenna's converter has few bits for the real and as many for the imaginary part."""

import math
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from ..arithmetic import squared
from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span
from ..strict import dataclass
from . import Stage, Steady


@dataclass(frozen=True)
class QuantizedReceiver(Steady):
    """A uniform quantiser behind gain control, for each antenna.

        y = step (floor(x / step) + 1/2) of the real and of the imaginary part, clipped to 2^bits levels.

    Automatic gain control sets full scale to ``headroom`` deviations of what the antenna receives over the round, and a
    uniform midrise quantiser of 2^bits levels clips what is beyond: step = 2 headroom deviation / 2^bits. Between the
    clips that adds step^2/12 to each part. For a Gaussian signal of deviation 1 the output is alpha times the input
    plus what is not correlated with it (Bussgang), alpha = step * sum_i phi(t_i) over the thresholds t_i, phi the
    normal density, and this is the mean effect ``apply``. Mezghani, Nossek, "Capacity lower bound of MIMO channels with
    output quantization and correlated noise", ISIT 2012; Jacobsson et al., "Throughput analysis of massive MIMO uplink
    with low-resolution ADCs", IEEE Trans. Wireless Commun. 16(6), 2017.

    Rounding passes gradients as if it were not there, so what is trained through it can learn.

    >>> import numpy as np, tensorflow as tf
    >>> from overair.phy import Grid, QuantizedReceiver, Span, keys
    >>> grid = Grid()
    >>> wave = keys.complex_normal(keys.key(0), [1, 2, 10 * grid.symbol_samples])  # [batch, antennas, samples]
    >>> span = Span(0.0, wave.shape[2], grid.sample)
    >>> read = QuantizedReceiver(bits=2).distort(wave, grid, span, keys.key(1), tf.range(2))
    >>> len(np.unique(read.numpy()[0, 0].real))
    4
    """

    bits: Annotated[int, Ge(1), Le(16)] = 8
    """Resolution of each real dimension, in bits."""
    headroom: Annotated[float, Ge(1e-6), Le(1e6)] = 4.0
    """Full scale in standard deviations of the signal."""
    seen: ClassVar[bool] = True
    lasting: ClassVar[bool] = True
    stage: ClassVar[Stage] = "receive"
    orthogonal: ClassVar[bool] = False
    scales: ClassVar[bool] = False
    homogeneous: ClassVar[bool] = True

    def delays(self, grid: Grid) -> tuple[float, float]:
        return 0.0, 0.0

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        return paths._replace(a=paths.a * self.gain, power=paths.power * self.gain**2)

    def distort(self, wave: tf.Tensor, grid: Grid, span: Span, key: Key, devices: tf.Tensor) -> tf.Tensor:
        power = self._loudness(squared(wave), round(grid.symbol_seconds / span.seconds))  # [B, A, 1]
        some = power > 0  # the root of nothing has no gradient
        step = self._step * tf.where(some, tf.sqrt(tf.where(some, power, 1.0) / 2), 0.0)
        return tf.complex(self._read(tf.math.real(wave), step), self._read(tf.math.imag(wave), step))

    @staticmethod
    def _loudness(power: tf.Tensor, symbol: int) -> tf.Tensor:
        """Mean power of the OFDM symbols that hold at least half as much as the loudest: silence sets no scale."""
        whole = power[..., : power.shape[-1] // symbol * symbol] if power.shape[-1] > symbol else power
        count = max(1, whole.shape[-1] // symbol)
        each = tf.reduce_mean(tf.reshape(whole, [*tf.unstack(tf.shape(whole)[:-1]), count, -1]), axis=-1)  # [B, A, T]
        loud = tf.cast(each >= 0.5 * tf.reduce_max(each, axis=-1, keepdims=True), each.dtype)
        return tf.reduce_sum(loud * each, -1, keepdims=True) / tf.reduce_sum(loud, -1, keepdims=True)

    @cached_property
    def gain(self) -> float:
        """alpha."""
        thresholds = self._step * np.arange(1 - 2 ** (self.bits - 1), 2 ** (self.bits - 1))
        return float(self._step * np.sum(np.exp(-(thresholds**2) / 2)) / math.sqrt(2 * math.pi))

    @property
    def _step(self) -> float:
        """For a signal of deviation 1."""
        return 2 * self.headroom / 2**self.bits

    def _read(self, part: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        top = 2.0 ** (self.bits - 1)  # full scale in steps
        place = tf.clip_by_value(tf.math.divide_no_nan(part, step), -top, top)
        level = tf.clip_by_value(tf.floor(place) + 0.5, 0.5 - top, top - 0.5)
        return step * (place + tf.stop_gradient(level - place))
