"""The time domain: OFDM waveforms, and the channel as a filter that may change from block to block.

A device's symbols become a waveform (inverse transform and prefix), which is cut into blocks. Block j passes the
channel's taps of that moment, h_j[l] = sum_p a_p(j) p(l - tau_p W), with W the sampling rate and p a sinc under a
Kaiser window. The pieces overlap where delays carry one into the next, and are added. That is a product of spectra
for each block, so devices are added up as spectra, as on the frequency domain, and one inverse transform serves them
all: K devices cost no more memory than a few.

With taps held over a symbol a block is an OFDM symbol with its prefix. With taps that move from sample to sample the
blocks are triangles that overlap by half: the channel is then interpolated linearly between instants, up to eight in
a symbol. Sionna's ``cir_to_time_channel`` and ``ApplyTimeChannel`` compute the like with dense taps, one set a
sample.

``oversampling`` is the number of samples where the grid has one. At 2 the band's edges lie well inside what samples
can carry, the pulse is flat over all subcarriers to 80 dB, and what leaks past the band's edges is gone, as behind a
real filter. At 1 it is the discrete-time model of the textbooks: leakage folds back, whole-sample delays are exact,
and fractional ones are wrong near the edges of the band. The mean energy of a sample is that of an element, at any
rate.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import tensorflow as tf

from .documented import documented
from .grid import Grid
from .link import Paths, Span

REACH = 8  # samples of the pulse on either side
KAISER = 8.0  # shape of the window: 80 dB
KNOTS = 8  # instants of a moving channel in a symbol, at most


@documented
@dataclass(frozen=True)
class Waveform:
    """A grid's waveforms, and channels that filter them, through arrivals between two delays.

        y[n] = sum_l h_j[l] x[n - l],   h_j[l] = sum_p a_p(j) p(l - tau_p W),

    with W the sampling rate, p a sinc under a Kaiser window, and j the block that sample n lies in: an OFDM symbol
    where taps are held, else triangles that overlap.

    >>> import numpy as np, tensorflow as tf
    >>> from overair.phy import Grid, Waveform, keys
    >>> form = Waveform(Grid(), earliest=0.0, latest=1e-6)
    >>> x = keys.complex_normal(keys.key(0), [1, 2, 14, 64])  # symbols [batch, devices, T, F]
    >>> wave = form.modulate(x)
    >>> wave.shape, bool(np.allclose(form.demodulate(wave), x, atol=1e-4))
    (TensorShape([1, 2, 2240]), True)
    """

    grid: Grid  # OFDM numerology
    earliest: float  # delay in seconds
    latest: float  # delay in seconds
    held: bool = True  # whether taps are held over a symbol, or move from sample to sample
    oversampling: int = 2  # samples where the grid has one

    @property
    def sample(self) -> float:
        """Seconds of a sample."""
        return self.grid.sample / self.oversampling

    @property
    def symbol(self) -> int:
        """Samples of a symbol with its prefix."""
        return self.grid.symbol_samples * self.oversampling

    @cached_property
    def knots(self) -> int:
        """Instants a symbol at which the channel is taken."""
        return 1 if self.held else max(n for n in range(1, KNOTS + 1) if self.symbol % n == 0)

    @property
    def hop(self) -> int:
        """Samples from a block to the next."""
        return self.symbol // self.knots

    def steps(self, symbols: int) -> int:
        """Blocks of so many symbols."""
        return symbols if self.held else symbols * self.knots + 1

    def symbols(self, steps: int) -> int:
        """Symbols of so many blocks."""
        return steps if self.held else (steps - 1) // self.knots

    def span(self, of: Span) -> Span:
        """A span of symbols as one of blocks."""
        return Span(of.start, self.steps(of.steps), of.seconds / self.knots, of.first * self.knots)

    @cached_property
    def first(self) -> int:
        """The first tap."""
        return math.floor(self.earliest / self.sample) - REACH

    @cached_property
    def taps(self) -> int:
        """How many taps."""
        return math.ceil(self.latest / self.sample) + REACH - self.first + 1

    @cached_property
    def bins(self) -> int:
        """The length of a block's transform: room for the block and its echoes, with small prime factors."""
        least = self._block + self.taps - 1
        lengths = [n * 2**p for n in (1, 3, 5, 9, 15) for p in range(24) if n * 2**p >= least]
        if not lengths:
            raise ValueError(
                f"air.oversampling: expected blocks of at most {15 * 2**23} samples in the time domain, received "
                f"{least}; take fewer subcarriers, or shorter delays and offsets"
            )
        return min(lengths)

    @property
    def _block(self) -> int:
        return self.hop if self.held else 2 * self.hop

    @property
    def _beside(self) -> list[int]:
        """Empty subcarriers below and above the grid's own."""
        empty = (self.oversampling - 1) * self.grid.subcarriers
        own_zero, zero = self.grid.subcarriers // 2, self.oversampling * self.grid.subcarriers // 2
        return [zero - own_zero, empty - (zero - own_zero)]

    def modulate(self, x: tf.Tensor) -> tf.Tensor:
        """Symbols [..., T, F] as a waveform [..., S]."""
        wide = tf.pad(x, [[0, 0]] * (x.shape.rank - 1) + [self._beside])
        body = tf.signal.ifft(tf.signal.ifftshift(wide, axes=-1))  # [..., T, N]
        body *= self.oversampling * self.grid.subcarriers**0.5
        whole = tf.concat([body[..., body.shape[-1] - self.oversampling * self.grid.prefix :], body], -1)
        return tf.reshape(whole, tf.concat([tf.shape(x)[:-2], [x.shape[-2] * self.symbol]], 0))

    def demodulate(self, wave: tf.Tensor) -> tf.Tensor:
        """A waveform [..., S] as symbols [..., T, F]; what a window that opens early does to phases is made good."""
        grid = self.grid
        shape = tf.concat([tf.shape(wave)[:-1], [wave.shape[-1] // self.symbol, self.symbol]], 0)
        opens = self.oversampling * (grid.prefix - grid.advance)
        window = tf.reshape(wave, shape)[..., opens : opens + self.oversampling * grid.subcarriers]
        below, above = self._beside
        field = tf.signal.fftshift(tf.signal.fft(window), axes=-1)
        field = field[..., below : field.shape[-1] - above] / (self.oversampling * grid.subcarriers**0.5)
        if not grid.advance:
            return field
        place = np.arange(grid.subcarriers) - grid.subcarriers // 2
        return field * tf.constant(np.exp(2j * np.pi * place * grid.advance / grid.subcarriers), field.dtype)

    def cut(self, wave: tf.Tensor) -> tf.Tensor:
        """The spectra of a waveform's blocks: [..., S] to [..., J, bins]."""
        outer, count, no_pad = tf.shape(wave)[:-1], wave.shape[-1] // self.hop, [[0, 0]] * (wave.shape.rank - 1)
        if self.held:
            blocks = tf.reshape(wave, tf.concat([outer, [count, self.hop]], 0))
        else:
            halves = tf.pad(wave, [*no_pad, [self.hop, self.hop]])
            halves = tf.reshape(halves, tf.concat([outer, [count + 2, self.hop]], 0))
            rise = tf.constant(np.arange(self.hop) / self.hop, wave.dtype)
            blocks = tf.concat([halves[..., :-1, :] * rise, halves[..., 1:, :] * (1 - rise)], -1)
        return tf.signal.fft(tf.pad(blocks, [*no_pad, [0, 0], [0, self.bins - self._block]]))

    def join(self, spectra: tf.Tensor) -> tf.Tensor:
        """The waveform [..., S] from the spectra of its blocks [..., J, bins]."""
        length = self.symbols(spectra.shape[-2]) * self.symbol
        wave = tf.signal.overlap_and_add(tf.signal.ifft(spectra), self.hop)
        start = -self.first + (0 if self.held else self.hop)
        late = max(0, start + length - wave.shape[-1])
        wave = tf.pad(wave, [[0, 0]] * (wave.shape.rank - 1) + [[max(0, -start), late]])
        start = max(0, start)
        return wave[..., start : start + length]

    def response(self, paths: Paths) -> tf.Tensor:
        """The spectra of the taps, [B, A, K, J, bins]; J is 1 where nothing moves."""
        lag = self.first + tf.range(self.taps, dtype=tf.float32) - paths.tau[..., None] / self.sample
        taps = tf.matmul(paths.a, tf.cast(pulse(lag), paths.a.dtype)[:, None], transpose_a=True)  # [B, A, K, J, taps]
        return tf.signal.fft(tf.pad(taps, [[0, 0]] * 4 + [[0, self.bins - self.taps]]))

    def over_symbols(self, paths: Paths) -> Paths:
        """Paths at the instants of blocks as their means over the receiver's windows, one a symbol."""
        if self.held or paths.steps == 1:
            return paths
        sample = self.oversampling * (self.grid.prefix - self.grid.advance) + np.arange(
            self.oversampling * self.grid.subcarriers
        )
        knot = np.arange(self.knots + 1)[:, None] * self.hop
        shares = np.maximum(0, 1 - np.abs(sample - knot) / self.hop).mean(axis=1)  # of the instants of a symbol
        symbols = self.symbols(paths.steps)
        return paths._replace(
            a=tf.add_n([share * paths.a[..., i :: self.knots][..., :symbols] for i, share in enumerate(shares)])
        )


def pulse(lag: tf.Tensor) -> tf.Tensor:
    """A sinc under a Kaiser window, at lags in samples; 1 at zero and 0 at every other whole number."""
    angle = math.pi * lag
    near = tf.abs(angle) < 1e-4
    sinc = tf.where(near, tf.ones_like(lag), tf.sin(angle) / tf.where(near, tf.ones_like(lag), angle))
    inside = tf.maximum(0.0, 1.0 - tf.square(lag / (REACH + 1)))
    window = tf.math.bessel_i0(KAISER * tf.sqrt(inside)) / float(np.i0(KAISER))
    return tf.where(tf.abs(lag) < REACH + 1, sinc * window, 0.0)
