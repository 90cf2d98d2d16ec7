"""Blocks of a waveform have room for their echoes: what leaves a block's end enters the next, never its own start."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.signal.windows import kaiser

from overair.phy import Grid, Paths, Span, Waveform, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
HALF_PULSE, FINE = 9, 4  # samples, and points a sample at which scipy gives the window


def pulse(delay: float, lags: np.ndarray) -> np.ndarray:
    """A sinc under scipy's Kaiser window at quarters of a sample."""
    window = kaiser(2 * HALF_PULSE * FINE + 1, 8.0)
    place = np.rint((lags - delay + HALF_PULSE) * FINE).astype(int)
    inside = (place >= 0) & (place < window.size)
    return np.where(inside, window[np.clip(place, 0, window.size - 1)] * np.sinc(lags - delay), 0.0)


@pytest.mark.parametrize("latest", range(17))  # among them some whose transform has no bin to spare
def test_blocks_add_up_to_the_convolution_of_the_whole_waveform(latest: int) -> None:
    delays = np.array([0.25, latest + 0.5]) * (latest > 0)
    domain = Waveform(GRID, 0.0, float(delays[1]) * GRID.sample, oversampling=1)
    wave = keys.complex_normal(keys.key(latest), [1, 1, 5 * domain.symbol])
    gains = np.array([0.6, 0.8j])
    tau = tf.constant(delays[None, None] * GRID.sample, tf.float32)
    paths = Paths(tf.constant(gains[None, None, None, :, None], tf.complex64), tau, tf.ones_like(tau))
    heard = domain.join(domain.cut(wave) * domain.response(paths)[:, 0])[0, 0]
    lags = np.arange(-40, 41)
    taps = sum(gain * pulse(delay, lags) for gain, delay in zip(gains, delays, strict=True))
    expected = np.convolve(wave[0, 0].numpy(), taps)[40 : 40 + wave.shape[2]]
    np.testing.assert_allclose(heard, expected, atol=2e-5)  # transforms of 100 float32 numbers, delays of float32


@pytest.mark.parametrize("advance", [0, 3])
def test_means_over_the_receivers_windows_are_exact_for_paths_that_grow_steadily(advance: int) -> None:
    grid = Grid(subcarriers=32, symbols=4, prefix=8, advance=advance)
    domain = Waveform(grid, 0.0, 0.0, held=False, oversampling=2)
    samples = np.arange(domain.steps(4)) * domain.hop
    tau = tf.zeros([1, 1, 1])
    mean = domain.over_symbols(Paths(tf.constant(samples[None, None, None, None], tf.complex64), tau, tau)).a
    middle = 2 * (8 - advance) + (2 * 32 - 1) / 2  # of a window, in samples of its symbol
    np.testing.assert_allclose(mean[0, 0, 0, 0], np.arange(4) * domain.symbol + middle, rtol=1e-6)


def test_blocks_begin_when_their_symbols_do_before_the_data_too() -> None:
    domain, span = Waveform(GRID, 0.0, 0.0, held=False), Span(0.0, 6, GRID.symbol_seconds, -2)
    blocks = domain.span(span)
    np.testing.assert_allclose(blocks.times()[:: domain.knots][:6], span.times(), rtol=1e-6, atol=1e-12)
    assert blocks.steps == 6 * domain.knots + 1 and blocks.first == -2 * domain.knots
