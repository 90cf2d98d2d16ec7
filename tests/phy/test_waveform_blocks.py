"""Blocks of a waveform have room for their echoes: what leaves a block's end enters the next, never its own start."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.signal.windows import kaiser

from overair.phy import Grid, Paths, Waveform, keys

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
    road = Waveform(GRID, 0.0, float(delays[1]) * GRID.sample, oversampling=1)
    wave = keys.complex_normal(keys.key(latest), [1, 1, 5 * road.symbol])
    gains = np.array([0.6, 0.8j])
    tau = tf.constant(delays[None, None] * GRID.sample, tf.float32)
    paths = Paths(tf.constant(gains[None, None, None, :, None], tf.complex64), tau, tf.ones_like(tau))
    heard = road.join(road.cut(wave) * road.response(paths)[:, 0])[0, 0]
    lags = np.arange(-40, 41)
    taps = sum(gain * pulse(delay, lags) for gain, delay in zip(gains, delays, strict=True))
    expected = np.convolve(wave[0, 0].numpy(), taps)[40 : 40 + wave.shape[2]]
    np.testing.assert_allclose(heard, expected, atol=2e-5)  # transforms of 100 float32 numbers, delays of float32
