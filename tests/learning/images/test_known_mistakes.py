"""Mistakes that published simulations of joint source-channel coding make, each with the test that would catch it here.

Gains and noise are read off what the layer hands over: y = h x + n is heard without an equalizer, x is known.
"""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import polygamma

from overair.learning.over_air import OverAir
from overair.phy import Air, Awgn, FullInversion, Grid, Rayleigh, Tdl, keys

GRID = Grid(subcarriers=16, symbols=2, prefix=4)
IMAGES, SYMBOLS = 3000, 32


def features(images: int = IMAGES, symbols: int = SYMBOLS, sensors: int = 0) -> np.ndarray:
    """Gaussian features of images that differ in scale, [B, (K,) 2 k]."""
    rng = np.random.default_rng(0)
    shape = (images, sensors, 2 * symbols) if sensors else (images, 2 * symbols)
    scale = 10 ** rng.uniform(-2, 2, shape[:-1])[..., None]
    return (rng.normal(size=shape) * scale).astype(np.float32)


def paired(values: np.ndarray) -> np.ndarray:
    """Neighbours as real and imaginary parts."""
    values = np.asarray(values, np.float64)
    return values[..., 0::2] + 1j * values[..., 1::2]


def unit(values: np.ndarray) -> np.ndarray:
    """Symbols of power 1 over the last axis."""
    symbols = paired(values)
    return symbols / np.sqrt((np.abs(symbols) ** 2).mean(axis=-1, keepdims=True))


def heard(layer: OverAir, values: np.ndarray, snr_db: float | np.ndarray) -> np.ndarray:
    compiled = tf.function(lambda x, snr: layer(x, snr_db=snr, key=keys.key(0)), autograph=False)
    return paired(compiled(values, tf.constant(snr_db, tf.float32)))


