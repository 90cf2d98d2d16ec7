"""The SNR that a layer tells is that of what it hands on: what is not known counts as noise, and what distorts too."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.learning.over_air import OverAir
from overair.phy import Air, Amplifier, Awgn, ErrorVariance, FrequencyOffset, Grid, QuantizedReceiver, Rayleigh, keys
from overair.phy.links import Links, each

GRID, KEY = Grid(subcarriers=16, symbols=2, prefix=4), keys.key(2)


def told(layer: OverAir, x: np.ndarray, snr_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Symbols received [B, k], and the SNRs told in dB [B]."""
    call = tf.function(lambda: layer(x, snr_db=snr_db, key=KEY, return_snr=True), autograph=False)
    received, snr = (each.numpy().astype(float) for each in call())
    return received[:, 0::2] + 1j * received[:, 1::2], snr


def signs(images: int, symbols: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of +1 and -1, and the symbols of power 1 that they are sent as."""
    x = np.random.default_rng(0).choice([-1.0, 1.0], [images, 2 * symbols]).astype(np.float32)
    return x, (x[:, 0::2] + 1j * x[:, 1::2]) / math.sqrt(2)


@pytest.mark.parametrize("equalizer", ["mmse", "zero_forcing", "none"])
def test_an_snr_is_that_of_the_gain_and_of_all_that_is_not_known(equalizer: Any) -> None:
    """(1 - e)|g|^2 / (N0 + e) of the belief g, whatever is made of the symbols afterwards."""
    e, air = 0.2, Air(GRID, Rayleigh(), 1, csir=ErrorVariance(0.2))

    def belief(links: Links) -> tf.Tensor:
        return links.link.response(of=links.link.receiver)[:, 0, 0, 0, 0]

    g = each(air, 20, tf.fill([50], 10.0), KEY, belief, [], tf.TensorSpec([], tf.complex64)).numpy()
    snr = told(OverAir(air, equalizer=equalizer), signs(50, 20)[0], 10.0)[1]
    np.testing.assert_allclose(snr, 10 * np.log10((1 - e) * np.abs(g) ** 2 / (0.1 + e)), atol=1e-3)


CASES = {  # an air, its SNR, and what the SNR believed once was, far off
    "amplifier": (Air(Grid(64, 4, prefix=8), Awgn(), 1, impairments=(Amplifier(0.0),)), 20.0, 17.8),
    "three bits": (Air(Grid(64, 4, prefix=8), Awgn(), 1, impairments=(QuantizedReceiver(3),)), 20.0, 20.0),
    "frequency offset": (
        Air(Grid(64, 4, prefix=8), Awgn(), 1, impairments=(FrequencyOffset(0.07, 0.07),)),
        20.0,
        19.9,
    ),
    "rayleigh, no equalizer": (Air(GRID, Rayleigh(), 1), 10.0, 10.0),
}


@pytest.mark.parametrize("name", CASES)
def test_the_snr_told_is_realised(name: str) -> None:
    """What is heard is g x + n, E|n|^2 = |g|^2 / SNR; projecting g out takes one of k degrees of freedom."""
    air, snr_db, once = CASES[name]
    images, symbols = 600, 128
    x, sent = signs(images, symbols)
    heard, snr = told(OverAir(air, equalizer="none" if "no" in name.split() else "zero_forcing"), x, snr_db)
    gain = (heard * sent.conj()).mean(axis=1, keepdims=True)
    left = (np.abs(heard - gain * sent) ** 2).sum(axis=1) / (symbols - 1)
    ratio = left / np.abs(gain[:, 0]) ** 2 * 10 ** (snr / 10)
    bias = 0.03  # the square of a gain estimated from k symbols, and a mean of ratios
    assert abs(ratio.mean() - 1) < bias + 4 * ratio.std() / images**0.5
    assert abs(snr.mean() - once) > 1


def test_perfect_csi_without_distortion_is_told_the_snr_that_was_set() -> None:
    for equalizer in ("mmse", "zero_forcing", "none"):
        layer = OverAir(Air(GRID, Awgn(), 1), equalizer=equalizer)
        np.testing.assert_allclose(told(layer, signs(3, 8)[0], 7.0)[1], 7.0, atol=1e-5)


def test_what_distortions_leave_has_no_gradient() -> None:
    """It is measured: features are not trained to look good to the one who measures."""
    layer = OverAir(Air(Grid(16, 2, prefix=4), Awgn(), 1, impairments=(Amplifier(0.0),)))
    with tf.GradientTape() as tape:
        features = tf.constant(signs(3, 32)[0])
        tape.watch(features)
        snr = layer(features, snr_db=20.0, key=KEY, return_snr=True)[1]
    np.testing.assert_array_equal(tf.convert_to_tensor(tape.gradient(snr, features, unconnected_gradients="zero")), 0.0)
