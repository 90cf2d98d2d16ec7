"""Impairments of oscillators: carriers that are off, phases that walk, converters that run too fast."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.phy import Air, Awgn, Grid, Link, Paths, Span, Tdl, TimingOffset, Waveform, keys
from overair.phy.csi.estimated import Estimated
from overair.phy.csi.perfect import Perfect
from overair.phy.impairments.frequency_offset import FrequencyOffset
from overair.phy.impairments.phase_noise import PhaseNoise
from overair.phy.impairments.sampling_offset import SamplingOffset
from overair.phy.link import Belief

N, PREFIX = 64, 16
GRID = Grid(subcarriers=N, symbols=2, prefix=PREFIX)
SILENT = 1000.0  # dB: no noise in single precision


def one_subcarrier_a_symbol(air: Air) -> tuple[Link, np.ndarray]:
    """What comes out, [T, F], of a device that sends 1 on subcarrier t in symbol t."""
    link = air.draw(air.init(keys.key(0, "place")), keys.key(0, "round"), 0.0, air.grid.subcarriers // 2, SILENT)
    x = tf.constant(np.eye(air.grid.subcarriers)[None, None], tf.complex64)
    return link, air.send(x, link, keys.key(3)).numpy()[0, 0]


def of_paths(belief: Belief) -> Paths:
    assert isinstance(belief, Paths)
    return belief


def distort(impairment: Any, wave: tf.Tensor, first: int = 0, oversampling: int = 1, seed: int = 1) -> np.ndarray:
    span = Span(0.0, wave.shape[-1], GRID.sample / oversampling, first)
    return impairment.distort(wave, GRID, span, keys.key(seed), tf.range(wave.shape[1])).numpy()


def phasors(impairment: Any, devices: int, samples: int, first: int = 0) -> np.ndarray:
    """The turns [K, S] of many devices."""
    return distort(impairment, tf.ones([1, devices, samples], tf.complex64), first)[0]


def in_band(turns: np.ndarray, oversampling: int) -> np.ndarray:
    """What the turns of a window's samples do to one subcarrier after another, [F sent, F heard]."""
    total, k = N * oversampling, np.arange(-N // 2, N // 2)
    tones = np.exp(2j * np.pi * np.outer(k, np.arange(total)) / total)
    return (tones * turns) @ tones.conj().T / total


# --- Carrier frequency


@pytest.mark.parametrize("eps", [0.1, -0.31])
@pytest.mark.parametrize("advance", [0, 5])
def test_a_frequency_offset_leaves_the_gain_and_the_interference_of_theory(eps: float, advance: int) -> None:
    grid = Grid(subcarriers=N, symbols=2, prefix=PREFIX, advance=advance)
    _, heard = one_subcarrier_a_symbol(Air(grid, Awgn(), 1, impairments=(FrequencyOffset(eps, eps),), oversampling=1))
    own = np.diag(heard)
    gain = np.sin(np.pi * eps) / (N * np.sin(np.pi * eps / N))
    np.testing.assert_allclose(np.abs(own), gain, atol=2e-6)
    start = np.arange(N) * (N + PREFIX) + PREFIX - advance
    np.testing.assert_allclose(own, gain * np.exp(2j * np.pi * eps * (start + (N - 1) / 2) / N), atol=2e-5)
    leaked = np.sum(np.abs(heard) ** 2, axis=1) - np.abs(own) ** 2
    np.testing.assert_allclose(leaked, 1 - gain**2, atol=5e-6)
    if eps == 0.1:
        np.testing.assert_allclose(leaked, 0.032461, atol=2e-6)


def test_with_oversampling_a_frequency_offset_leaks_past_the_edges_of_the_band() -> None:
    eps = 0.1
    _, heard = one_subcarrier_a_symbol(Air(GRID, Awgn(), 1, impairments=(FrequencyOffset(eps, eps),), oversampling=2))
    expected = np.abs(in_band(np.exp(2j * np.pi * eps * np.arange(2 * N) / (2 * N)), 2))
    np.testing.assert_allclose(np.abs(heard), expected, atol=1e-5)
    leaked = np.sum(np.abs(heard) ** 2, axis=1) - np.abs(np.diag(heard)) ** 2
    assert leaked[N // 2] == pytest.approx(1 - np.sinc(eps) ** 2, rel=0.02)  # in the middle nearly all of it stays
    assert leaked[0] == pytest.approx((1 - np.sinc(eps) ** 2) / 2, rel=0.2)  # at an edge half of it is gone


@pytest.mark.parametrize("oversampling", [1, 2, 4])
@pytest.mark.parametrize("channel", [Awgn(), Tdl("A", 100e-9)], ids=str)
def test_the_mean_effect_of_a_frequency_offset_is_the_gain_that_a_waveform_meets(
    channel: Any, oversampling: Any
) -> None:
    grid = Grid(subcarriers=N, symbols=2, prefix=PREFIX, advance=4)
    fractional = oversampling > 1  # what the pulse does well
    chain = (TimingOffset(-2.3, -2.3) if fractional else TimingOffset(5.0, 5.0), FrequencyOffset(0.2, 0.3))
    if isinstance(channel, Tdl) and not fractional:
        return
    link, heard = one_subcarrier_a_symbol(Air(grid, channel, 1, impairments=chain, oversampling=oversampling))
    known = link.response(of=link.receiver).numpy()[0, 0, 0]
    # the pulse is right to 80 dB, summed over paths; c_0 of N samples and of 4 N differ by (pi eps/N)^2/6
    np.testing.assert_allclose(np.diag(known), np.diag(heard), atol=5e-4 if fractional else 2e-5)


def test_the_phase_is_zero_at_the_start_of_the_data_and_goes_on_before_it() -> None:
    eps, samples = 0.123, 800
    n = np.arange(-samples, samples)
    for first, length in ((-samples, 2 * samples), (-samples, samples), (0, samples)):
        turns = phasors(FrequencyOffset(eps, eps), 1, length, first)[0]
        expected = np.exp(2j * np.pi * eps * n[n >= first][:length] / N)
        np.testing.assert_allclose(turns, expected, atol=2e-6)


def test_a_long_round_turns_as_precisely_as_a_short_one() -> None:
    eps, samples = 0.4321, 40_000
    turns = phasors(FrequencyOffset(eps, eps), 1, samples, 4_000_000)[0]
    exact = np.float64(np.float32(eps)) * (4_000_000 + np.arange(samples)) / N
    np.testing.assert_allclose(turns, np.exp(2j * np.pi * exact), atol=2e-6)


@pytest.mark.parametrize(
    ("offset", "law"),
    [
        (FrequencyOffset(-0.2, 0.4), stats.uniform(-0.2, 0.6)),
        (FrequencyOffset(0.1, 0.1, deviation=0.2), stats.norm(0.1, 0.2)),
    ],
    ids=["uniform", "normal"],
)
def test_each_device_draws_its_own_frequency_offset(offset: FrequencyOffset, law: Any) -> None:
    turns = phasors(offset, 4000, 2)
    eps = np.angle(turns[:, 1] / turns[:, 0]) * N / (2 * np.pi)
    assert stats.kstest(eps, law.cdf).pvalue > 1e-4


# --- Phase noise


@pytest.mark.parametrize("first", [0, -300])
def test_the_autocorrelation_of_phase_noise_is_that_of_a_lorentzian(first: int) -> None:
    linewidth, devices = 2000.0, 4000
    turns = phasors(PhaseNoise(linewidth), devices, 600, first)
    np.testing.assert_allclose(turns[:, -first], 1, atol=1e-6)  # 0 at the start of the data
    for one, other in ((0, 1), (10, 50), (100, 500), (290, 310)):
        alike = np.exp(-np.pi * linewidth * (other - one) * GRID.sample)
        # cos of a Gaussian phase: E cos^2 = (1 + alike^4)/2
        error = np.array([(1 + alike**4) / 2 - alike**2, (1 - alike**4) / 2]) / devices
        measured = np.mean(turns[:, other] * turns[:, one].conj())
        assert abs(measured.real - alike) < 4.5 * error[0] ** 0.5 + 1e-6
        assert abs(measured.imag) < 4.5 * error[1] ** 0.5 + 1e-6


def test_phase_noise_leaks_what_theory_says() -> None:
    linewidth, devices, symbols = 20.0, 400, 4
    domain = Waveform(GRID, 0.0, 0.0, oversampling=1)
    x = np.zeros([1, devices, symbols, N], np.complex64)
    x[..., N // 2] = 1
    heard = domain.demodulate(tf.constant(distort(PhaseNoise(linewidth), domain.modulate(tf.constant(x))))).numpy()
    leaked = 1 - np.abs(heard[..., N // 2]).ravel() ** 2  # the turned samples keep their energy
    np.testing.assert_allclose(np.sum(np.abs(heard) ** 2, axis=-1).ravel(), 1, atol=1e-5)
    lag = np.abs(np.subtract.outer(np.arange(N), np.arange(N)))
    expected = 1 - np.exp(-np.pi * linewidth * lag * GRID.sample).mean()
    assert abs(leaked.mean() - expected) < 4.5 * leaked.std() / leaked.size**0.5  # windows walk independently
    assert expected == pytest.approx(np.pi * linewidth / (3 * GRID.spacing), rel=0.01)


@pytest.mark.parametrize("oversampling", [1, 2])
@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("csi", [Perfect(), Estimated("nearest", 1)], ids=str)  # the latter sounds before the data
def test_the_mean_effect_of_phase_noise_is_the_gain_that_a_waveform_meets(
    common: bool, oversampling: Any, csi: Any
) -> None:
    grid = Grid(subcarriers=N, symbols=2, prefix=PREFIX, advance=4)
    noisy = (PhaseNoise(200.0, common),)
    air = Air(grid, Awgn(), 1, impairments=noisy, csit=csi, oversampling=oversampling)
    link, heard = one_subcarrier_a_symbol(air)
    known = link.response(of=link.receiver).numpy()[0, 0, 0]
    np.testing.assert_allclose(np.diag(known), np.diag(heard), atol=2e-5)
    assert np.ptp(np.angle(np.diag(heard))) > 0.1  # it walked


def test_the_mean_power_after_phase_noise_is_that_of_its_mean_effect() -> None:
    air = Air(GRID, Awgn(), 3000, impairments=(PhaseNoise(1500.0),))
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1)
    power = np.abs(of_paths(link.receiver).a.numpy()[0, 0, :, 0]) ** 2
    error = power.std() / power.size**0.5
    assert abs(power.mean() - of_paths(link.receiver).power.numpy()[0, 0, 0]) < 4.5 * error


def test_devices_walk_apart_and_antennas_that_share_an_oscillator_together() -> None:
    apart, together = (phasors(PhaseNoise(2000.0, common), 3, 100) for common in (False, True))
    assert np.abs(apart[0] - apart[1]).max() > 0.01 and np.abs(apart[1] - apart[2]).max() > 0.01
    assert np.array_equal(together[0], together[1]) and np.array_equal(together[1], together[2])
    batch = distort(PhaseNoise(2000.0, True), tf.ones([2, 1, 100], tf.complex64))
    assert np.abs(batch[0] - batch[1]).max() > 0.01


def test_phase_noise_is_the_same_at_any_oversampling() -> None:
    coarse = distort(PhaseNoise(500.0), tf.ones([1, 3, 160], tf.complex64), -80)
    fine = distort(PhaseNoise(500.0), tf.ones([1, 3, 320], tf.complex64), -160, oversampling=2)
    assert np.array_equal(fine[..., ::2], coarse) and np.array_equal(fine[..., 1::2], coarse)


# --- Sampling clock


@pytest.mark.parametrize("ppm", [-100.0, 20.0, 100.0])
@pytest.mark.parametrize("first", [0, -3000, 60_000])
def test_tones_of_the_band_are_read_at_the_times_of_the_other_clock(ppm: float, first: int) -> None:
    samples = 4000
    tones = np.array([-32, -20, 3, 31]) / (2 * N)  # cycles a sample at an oversampling of 2
    n = first + np.arange(samples)
    wave = tf.constant(np.exp(2j * np.pi * np.outer(tones, n))[None], tf.complex64)
    read = distort(SamplingOffset(ppm, ppm), wave, first, oversampling=2)[0]
    exact = np.exp(2j * np.pi * np.outer(tones, n * (1 + ppm * 1e-6)))
    inside = slice(32, -32)  # nothing is known beyond the ends
    # the pulse to 80 dB, and a chord instead of an arc over at most 172 samples: (2 pi f 172 delta)^2/8
    chord = (2 * np.pi * np.abs(tones) * 172 * abs(ppm) * 1e-6) ** 2 / 8
    assert np.all(np.abs(read - exact)[:, inside].max(axis=1) < 2e-4 + chord)


@pytest.mark.parametrize("ppm", [50.0, -80.0])
def test_subcarriers_turn_symbol_by_symbol_as_the_windows_slip(ppm: float) -> None:
    grid = Grid(subcarriers=N, symbols=2, prefix=PREFIX, advance=6)  # ends of symbols stay out of the pulse's reach
    _, heard = one_subcarrier_a_symbol(Air(grid, Awgn(), 1, impairments=(SamplingOffset(ppm, ppm),)))
    k, symbol = np.arange(-N // 2, N // 2), np.arange(N)
    middle = symbol * (N + PREFIX) + PREFIX - 6 + (N - 0.5) / 2  # of a window's samples, two to one of the grid
    expected = np.exp(2j * np.pi * k * ppm * 1e-6 * middle / N) * np.sinc(k * ppm * 1e-6)
    assert np.abs(k * ppm * 1e-6 * middle / N * 2 * np.pi).max() > 0.2
    np.testing.assert_allclose(np.diag(heard), expected, atol=3e-4)


def test_each_device_draws_its_own_clock_and_keeps_it_if_it_lasts() -> None:
    wave = tf.constant(np.exp(2j * np.pi * 0.2 * np.arange(20_000)), tf.complex64) * tf.ones([1, 500, 1], tf.complex64)
    read = distort(SamplingOffset(-40.0, 40.0), wave, oversampling=2)[0, :, 19_000]
    ppm = np.angle(read / wave[0, :, 19_000]) / (2 * np.pi * 0.2 * 19_000) * 1e6
    assert stats.kstest(ppm, stats.uniform(-40, 80).cdf).pvalue > 1e-4
    for lasting in (False, True):
        air = Air(GRID, Awgn(), 3, impairments=(SamplingOffset(-40.0, 40.0, lasting=lasting),))
        links = [air.draw(air.init(keys.key(0)), keys.key(1, round), 0.0, 1) for round in (1, 2)]
        assert np.array_equal(links[0].keys[0], links[1].keys[0]) == lasting


def test_impossible_oscillators_are_refused() -> None:
    with pytest.raises(ValueError, match="frequency_offset.high: expected at least low = 0.2, received 0.1"):
        FrequencyOffset(0.2, 0.1)
    with pytest.raises(ValueError, match="sampling_offset.high: expected at least low = 2, received 1"):
        SamplingOffset(2.0, 1.0)
    with pytest.raises(ValueError, match=r"sampling_offset.high: expected within \+-1000 ppm, received 2000"):
        SamplingOffset(0.0, 2000.0)
