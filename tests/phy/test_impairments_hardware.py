"""Impairments of hardware: amplifiers that saturate, mixers whose branches differ, converters of few bits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, special, stats

from overair.phy import Air, Awgn, Grid, Link, Paths, Rayleigh, Span, keys
from overair.phy.impairments.amplifier import Amplifier
from overair.phy.impairments.iq_imbalance import IqImbalance
from overair.phy.impairments.quantized_receiver import QuantizedReceiver
from overair.phy.link import Belief

N = 64
GRID = Grid(subcarriers=N, symbols=10, prefix=16)
SILENT = 1000.0  # dB: no noise in single precision


def of_paths(belief: Belief) -> Paths:
    assert isinstance(belief, Paths)
    return belief


def distort(impairment: Any, wave: Any, seed: int = 1, oversampling: int = 1) -> np.ndarray:
    wave = tf.constant(wave, tf.complex64)
    span = Span(0.0, wave.shape[-1], GRID.sample / oversampling, 0)
    return impairment.distort(wave, GRID, span, keys.key(seed), tf.range(wave.shape[1])).numpy()


def gaussian(places: int, samples: int) -> np.ndarray:
    return keys.complex_normal(keys.key(11), [1, places, samples]).numpy()


def sent_and_heard(
    impairment: Any, slots: int = 30, channel: Any = None, oversampling: Any = 1
) -> tuple[Link, np.ndarray, np.ndarray]:
    """Gaussian symbols of one device and what is heard of them, [T, F]."""
    air = Air(GRID, channel or Awgn(), 1, impairments=(impairment,), oversampling=oversampling)
    link = air.draw(air.init(keys.key(0, "place")), keys.key(0, "round"), 0.0, slots, SILENT)
    x = keys.complex_normal(keys.key(7), [1, 1, slots * GRID.symbols, N])
    return link, x.numpy()[0, 0], air.send(x, link, keys.key(3)).numpy()[0, 0]


def split(x: np.ndarray, y: np.ndarray) -> tuple[complex, float, float, float]:
    """The gain of y over x and the power of the rest, each with its standard error, from independent symbols."""
    power = np.sum(np.abs(x) ** 2)
    gain = np.sum(y * x.conj()) / power
    rest = y - gain * x
    off = np.sum(rest * x.conj(), axis=-1) / power
    each = np.mean(np.abs(rest) ** 2, axis=-1)
    return gain, np.sum(np.abs(off) ** 2) ** 0.5, each.mean(), each.std() / len(each) ** 0.5


def mean_over_amplitudes(of: Callable[[float], float]) -> float:
    """The mean of a function of |x| for x of CN(0, 1)."""
    return integrate.quad(lambda r: of(r) * 2 * r * np.exp(-r * r), 0, 8, limit=400, points=[0.5, 1, 1.5, 2])[0]


# --- Amplifier


@pytest.mark.parametrize(("backoff_db", "p"), [(0.0, 1.0), (3.0, 2.0), (6.0, 3.0)])
def test_an_amplifier_leaves_the_gain_and_the_distortion_of_bussgangs_theorem(backoff_db: float, p: float) -> None:
    top = 10 ** (backoff_db / 20)

    def out(r: float) -> float:
        return r / (1 + (r / top) ** (2 * p)) ** (1 / (2 * p))

    alpha = mean_over_amplitudes(lambda r: r * out(r))
    noise = mean_over_amplitudes(lambda r: out(r) ** 2) - alpha**2
    amplifier = Amplifier(backoff_db, p)
    assert amplifier.gain == pytest.approx(alpha, rel=1e-6)
    link, x, y = sent_and_heard(amplifier)
    gain, gain_error, rest, rest_error = split(x, y)
    assert abs(gain - alpha) < 4.5 * gain_error
    assert abs(rest - noise) < 4.5 * rest_error
    np.testing.assert_allclose(link.response(of=link.receiver), alpha * link.response(), rtol=1e-6)
    np.testing.assert_allclose(of_paths(link.receiver).power, alpha**2 * link.true.power, rtol=1e-6)


def test_a_hard_knee_is_the_soft_limiter_whose_gain_is_known() -> None:
    for backoff_db in (-3.0, 0.0, 5.0):
        g = 10 ** (backoff_db / 20)
        expected = 1 - np.exp(-(g**2)) + np.sqrt(np.pi) * g * special.erfc(g) / 2
        # a knee of p misses by at most log(2)/(2 p) of the amplitude, near the knee
        assert Amplifier(backoff_db, 500.0).gain == pytest.approx(expected, abs=np.log(2) / 1000)
        assert Amplifier(backoff_db, 1e6).gain == pytest.approx(expected, abs=1e-6)


def test_an_amplifier_keeps_phases_and_never_exceeds_saturation() -> None:
    wave = 10 ** np.linspace(-3, 3, 2000) * np.exp(2j * np.pi * np.linspace(0, 7.3, 2000))
    for p in (0.5, 2.0, 300.0):
        out = distort(Amplifier(3.0, p), wave[None, None])[0, 0]
        np.testing.assert_allclose(np.angle(out * wave.conj()), 0, atol=1e-5)
        assert np.abs(out).max() <= 10 ** (3 / 20) * (1 + 1e-5) and np.all(np.diff(np.abs(out)) > -1e-5)
        np.testing.assert_allclose(out[0], wave[0], rtol=2e-3)


def test_an_amplifier_far_from_saturation_is_a_wire() -> None:
    wave = gaussian(2, 500)
    np.testing.assert_allclose(distort(Amplifier(80.0), wave), wave, rtol=1e-6)
    assert Amplifier(80.0).gain == pytest.approx(1, abs=1e-7)


def test_who_sends_more_is_compressed_more() -> None:
    wave = gaussian(1, 20_000)
    gains = [
        np.vdot(wave, distort(Amplifier(6.0), c * wave)).real / np.vdot(wave, wave).real / c for c in (0.3, 1.0, 3.0)
    ]
    assert gains[0] > 0.98 and gains[0] > gains[1] > gains[2] and gains[2] < 0.65
    assert not Air(GRID, Awgn(), 1, impairments=(Amplifier(),)).homogeneous


def test_with_oversampling_a_part_of_the_distortion_leaves_the_band() -> None:
    rests = []
    for oversampling in (1, 2, 4):
        _, x, y = sent_and_heard(Amplifier(2.0), oversampling=oversampling)
        gain, gain_error, rest, _ = split(x, y)
        assert abs(gain - Amplifier(2.0).gain) < 4.5 * gain_error
        rests.append(rest)
    # the third-order part of a rectangular band keeps 2/3 of its power within the band, and higher orders less
    assert 0.5 * rests[0] < rests[1] < 0.75 * rests[0] and abs(rests[2] / rests[1] - 1) < 0.1


# --- IQ imbalance


def test_a_transmitter_mixes_its_branches_and_keeps_its_energy() -> None:
    imbalance = IqImbalance(1.5, 8.0)
    devices = 4000
    one, turned = (distort(imbalance, value * np.ones([1, devices, 1]))[0, :, 0] for value in (1, 1j))
    mixed = turned / one / 1j  # g exp(j phi)
    assert stats.kstest(20 * np.log10(np.abs(mixed)), stats.uniform(-1.5, 3).cdf).pvalue > 1e-4
    assert stats.kstest(np.degrees(np.angle(mixed)), stats.uniform(-8, 16).cdf).pvalue > 1e-4
    np.testing.assert_allclose((np.abs(one) ** 2 + np.abs(turned) ** 2) / 2, 1, rtol=1e-5)


def test_a_receiver_reads_the_second_branch_at_a_wrong_angle() -> None:
    z = gaussian(1, 50)
    imbalance = IqImbalance(2.0, 10.0, side="receive")
    base = distort(imbalance, np.array([[[1.0, 1j]]]))[0, 0]
    first = base[0].real  # 1 / norm; the second branch is g (b cos phi - a sin phi)
    a, b = z.real, z.imag
    expected = first * a + 1j * (base[1].imag * b + base[0].imag * a)
    assert abs(base[1].real) < 1e-6 and abs(base[0].imag) > 1e-3
    np.testing.assert_allclose(distort(imbalance, z), expected, atol=1e-5)


@pytest.mark.parametrize("side", ["transmit", "receive"])
@pytest.mark.parametrize("oversampling", [1, 2])
def test_the_image_on_the_mirror_subcarrier_is_as_weak_as_the_rejection_ratio_says(
    side: Any, oversampling: Any
) -> None:
    imbalance = IqImbalance(1.0, 5.0, side)
    air = Air(GRID, Rayleigh(), 1, impairments=(imbalance,), oversampling=oversampling)
    link = air.draw(air.init(keys.key(0, "place")), keys.key(0, "round"), 0.0, 1, SILENT)
    x = np.zeros([1, 1, 10, N], np.complex64)
    x[..., N // 2 + 5] = gaussian(1, 10)
    heard = air.send(tf.constant(x), link, keys.key(3)).numpy()[0, 0]
    here, mirror = heard[:, N // 2 + 5], heard[:, N // 2 - 5]
    probe, span = tf.constant(np.array([[[1, 1j]]]), tf.complex64), Span(0.0, 2, GRID.sample, 0)
    one, turned = imbalance.distort(probe, GRID, span, link.keys[0], tf.range(1)).numpy()[0, 0]
    mixed = turned / one / 1j  # g exp(j phi)
    if side == "receive":  # g cos phi, and g sin phi where it should not be
        mixed = turned.imag / one.real - 1j * one.imag / one.real
    g, phi = np.abs(mixed), np.angle(mixed)
    assert abs(20 * np.log10(g)) <= 1 and abs(np.degrees(phi)) <= 5
    rejection = (1 + 2 * g * np.cos(phi) + g**2) / (1 - 2 * g * np.cos(phi) + g**2)
    np.testing.assert_allclose(np.abs(here) ** 2 / np.abs(mirror) ** 2, rejection, rtol=2e-3)
    others = np.delete(heard, [N // 2 + 5, N // 2 - 5], axis=1)
    assert np.abs(others).max() < 1e-4
    known = link.response(of=link.receiver).numpy()[0, 0, 0, 0, N // 2 + 5]
    np.testing.assert_allclose(here, known * x[0, 0, :, N // 2 + 5], atol=1e-4)


def test_every_antenna_has_its_own_mixer() -> None:
    air = Air(GRID, Awgn(), 2, 6, impairments=(IqImbalance(1.0, 5.0, side="receive"),))
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1)
    gains = of_paths(link.receiver).a.numpy()[0, :, :, 0, 0]
    assert np.unique(gains[:, 0]).size == 6 and np.array_equal(gains[:, 0], gains[:, 1])
    np.testing.assert_allclose(of_paths(link.receiver).power, (np.abs(gains[:, :1]) ** 2).mean(), rtol=1e-6)


# --- Quantised receiver


def staircase(part: np.ndarray, bits: int, headroom: float, deviation: float) -> np.ndarray:
    """A midrise quantiser with clipping, by its table of thresholds and levels."""
    step = 2 * headroom * deviation / 2**bits
    levels = step * (np.arange(2**bits) - (2**bits - 1) / 2)
    return levels[np.digitize(part, (levels[1:] + levels[:-1]) / 2)]


@pytest.mark.parametrize(("bits", "headroom"), [(1, 1.6), (3, 2.5), (6, 1.0)])
def test_a_quantised_receiver_climbs_the_stairs_of_its_table(bits: int, headroom: float) -> None:
    wave = gaussian(2, 38 * 80) * np.array([1, 100.0])[:, None]
    heard = distort(QuantizedReceiver(bits, headroom), wave)
    for antenna in range(2):
        deviation = (np.mean(np.abs(wave[0, antenna]) ** 2) / 2) ** 0.5
        for part in (np.real, np.imag):
            expected = staircase(part(wave[0, antenna]), bits, headroom, deviation)
            # a sample within rounding of a threshold may fall on either side
            same = np.abs(part(heard[0, antenna]) - expected) < 1e-4 * deviation
            assert (
                np.mean(same) > 1 - 1e-3 and np.unique(np.round(part(heard[0, antenna]) / deviation, 3)).size <= 2**bits
            )


@pytest.mark.parametrize(("bits", "headroom"), [(1, 1.6), (2, 2.0), (3, 2.4), (5, 1.5)])
def test_few_bits_leave_the_gain_and_the_distortion_of_bussgangs_theorem(bits: int, headroom: float) -> None:
    z = np.linspace(-9, 9, 400_001)
    density = stats.norm.pdf(z)
    out = staircase(z, bits, headroom, 1.0)
    alpha = np.trapezoid(z * out * density, z)
    noise = np.trapezoid(out**2 * density, z) - alpha**2
    receiver = QuantizedReceiver(bits, headroom)
    assert receiver.gain == pytest.approx(alpha, abs=1e-4)  # steps of the integral at each threshold
    _, x, y = sent_and_heard(receiver)
    gain, gain_error, rest, rest_error = split(x, y)
    assert abs(gain - alpha) < 4.5 * gain_error
    assert abs(rest - noise) < 4.5 * rest_error


def test_between_the_clips_quantisation_adds_a_twelfth_of_a_squared_step_to_each_part() -> None:
    bits, headroom = 7, 5.0
    step = 2 * headroom * 0.5**0.5 / 2**bits
    for oversampling in (1, 2):
        _, x, y = sent_and_heard(QuantizedReceiver(bits, headroom), oversampling=oversampling)
        _, _, rest, error = split(x, y)
        assert (
            abs(rest - step**2 / 6 / oversampling) < 4.5 * error + 0.01 * rest
        )  # full scale is measured, to 1/sqrt(n)


def test_low_headroom_clips() -> None:
    wave = gaussian(1, 5000)
    heard = distort(QuantizedReceiver(10, 0.5), wave)
    top = 0.5 * (np.mean(np.abs(wave) ** 2) / 2) ** 0.5
    for part in (heard.real, heard.imag):
        clipped = np.abs(part) > top * (1 - 2**-9)
        assert np.abs(part).max() < top
        share = 2 * stats.norm.sf(0.5)
        assert (
            abs(clipped.mean() - share) < 4.5 * (share * (1 - share) / 5000) ** 0.5 + 2e-3
        )  # a level is half a step wide


def test_many_bits_are_as_good_as_none_and_loudness_does_not_matter() -> None:
    wave = gaussian(3, 1000)
    step = 2 * 6.0 * 0.5**0.5 / 2**16
    many = QuantizedReceiver(16, 6.0)
    assert np.abs(distort(many, wave) - wave).max() < step  # half a step in each part, but for rounding
    assert many.gain == pytest.approx(1, abs=1e-6)
    few = QuantizedReceiver(3, 2.4)
    for scale in (2.0**-40, 2.0**30):
        assert np.array_equal(distort(few, scale * wave), scale * distort(few, wave))
    assert not np.any(distort(few, 0 * wave))


def test_gradients_pass_the_stairs_and_stop_at_the_clips() -> None:
    samples, receiver = 4000, QuantizedReceiver(4, 1.0)
    part, signs = tf.Variable(keys.normal(keys.key(0), [1, 1, samples])), keys.signs(keys.key(1), [samples])
    with tf.GradientTape() as tape:
        wave = tf.complex(part, tf.reverse(part, [2]))
        heard = receiver.distort(wave, GRID, Span(0.0, samples, GRID.sample, 0), keys.key(0), tf.range(1))
        total = tf.reduce_sum(tf.math.real(heard) * signs)
    slope = tape.gradient(total, part).numpy()[0, 0] * signs
    inside = np.abs(part.numpy()[0, 0]) < (np.mean(part.numpy() ** 2)) ** 0.5
    # full scale follows the signal too: x_i sum_j signs_j heard_j / (n deviation^2), where x_i is at most 4 deviations
    assert np.abs(slope - inside).max() < 4.5 * 4 / samples**0.5


def test_impossible_hardware_is_refused() -> None:
    with pytest.raises(ValueError, match="amplifier.backoff_db: expected a finite number, received inf"):
        Amplifier(float("inf"))
    with pytest.raises(ValueError, match="smoothness"):
        Amplifier(smoothness=0.1)
    with pytest.raises(ValueError, match="bits"):
        QuantizedReceiver(bits=17)
