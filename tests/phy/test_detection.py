"""Detection: gains and SNRs from beliefs, against derivations of their own, and correlations against ensembles."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import j0

from overair.phy import (
    Air,
    Awgn,
    Beamforming,
    BlockRayleigh,
    Cdl,
    Channel,
    CirFile,
    Csi,
    Delayed,
    ErrorVariance,
    Estimated,
    FrequencyOffset,
    Grid,
    Link,
    MaximumRatio,
    PhaseNoise,
    QuantizedFeedback,
    Rayleigh,
    ResponseTable,
    Size,
    Span,
    Tdl,
    TimingOffset,
    Umi,
    ZeroForcing,
    detect,
    error_power,
    keys,
)

GRID = Grid(subcarriers=16, symbols=4, prefix=8)
SECONDS = 1e-4


def draw(channel: Channel, knows: Csi, devices: int = 4, snr_db: float = 0.0, antennas: int = 1) -> Link:
    air = Air(GRID, channel, devices, antennas, csir=knows)
    return air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1, snr_db)


# --- what is read


def test_a_symbol_arrives_times_the_gain_that_detection_says() -> None:
    link = draw(Rayleigh(), QuantizedFeedback(2, 1), antennas=3)
    h, told = (link.response(of=of).numpy()[0, :, :, 0] for of in (None, link.receiver))  # [A, K, F]
    found, c = detect(link, 7.0, tf.constant([2, 0])), math.sin(math.pi / 4) / (math.pi / 4)
    z = (c * told.conj() * h).sum(axis=0) / (c**2 * np.abs(told) ** 2).sum(axis=0)
    np.testing.assert_allclose(found.gain[0, :, 0], z[[2, 0]], rtol=1e-5)
    np.testing.assert_allclose(found.snr[0, :, 0], 7 * c**2 * (np.abs(told) ** 2).sum(axis=0)[[2, 0]], rtol=1e-5)


def test_nobody_reads_anything_of_what_it_was_told_nothing_about() -> None:
    found = detect(draw(Rayleigh(), QuantizedFeedback(0, 0)), 40.0)
    assert not np.any(found.known) and not np.any(found.gain)


@pytest.mark.parametrize(("bits", "classes"), [(1, 1), (3, 4)])
def test_a_quantised_belief_lacks_what_its_sectors_and_classes_hide(bits: int, classes: int) -> None:
    """1 - sinc^2 E[level^2], with the mean amplitude of each class of exponential powers from 10^6 draws of it."""
    link = draw(Tdl("A", 1e-7), QuantizedFeedback(bits, int(math.log2(classes))))
    power = np.sort(np.random.default_rng(0).exponential(size=10**6)).reshape(classes, -1)
    levels = np.sqrt(power).mean(axis=1)
    expected = 1 - np.sinc(0.5**bits) ** 2 * np.mean(levels**2)
    np.testing.assert_allclose(error_power(link.receiver), expected, atol=2e-3)


def test_an_announced_error_is_lacking_and_its_complement_is_kept() -> None:
    e = 0.3
    link = draw(Tdl("A", 1e-7), ErrorVariance(e))
    np.testing.assert_allclose(error_power(link.receiver), e, rtol=1e-5)
    np.testing.assert_allclose(
        link.response(of=link.receiver.best), (1 - e) ** 0.5 * link.response(of=link.receiver), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("estimator", ["nearest", "lmmse"])
def test_an_estimate_lacks_what_its_weights_leave_of_the_channel_and_of_noise(estimator: str) -> None:
    """c = diag(R_p W^H) / diag(W (R_pp + s2) W^H), R of the profile."""
    n0, offset = 0.2, TimingOffset(1.0, 1.0)
    air = Air(GRID, Tdl("A", 3e-7), 8, impairments=(offset,), csir=Estimated(estimator, 2))  # type: ignore[arg-type]
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1, -10 * math.log10(n0), 200)
    frequencies, tau, power = (
        np.asarray(each, complex) for each in (GRID.frequencies, link.true.tau[0, 0], link.true.power[0, 0])
    )
    assert float(tau.real.min()) == pytest.approx(GRID.sample)
    turn = np.exp(-2j * np.pi * np.outer(frequencies, tau))
    covariance = (turn * power) @ turn.conj().T
    for device in (0, 5):
        own = slice(device % 2, None, 2)
        if estimator == "nearest":
            place = np.arange(16)[own]
            weights = np.zeros([16, 8])
            nearest = np.abs(np.arange(16)[:, None] - place).argmin(axis=1)
            apart = np.abs(np.arange(16)[:, None] - place)
            clear = np.sort(apart, axis=1)[:, 0] < np.sort(apart, axis=1)[:, 1]  # between two, either may be meant
            weights[np.arange(16), nearest] = 1
        else:
            low, high = (edge + side for edge, side in zip(air._arrivals, (-0.5, 0.5), strict=True))
            delays = low + (np.arange(4000) + 0.5) / 4000 * (high - low)
            even = np.exp(-2j * np.pi * np.outer(np.arange(-8, 8), delays) / 16)
            assumed = even @ even.conj().T / 4000
            weights = assumed[:, own] @ np.linalg.inv(assumed[own, own] + n0 / 2 * np.eye(8))
            clear = np.ones(16, bool)
        energy = np.einsum("fi,ij,fj->f", weights, covariance[own, own] + n0 / 2 * np.eye(8), weights.conj()).real
        common = (covariance[:, own] * weights.conj()).sum(axis=1)
        lacking = error_power(link.receiver, tf.constant([device]))[0, 0, 0].numpy()
        np.testing.assert_allclose(lacking[clear], (1 - np.abs(common) ** 2 / energy)[clear], atol=2e-4)
        told, best = (
            link.response(tf.constant([device]), of)[:, 0, 0, 0] for of in (link.receiver, link.receiver.best)
        )
        np.testing.assert_allclose((best / told)[0].numpy()[clear], (common / energy)[clear], rtol=1e-3, atol=1e-4)


def test_estimates_age_from_the_pilots_to_each_symbol_of_the_data() -> None:
    """Two devices a symbol: the third was heard one symbol before the data, the first two."""
    speed = 80.0
    air = Air(GRID, Tdl("A", 0.0, speed), 4, csir=Estimated("linear", 2))
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 2, 60.0)
    lacking = error_power(link.receiver)[0, :, :, 0].numpy()  # [K, T]
    lag = (np.arange(8) + np.array([2, 2, 1, 1])[:, None]) * GRID.symbol_seconds
    kept = j0(2 * np.pi * speed / 299792458.0 * 3.5e9 * lag)
    np.testing.assert_allclose(lacking, 1 - kept**2, atol=2e-5)


def test_beliefs_of_some_devices_and_symbols_are_those_of_all_taken_apart() -> None:
    for knows in (Estimated("linear", 2), Delayed(1), QuantizedFeedback(), ErrorVariance(0.2)):
        link = Air(GRID, Tdl("A", 1e-7, 60.0), 4, csir=knows).draw(
            Air(GRID, Awgn(), 4).init(keys.key(0)), keys.key(1), 0.0, 2
        )
        some, belief = tf.constant([3, 1]), link.receiver
        part = belief.of(some).at(2, 3)
        h = np.broadcast_to(link.response(of=belief.best), [1, 1, 4, 8, 16])[:, :, [3, 1], 2:5]
        np.testing.assert_allclose(np.broadcast_to(part.best.response(link.frequencies), h.shape), h, atol=1e-6)
        lacking = np.broadcast_to(error_power(belief), [1, 4, 8, 16])[:, [3, 1], 2:5]
        np.testing.assert_allclose(np.broadcast_to(error_power(part), lacking.shape), lacking, atol=1e-6)


# --- combiners


def test_combiners_work_with_the_best_estimate_and_count_what_it_lacks_as_noise() -> None:
    """The same weights as over a link whose belief is the best estimate and whose noise holds what that lacks."""
    everybody, e = tf.range(6), 0.3
    link = draw(Rayleigh(), ErrorVariance(e), 6, 3.0, antennas=3)
    best = ResponseTable(link.response(of=link.receiver.best))
    sure = link._replace(receiver=best)
    loud = sure._replace(noise=link.noise + 6 * e)
    np.testing.assert_allclose(
        MaximumRatio().weights(link, everybody), MaximumRatio().weights(sure, everybody), atol=1e-5
    )
    np.testing.assert_allclose(
        ZeroForcing().weights(link, everybody), ZeroForcing().weights(loud, everybody), atol=1e-5
    )
    v, error = Beamforming().descend(link, everybody)
    assert np.all(error > Beamforming().descend(sure, everybody)[1])
    assert np.all(error < Beamforming().descend(loud, everybody)[1] + 1e-6)  # nobody sends more than 1
    assert v.shape == [1, 3, 1, 16]


# --- correlation over time


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> CirFile:
    """Two paths that change at different speeds, in a file."""
    rng, file = np.random.default_rng(0), tmp_path_factory.mktemp("cir") / "moving.npz"
    turns = np.exp(2j * np.pi * rng.uniform(size=[300, 1, 2, 8, 1])) * np.exp(
        2j * np.pi * rng.normal(size=[300, 1, 2, 8, 1]) * np.array([0.02, 0.06])[:, None, None] * np.arange(40)
    )
    np.savez(file, a=turns.sum(axis=3) / 4, tau=np.zeros([300, 2]), step_seconds=SECONDS / 1.3)
    return CirFile(str(file))


CHANNELS = [
    Tdl("A", 1e-7, 60.0),
    Tdl("D", 1e-7, 60.0),
    Tdl("E", 1e-7, 60.0, fading="continuous"),
    Cdl("A", 1e-7, 60.0),
    Cdl("D", 1e-7, 60.0, pattern="38.901"),
    BlockRayleigh(3),
]


def ensemble(channel: Channel) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients [N, L, T] of 1280 devices from two symbols before the data to six after, and mean powers [N, L]."""
    span = Span(tf.constant(3.0, tf.float64), 9, SECONDS, -2)
    drawn = tf.function(lambda: channel.draw(Size(20, 1, 64), span, keys.key(1), keys.key(2)), autograph=False)()
    a = drawn.a.numpy()[:, 0]
    return a.reshape(-1, *a.shape[2:]), drawn.power.numpy().reshape(-1, a.shape[2])


