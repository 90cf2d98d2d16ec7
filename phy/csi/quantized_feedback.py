"""Quantised CSI (limited feedback): as the round begins a device is told its channel, a few bits a subcarrier."""

import math
from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le
from scipy.special import gammaincc

from ..beliefs import CorrelatedTable
from ..grid import Grid
from ..keys import Key
from ..link import ResponseTable
from ..strict import dataclass
from . import Free, Observation


@dataclass(frozen=True)
class QuantizedFeedback(Free):
    """Bits for the phase and for the amplitude of each subcarrier and antenna.

    The phase falls into one of 2^p sectors, so what is left of it is uniform on +-pi/2^p and an inverted gain keeps
    sin(x)/x of its mean, x = pi/2^p. The amplitude falls into one of 2^a classes that are equally likely under Rayleigh
    fading, |h|^2/mean between -ln(1 - i/2^a) and the next, and is taken to be the mean amplitude of its class. One bit
    is p = 1, a = 0: a sign. With a = 0 all amplitudes are believed to be the mean one, and with p = 0 all phases to be
    0.

    Under circular fading E[h | told] = told sin(x)/x; that is the best estimate, and what it lacks has the mean power
    E|h|^2 - (sin(x)/x)^2 E|told|^2. Told nothing, nothing is known. Where the channel moves, what was told ages by the
    channel's correlation over time. Classes are Rayleigh's and phases uniform whatever fades: of a line of sight they
    say less than they could, and without fading, where a phase of 0 always lies at the edge of a sector, too much.

    >>> from overair.phy import Air, Grid, QuantizedFeedback, Rayleigh, keys
    >>> air = Air(Grid(subcarriers=8, prefix=2), Rayleigh(), devices=3, csit=QuantizedFeedback(1, 0))
    >>> air.csit.bits(air.grid, antennas=1)  # to each device
    8.0
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1)
    >>> link.response(of=link.transmitters).shape
    TensorShape([1, 1, 3, 1, 8])
    """

    phase_bits: Annotated[int, Ge(0), Le(16)] = 3
    """Size of a subcarrier's phase at each antenna, in bits."""
    amplitude_bits: Annotated[int, Ge(0), Le(16)] = 2
    """Size of a subcarrier's amplitude at each antenna, in bits."""

    def bits(self, grid: Grid, antennas: int) -> float:
        return float((self.phase_bits + self.amplitude_bits) * grid.subcarriers * antennas)

    def believe(self, observed: Observation, key: Key) -> CorrelatedTable:
        h = observed.now.at(0, 1).response(observed.grid.frequencies)  # [B, A, K, 1, F]
        mean = observed.power[:, None, :, None, None]  # [B, 1, K, 1, 1]
        edges, levels = _classes(2**self.amplitude_bits)
        strength = tf.math.divide_no_nan(tf.abs(h) ** 2, mean)
        classes = tf.searchsorted(tf.constant(edges, tf.float32), tf.reshape(strength, [-1]), side="right")
        size = tf.sqrt(mean) * tf.reshape(tf.gather(tf.constant(levels, tf.float32), classes), tf.shape(h))
        sector = 2.0 * math.pi / 2**self.phase_bits
        phase = (tf.floor(tf.math.angle(h) / sector) + 0.5) * sector if self.phase_bits else tf.zeros_like(strength)
        told = ResponseTable(tf.complex(size * tf.cos(phase), size * tf.sin(phase)))
        symbols = np.arange(observed.now.steps)[None]
        share = tf.math.divide_no_nan(observed.now.power, observed.power[..., None])[..., None]  # [B, K, L, 1]
        power = observed.power[:, :, None, None]
        return CorrelatedTable(
            told,
            observed.kept(0 * symbols, symbols),
            tf.cast(self._centre * share, h.dtype),
            float(np.mean(levels**2)) * power,
            power,
        )

    @property
    def _centre(self) -> float:
        """The mean of exp(j phase) over half a sector to either side, sin(x)/x; of the whole circle exactly 0."""
        return float(np.sinc(0.5**self.phase_bits)) if self.phase_bits else 0.0


def _classes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Inner edges of equally likely classes of |h|^2, exponential of mean 1, and the mean of |h| in each."""
    edges = -np.log1p(-np.arange(count) / count)
    above = math.gamma(1.5) * np.append(gammaincc(1.5, edges), 0.0)  # integral of sqrt(x) exp(-x) from the edge
    return edges[1:], (above[:-1] - above[1:]) * count
