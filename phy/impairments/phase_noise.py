"""Phase noise (PN) of a free-running oscillator: a Wiener phase, of each device or of the whole receiver."""

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
from . import Stage, scaled


@dataclass(frozen=True)
class PhaseNoise:
    """One oscillator a device, or one at the receiver.

        x[n] exp(j phi[n]),   phi(t + dt) - phi(t) from N(0, 2 pi linewidth dt).

    Over dt seconds the phase gains a Gaussian step of variance 2 pi linewidth dt, with the linewidth the full width of
    the oscillator's Lorentzian spectrum at half its power; the autocorrelation of exp(j phi) is exp(-pi linewidth
    |dt|). The phase is 0 at the start of the data and walks both ways from there, so a channel that was sounded earlier
    has turned since. Small linewidths turn subcarriers together and leak pi linewidth/(3 spacing) of the power between
    them (Pollet, van Bladel, Moeneclaey, "BER sensitivity of OFDM systems to carrier frequency offset and Wiener phase
    noise", IEEE Trans. Commun. 43(2/3/4), 1995; Demir, Mehrotra, Roychowdhury, IEEE Trans. Circuits Syst. I 47(5),
    2000, for the convention).

    The phase is held over a sample of the grid, at any oversampling. ``apply`` is the mean of exp(j phi) over each of
    the receiver's windows, which is what pilots among the data would tell; the delays of paths are not counted in it.

    >>> import tensorflow as tf
    >>> from overair.phy import Grid, PhaseNoise, Span, keys
    >>> grid, noise = Grid(), PhaseNoise(linewidth=100.0)
    >>> wave = tf.ones([1, 3, 2 * grid.symbol_samples], tf.complex64)  # [batch, devices, samples] of two symbols
    >>> turned = noise.distort(wave, grid, Span(0.0, wave.shape[2], grid.sample), keys.key(0), tf.range(3))
    >>> bool((abs(tf.abs(turned) - 1) < 1e-5).numpy().all())
    True
    """

    linewidth: Annotated[float, Ge(0), Le(1e9)] = 0.0
    """Full width of the oscillator's spectrum at half its power, in Hz."""
    common: bool = False
    """Whether there is one oscillator, at the receiver, instead of one a device."""
    seen: bool = False
    """Whether the transmitters' CSI includes it."""
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
        first, count = span.first * grid.symbol_samples, span.steps * grid.symbol_samples
        turns = self._turns(tf.range(paths.tau.shape[1]), tf.shape(paths.tau)[0], grid, first, count, key, grid)
        return scaled(paths, turns[:, None, :, None], tf.constant(self._kept(grid), tf.float32))

    def correlation(self, lag: np.ndarray, grid: Grid) -> np.ndarray:
        """Of means over two windows, from the oscillator's exp(-pi linewidth |t|)."""
        apart = np.arange(1 - grid.subcarriers, grid.subcarriers)
        pairs, seconds = grid.subcarriers - np.abs(apart), apart * grid.sample
        alike = np.exp(-math.pi * self.linewidth * np.abs(np.asarray(lag)[..., None] + seconds))
        return (alike @ pairs) / grid.subcarriers**2 / self._kept(grid)

    def distort(self, wave: tf.Tensor, grid: Grid, span: Span, key: Key, devices: tf.Tensor) -> tf.Tensor:
        if self.orthogonal:
            return wave
        oversampling = round(grid.sample / span.seconds)
        first, count = span.first // oversampling, -(-wave.shape[-1] // oversampling)
        turns = self._turns(devices, tf.shape(wave)[0], grid, first, count, key)
        if oversampling > 1:
            turns = tf.repeat(turns, oversampling, axis=-1)[..., : wave.shape[-1]]
        return wave * turns

    def _turns(
        self,
        devices: tf.Tensor,
        batch: tf.Tensor,
        grid: Grid,
        first: int,
        count: int,
        key: Key,
        over: Grid | None = None,
    ) -> tf.Tensor:
        """exp(j phi) of some oscillators over samples of the grid, or its means over windows: [B, C or 1, S or T]."""
        step = (2 * math.pi * self.linewidth * grid.sample) ** 0.5
        turns = _walks(key, devices[:1] * 0 if self.common else devices, batch, step, first, count, over)
        return tf.transpose(turns, [1, 0, 2])

    def _kept(self, grid: Grid) -> float:
        """The mean power of the mean over a window."""
        lag, count = np.arange(1, grid.subcarriers), grid.subcarriers
        alike = np.exp(-math.pi * self.linewidth * lag * grid.sample)
        return float((count + 2 * np.sum((count - lag) * alike)) / count**2)


@tf.function(autograph=False)
def _walks(
    key: Key, devices: tf.Tensor, batch: tf.Tensor, step: float, first: int, count: int, over: Grid | None
) -> tf.Tensor:
    """Device by device, so that no more is held than what comes out, [C, B, S or T]."""

    def walk(device: tf.Tensor) -> tf.Tensor:
        phase = step * _walk(keys.fold(key, device), first, count, batch)
        turns = tf.complex(tf.cos(phase), tf.sin(phase))  # [B, S]
        if over is None:
            return turns
        opens, symbols = over.prefix - over.advance, count // over.symbol_samples
        windows = tf.reshape(turns, [-1, symbols, over.symbol_samples])[..., opens : opens + over.subcarriers]
        return tf.reduce_mean(windows, axis=-1)  # [B, T]

    present = tf.size(devices)
    some = tf.pad(devices, [[0, tf.cast(present == 0, tf.int32)]])  # TensorFlow cannot stack the walks of nobody
    return tf.map_fn(walk, some, fn_output_signature=tf.complex64)[:present]


def _walk(key: Key, first: int, count: int, batch: tf.Tensor) -> tf.Tensor:
    """A walk of steps of variance 1, [B, S], 0 at the start of the data."""
    before, after = max(0, -first), max(1, first + count)
    late = tf.pad(tf.cumsum(keys.normal(keys.fold(key, "after"), [after - 1, batch])), [[1, 0], [0, 0]])
    early = tf.cumsum(keys.normal(keys.fold(key, "before"), [before, batch]))[::-1]
    whole = tf.concat([early, late], 0)  # from sample -before on
    return tf.transpose(whole[first + before : first + before + count])