def agrees(channel: Channel) -> None:
    """E[a(now) a(then)*] over the mean power, path by path, to 4.5 standard errors."""
    a, power = ensemble(channel)
    then, now = np.array([-2, -1, 0, 0]), np.array([1, 2, 1, 6])
    said = np.broadcast_to(channel.correlation(then, now, SECONDS), [4, a.shape[1]])
    products = a[..., now + 2] * a[..., then + 2].conj() / np.maximum(power.mean(axis=0), 1e-12)[:, None]  # [N, L, 4]
    wrong = np.abs(products.mean(axis=0).T - said)
    assert np.all(wrong < 4.5 * products.std(axis=0).T / len(a) ** 0.5 + 1e-5)


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
def test_channels_are_correlated_over_time_as_they_say(channel: Channel) -> None:
    agrees(channel)


def test_paths_from_a_file_are_correlated_over_time_as_they_say(measured: CirFile) -> None:
    a, _ = ensemble(measured)
    then, now = np.array([-2, 0, 4]), np.array([1, 6, 0])
    said = measured.correlation(then, now, SECONDS)
    late, early = a[..., now + 2], a[..., then + 2]
    kept = (late * early.conj()).mean(axis=0) / ((np.abs(late) ** 2 + np.abs(early) ** 2).mean(axis=0) / 2)
    # 300 examples of few waves: devices are not independent, and both are seen through the same file
    np.testing.assert_allclose(said, kept.T, atol=0.1)
    assert np.all(np.abs(said[:, 0]) > np.abs(said[:, 1]))
    np.testing.assert_allclose(said[2], measured.correlation(now[2:], then[2:], SECONDS)[0].conj(), atol=1e-9)


