"""Phase noise of a free-running oscillator: a Wiener phase, one a device or one that all antennas of the receiver share.

Over dt seconds the phase gains a Gaussian step of variance 2 pi linewidth dt, with the linewidth the full width of the
oscillator's Lorentzian spectrum at half its power; the autocorrelation of exp(j phi) is exp(-pi linewidth |dt|). The phase
is 0 at the start of the data and walks both ways from there, so a channel that was sounded earlier has turned since.
Small linewidths turn subcarriers together and leak pi linewidth/(3 spacing) of the power between them (Pollet, van Bladel,
Moeneclaey, "BER sensitivity of OFDM systems to carrier frequency offset and Wiener phase noise", IEEE Trans. Commun.
43(2/3/4), 1995; Demir, Mehrotra, Roychowdhury, IEEE Trans. Circuits Syst. I 47(5), 2000, for the convention).

The phase is held over a sample of the grid, at any oversampling. ``apply`` is the mean of exp(j phi) over each of the
receiver's windows, which is what pilots among the data would tell; the delays of paths are not counted in it.
"""

import math
from typing import Annotated, ClassVar

import numpy as np
import tensorflow as tf
from annotated_types import Ge
from pydantic.dataclasses import dataclass

from .. import keys
from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span
from . import Stage, scaled


@dataclass(frozen=True)
class PhaseNoise:
    """Linewidth in Hz; one common oscillator at the receiver, or one a device; seen by the transmitters or not."""

    linewidth: Annotated[float, Ge(0)] = 0.0
    common: bool = False
    seen: bool = False
    lasting: ClassVar[bool] = False
    scales: ClassVar[bool] = False
    homogeneous: ClassVar[bool] = True

    @property
    def stage(self) -> Stage:
        return "receive" if self.common else "transmit"

    @property
    def orthogonal(self) -> bool:
        return self.linewidth == 0

    def delays(self, grid: Grid) -> tuple[float, float]:
        return 0.0, 0.0

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        if self.orthogonal:
            return paths
        batch, opens = tf.shape(paths.tau)[0], grid.prefix - grid.advance
        first, count = span.first * grid.symbol_samples, span.steps * grid.symbol_samples

        def mean(device: tf.Tensor) -> tf.Tensor:
            turns = _turns(self._walk(keys.fold(key, device), grid, first, count, batch))
            turns = tf.reshape(turns, [-1, span.steps, grid.symbol_samples])
            return tf.reduce_mean(turns[..., opens : opens + grid.subcarriers], axis=-1)  # [B, T]

        oscillators = tf.range(1 if self.common else paths.tau.shape[1])
        factor = tf.transpose(tf.map_fn(mean, oscillators, fn_output_signature=tf.complex64), [1, 0, 2])  # [B, K, T]
        return scaled(paths, factor[:, None, :, None], tf.constant(self._kept(grid), tf.float32))

    def distort(self, wave: tf.Tensor, grid: Grid, span: Span, key: Key, devices: tf.Tensor) -> tf.Tensor:
        if self.orthogonal:
            return wave
        batch, oversampling = tf.shape(wave)[0], round(grid.sample / span.seconds)
        first, count = span.first // oversampling, -(-wave.shape[-1] // oversampling)

        def walk(device: tf.Tensor) -> tf.Tensor:
            return self._walk(keys.fold(key, device), grid, first, count, batch)

        if self.common:
            walks = walk(tf.constant(0))[:, None]  # [B, 1, S]
        else:
            walks = tf.map_fn(walk, devices, fn_output_signature=tf.float32)
            walks = tf.transpose(tf.reshape(walks, [tf.size(devices), batch, count]), [1, 0, 2])  # [B, C, S]
        turns = _turns(walks)
        if oversampling > 1:
            turns = tf.repeat(turns, oversampling, axis=-1)[..., : wave.shape[-1]]
        return wave * turns

    def _walk(self, key: Key, grid: Grid, first: int, count: int, batch: tf.Tensor) -> tf.Tensor:
        """One oscillator's phase over samples of the grid, [B, S], 0 at the start of the data."""
        step = (2 * math.pi * self.linewidth * grid.sample) ** 0.5
        before, after = max(0, -first), max(1, first + count)
        steps = keys.normal(keys.fold(key, "after"), [after - 1, batch])
        late = tf.pad(tf.cumsum(steps), [[1, 0], [0, 0]])
        early = tf.cumsum(keys.normal(keys.fold(key, "before"), [before, batch]))[::-1]
        whole = tf.concat([early, late], 0)[first + before : first + before + count]  # from sample -before on
        return step * tf.transpose(whole)

    def _kept(self, grid: Grid) -> float:
        """The mean power of the mean over a window."""
        lag, count = np.arange(1, grid.subcarriers), grid.subcarriers
        alike = np.exp(-math.pi * self.linewidth * lag * grid.sample)
        return float((count + 2 * np.sum((count - lag) * alike)) / count**2)


def _turns(phase: tf.Tensor) -> tf.Tensor:
    return tf.complex(tf.cos(phase), tf.sin(phase))