def gains_and_rest(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gain of each image by projection, [B], and what is left, [B, k]."""
    gain = (y * x.conj()).mean(axis=1)
    return gain, y - gain[:, None] * x


def raw(channel: Awgn | Rayleigh | Tdl, devices: int = 1) -> OverAir:
    return OverAir(Air(GRID, channel, devices), equalizer="none")


def test_the_snr_of_a_call_is_the_snr_of_the_air() -> None:
    """Neither ignored, so that a sweep is flat, nor 3.01 dB off, by unit power and noise N0/2 for each real number."""
    x, levels = features(), np.array([-10.0, 0.0, 10.0, 20.0])
    snr_db = np.resize(levels, IMAGES)
    noise = heard(raw(Awgn()), x, snr_db) - unit(x)
    for level in levels:
        power = np.abs(noise[snr_db == level]) ** 2
        assert abs(power.mean() * 10 ** (level / 10) - 1) < 4 / power.size**0.5
        assert 4 / power.size**0.5 < 0.05  # 0.2 dB


def test_slow_fading_fades_the_signal_and_not_the_noise() -> None:
    """The SNR of images in dB spreads by 10/ln(10) pi/sqrt(6) = 5.57, that of log-exponential gains."""
    x = features()
    gain, rest = gains_and_rest(heard(raw(Rayleigh()), x, 30.0), unit(x))
    free = SYMBOLS - 1  # complex numbers that are left of an image's noise
    noise = (np.abs(rest) ** 2).sum(axis=1) / free
    assert abs(noise.mean() * 1e3 - 1) < 4 / (IMAGES * free) ** 0.5
    decibel = 10 / math.log(10)
    snr = decibel * np.log(np.abs(gain) ** 2 / noise)
    fading, measuring = polygamma(1, 1), polygamma(1, free)  # variances of log-gamma numbers
    spread = decibel * math.sqrt(fading + measuring)
    fourth = polygamma(3, 1) + 3 * (fading + measuring) ** 2  # the central moment, in nepers
    error = spread * math.sqrt(fourth / (fading + measuring) ** 2 - 1) / (2 * IMAGES**0.5)
    assert abs(decibel * math.sqrt(fading) - 5.57) < 0.001
    assert abs(snr.std() - spread) < 4 * error


@pytest.mark.parametrize("sensors", [1, 4, 16])
def test_noise_comes_once_however_many_sensors_send(sensors: int) -> None:
    silence = np.zeros([400, sensors, 2 * SYMBOLS] if sensors > 1 else [400, 2 * SYMBOLS], np.float32)
    power = np.abs(heard(raw(Awgn(), sensors), silence, 3.0)) ** 2
    assert abs(power.mean() * 10**0.3 - 1) < 4 / power.size**0.5


def test_noise_of_an_aligned_sum_is_that_of_one_receiver() -> None:
    """Under a level that weakest sensors set, what is left of the sum is one noise over that level."""
    layer, x = OverAir(Air(GRID, Rayleigh(), 8), rule=FullInversion()), features(500, sensors=8)
    compiled = tf.function(lambda x: layer(x, snr_db=20.0, key=keys.key(0), return_snr=True), autograph=False)
    received, believed = compiled(x)
    noise = (paired(received) - unit(x).sum(axis=1)) * 10 ** (np.asarray(believed)[:, None] / 20)
    assert abs((np.abs(noise) ** 2).mean() - 1) < 4 / noise.size**0.5


@pytest.mark.parametrize("channel", [Rayleigh(), Tdl("A", 0.0)], ids=["rayleigh", "tdl"])
def test_every_image_has_a_gain_and_a_noise_of_its_own(channel: Rayleigh | Tdl) -> None:
    x = features()
    gain, rest = gains_and_rest(heard(raw(channel), x, 30.0), unit(x))
    assert len(np.unique(np.round(gain, 5))) > 0.99 * IMAGES
    for lag in (1, 64):  # the next, and one in another group of draws
        neighbours = (gain[lag:] * gain[:-lag].conj()).mean()
        assert abs(neighbours) < 4 / (IMAGES - lag) ** 0.5
        shared = (rest[lag:] * rest[:-lag].conj()).mean() * 1e3
        assert abs(shared) < 4 / ((IMAGES - lag) * SYMBOLS) ** 0.5


def test_power_is_that_of_each_image_and_each_sensor() -> None:
    """Neither of the batch nor of the sensors together, where the loud would take from the quiet."""
    for x, devices in ((features(), 1), (features(500, sensors=3), 3)):
        symbols = raw(Awgn(), devices).symbols(x).numpy()
        power = (np.abs(symbols) ** 2).mean(axis=-1)
        np.testing.assert_allclose(power, 1.0, rtol=SYMBOLS * 1.2e-7)  # as many roundings
        np.testing.assert_allclose(symbols.reshape(unit(x).shape), unit(x), atol=1e-6 * 6)
    alone, loud = features(2), features(2)
    loud[1] *= 1e4
    first = [raw(Awgn())(each, snr_db=10.0, key=keys.key(0))[0] for each in (alone, loud)]
    np.testing.assert_array_equal(*first)


def test_rayleigh_gains_are_complex_and_circular() -> None:
    x = features()
    gain = gains_and_rest(heard(raw(Rayleigh()), x, 40.0), unit(x))[0]
    assert abs((np.abs(gain) ** 2).mean() - 1) < 4 / IMAGES**0.5
    assert abs((gain**2).mean()) < 4 * (2 / IMAGES) ** 0.5  # var h^2 = E|h|^4 = 2; real gains would give 1
    turn = gain / np.abs(gain)
    for harmonic in (1, 2, 3, 4):  # a uniform phase has none
        assert abs((turn**harmonic).mean()) < 4 / IMAGES**0.5


@pytest.mark.parametrize("shape", [(4, 3, 5), (7,), (2, 2, 16)], ids=str)
@pytest.mark.parametrize("sensors", [1, 3])
def test_what_an_image_becomes_depends_on_its_own_features_alone(shape: tuple[int, ...], sensors: int) -> None:
    rule = FullInversion() if sensors > 1 else None
    layer = OverAir(Air(GRID, Rayleigh(), sensors), rule=rule)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, *([sensors] if sensors > 1 else []), *shape)).astype(np.float32)
    other = x.copy()
    other[2] = rng.normal(size=other[2].shape)
    one, two = (layer(each, snr_db=10.0, key=keys.key(0)).numpy() for each in (x, other))
    np.testing.assert_array_equal(np.delete(one, 2, 0), np.delete(two, 2, 0))
    assert np.all(one[2] != two[2])
    other[2, ..., 0] = np.nan
    spoilt = layer(other, snr_db=10.0, key=keys.key(0)).numpy()
    np.testing.assert_array_equal(np.delete(one, 2, 0), np.delete(spoilt, 2, 0))
    assert np.isnan(spoilt[2]).any()


@pytest.mark.parametrize("shape", [(4, 3, 5), (7,), (2, 2, 16)], ids=str)
def test_features_come_back_where_they_were(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=(5, *shape)).astype(np.float32)
    received = OverAir(Air(GRID, Tdl("A", 100e-9), 1), equalizer="zero_forcing")(x, snr_db=140.0, key=keys.key(0))
    size = math.prod(shape)
    own = np.sqrt(-(-size // 2) / (x.reshape(5, -1).astype(float) ** 2).sum(axis=1)).reshape(-1, *[1] * len(shape))
    np.testing.assert_allclose(received, x * own, atol=2e-5)  # float32 over gains that fade to a hundredth