@pytest.mark.parametrize(("model", "k_db"), [("D", 13.3), ("E", 22.0)])
def test_a_line_of_sight_turns_with_the_doppler_shift_of_its_angle(model: str, k_db: float) -> None:
    """E[a(t) a(0)*]/p = (K e^(j 2 pi f_d cos(45 deg) t) + J0(2 pi f_d t)) / (K+1) on the first tap, K from 38.901."""
    channel, k = Tdl(model, 1e-7, speed=60.0), 10 ** (k_db / 10)  # type: ignore[arg-type]
    a, power = ensemble(channel)
    lag = np.arange(9) * SECONDS
    hertz = 60.0 * 3.5e9 / 299792458.0
    expected = (k * np.exp(2j * np.pi * hertz * lag / 2**0.5) + j0(2 * np.pi * hertz * lag)) / (k + 1)
    products = a[:, 0] * a[:, 0, :1].conj() / power[0, 0]  # [N, T]
    assert np.all(np.abs(products.mean(axis=0) - expected) < 4.5 * products.std(axis=0) / len(a) ** 0.5 + 1e-5)
    np.testing.assert_allclose(channel.correlation(0 * lag, np.arange(9), SECONDS)[:, 0], expected, atol=2e-3)


def test_sectors_are_correlated_as_clarke_says_but_for_their_zenith_angles() -> None:
    """Summed over paths and places: waves from above and below have less of a Doppler shift."""
    channel = Umi(speed=60.0, compensated=True)
    span = Span(0.0, 4, SECONDS)
    drawn = tf.function(lambda: channel.draw(Size(1, 1, 600), span, keys.key(1), keys.key(2)), autograph=False)()
    a = drawn.a.numpy()[0, 0]  # [K, L, T]
    kept = (a * a[..., :1].conj()).sum(axis=1)  # [K, T]
    wrong = kept.mean(axis=0) - channel.correlation(np.zeros(1), np.arange(4), SECONDS)[:, 0]
    assert np.all(np.abs(wrong) < 0.03 + 4.5 * kept.std(axis=0) / 600**0.5)


