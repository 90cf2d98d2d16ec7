"""Power amplifier (PA) that saturates, Rapp's model: large samples shrink, x / (1 + (|x|/A)^(2p))^(1/(2p))."""

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
class Amplifier(Steady):
    """Rapp's model of a power amplifier that saturates, the same in every device.

        y = x / (1 + (|x| / A)^(2 p))^(1 / (2 p)),   p the ``smoothness``.

    A^2, the saturation power, lies ``backoff_db`` above P = 1, the mean power of a device that spends its whole budget.
    An OFDM waveform is nearly Gaussian, so what comes out is alpha x plus a distortion that is not correlated with x
    (Bussgang), and alpha is the mean effect at P = 1. For p to infinity, a soft limiter, alpha = 1 - exp(-g^2) +
    sqrt(pi) g erfc(g)/2 with g = A. Rapp, "Effects of HPA-nonlinearity on a 4-DPSK/OFDM-signal for a digital sound
    broadcasting system", ECSC 1991; Ochiai, Imai, "Performance analysis of deliberately clipped OFDM signals", IEEE
    Trans. Commun. 50(1), 2002.

    At an oversampling of 1 all of the distortion falls into the band; at 2 or 4 a part goes beside it and is gone.

    >>> import tensorflow as tf
    >>> from overair.phy import Amplifier, Grid, Span, keys
    >>> grid = Grid()
    >>> wave = tf.constant([[[0.1, 1.0, 10.0]]], tf.complex64)  # [batch, devices, samples]
    >>> sent = Amplifier(backoff_db=0.0).distort(wave, grid, Span(0.0, 3, grid.sample), keys.key(0), tf.range(1))
    >>> tf.abs(sent).numpy().round(2).astype(str).tolist()
    [[['0.1', '0.84', '1.0']]]
    """

    backoff_db: float = 6.0
    """Input back-off (IBO), in dB; saturation power over P, to be compared with the PAPR of waveforms."""
    smoothness: Annotated[float, Ge(0.5), Le(1e6)] = 2.0
    """Of the knee, Rapp's p."""
    seen: ClassVar[bool] = True
    lasting: ClassVar[bool] = True
    stage: ClassVar[Stage] = "transmit"
    orthogonal: ClassVar[bool] = False
    scales: ClassVar[bool] = False
    homogeneous: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.backoff_db):
            raise ValueError(f"amplifier.backoff_db: expected a finite number, received {self.backoff_db:g}")
        if abs(self.backoff_db) > 300:
            raise ValueError(f"amplifier.backoff_db: expected -300 to 300 dB, received {self.backoff_db:g}")

    def delays(self, grid: Grid) -> tuple[float, float]:
        return 0.0, 0.0

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        return paths._replace(a=paths.a * self.gain, power=paths.power * self.gain**2)

    def distort(self, wave: tf.Tensor, grid: Grid, span: Span, key: Key, devices: tf.Tensor) -> tf.Tensor:
        excess = squared(wave) * 10 ** (-self.backoff_db / 10)  # |x|^2/A^2
        return wave * tf.cast(_compression(excess, self.smoothness), wave.dtype)

    @cached_property
    def gain(self) -> float:
        """alpha: of an exponential power u, the mean of u times the compression at u."""
        edges = np.linspace(0.0, 7.0, 20_001)  # amplitudes
        amplitude = (edges[1:] + edges[:-1]) / 2
        excess = amplitude**2 * 10 ** (-self.backoff_db / 10)
        weight = 2 * amplitude**3 * np.exp(-(amplitude**2)) * np.diff(edges)
        with tf.init_scope():
            return float(np.sum(weight * _compression(tf.constant(excess), self.smoothness).numpy()))


def _compression(excess: tf.Tensor, smoothness: float) -> tf.Tensor:
    """What is left of an amplitude, from |x|^2/A^2: (1 + excess^p)^(-1/(2p)), without overflow."""
    loud = smoothness * tf.math.log(tf.maximum(excess, 1e-30))
    return tf.exp(-tf.math.softplus(loud) / (2 * smoothness))
