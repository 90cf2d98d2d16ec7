"""Automatic gain control: the scale is that of what is received, however much of a round is silence."""

import numpy as np
import pytest
import tensorflow as tf

from overair.phy import Grid, QuantizedReceiver, Span, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
SYMBOL = GRID.symbol_samples


def read(wave: tf.Tensor) -> np.ndarray:
    span = Span(0.0, wave.shape[-1], GRID.sample)
    return QuantizedReceiver(bits=3, headroom=2.0).distort(wave, GRID, span, keys.key(0), tf.range(2)).numpy()


@pytest.mark.parametrize("faint", [0.0, 0.1])
def test_silent_symbols_do_not_lower_the_scale_of_the_others(faint: float) -> None:
    loud, rest = (keys.complex_normal(keys.key(i), [1, 2, 4 * SYMBOL]) for i in range(2))
    beside = read(tf.concat([loud, faint * rest], 2))
    np.testing.assert_array_equal(beside[..., : 4 * SYMBOL], read(loud))


def test_symbols_that_are_alike_set_the_scale_together() -> None:
    wave = keys.complex_normal(keys.key(0), [1, 2, 8 * SYMBOL])
    levels = np.unique(np.abs(read(wave)[0, 0].real))
    step = 2 * 2.0 * np.sqrt((np.abs(wave.numpy()[0, 0]) ** 2).mean() / 2) / 2**3  # full scale in 2^bits steps
    np.testing.assert_allclose(levels, step * (np.arange(4) + 0.5), rtol=1e-5)