@pytest.mark.parametrize(
    "turning", [FrequencyOffset(-0.02, 0.05, deviation=0.02), PhaseNoise(60.0)], ids=lambda each: type(each).__name__
)
def test_distortions_that_turn_are_correlated_over_time_as_they_say(turning: FrequencyOffset | PhaseNoise) -> None:
    air = Air(GRID, Awgn(), 2000, impairments=(turning,))
    paths = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 3).effective
    m = paths.a.numpy()[0, 0, :, 0]  # [K, T]
    products = m[:, [3, 11]] * m[:, :1].conj() / paths.power.numpy()[0, :, :1].mean()
    said = turning.correlation(np.array([3, 11]) * GRID.symbol_seconds, GRID)
    assert np.all(np.abs(products.mean(axis=0) - said) < 4.5 * products.std(axis=0) / 2000**0.5 + 1e-3)


def test_what_turns_after_the_pilots_is_not_known_though_the_channel_stands_still() -> None:
    air = Air(GRID, Rayleigh(), 2, impairments=(FrequencyOffset(-0.1, 0.1),), csir=Estimated("linear", 2))
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 2, 60.0)
    lag = (np.arange(8) + 1) * GRID.symbol_samples / GRID.subcarriers  # of the only symbol of pilots
    power = float(link.effective.power[0, 0, 0])
    lacking = error_power(link.receiver)[0, 0, :, 0].numpy()
    np.testing.assert_allclose(lacking, power * (1 - np.sinc(0.2 * lag) ** 2), atol=2e-3)
