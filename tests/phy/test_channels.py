"""Channels: gains have the distribution, the delays and the motion that their names promise."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import j0

from overair.phy import Air, Awgn, Channel, Grid, Rayleigh, Size, Span, Tdl, keys
from overair.phy.channels import _groups

PLACE = keys.key(0, "place")

SINUSOIDS = 20  # of Sionna's TDL: a tap of power p has E|a|^4 = (2 - 1/20) p^2
SPEED_OF_LIGHT = 299_792_458.0

# 3GPP TR 38.901, tables 7.7.2-1 and 7.7.2-4: normalised delays, powers in dB (D: the first two taps coincide)
TABLE_A = (
    [0.0, 0.3819, 0.4025, 0.5868, 0.4610, 0.5375, 0.6708, 0.5750, 0.7618, 1.5375, 1.8978, 2.2242]
    + [2.1718, 2.4942, 2.5119, 3.0582, 4.0810, 4.4579, 4.5695, 4.7966, 5.0066, 5.3043, 9.6586],
    [-13.4, 0.0, -2.2, -4.0, -6.0, -8.2, -9.9, -10.5, -7.5, -15.9, -6.6, -16.7]
    + [-12.4, -15.2, -10.8, -11.3, -12.7, -16.2, -18.3, -18.9, -16.6, -19.9, -29.7],
)
LINE_OF_SIGHT = {"D": (-0.2, -13.5), "E": (-0.03, -22.03)}  # dB, specular and scattered power of the first tap


def share_of_sight(model: str) -> float:
    """K/(K+1) of the first tap."""
    specular, scattered = (10 ** (level / 10) for level in LINE_OF_SIGHT[model])
    return specular / (specular + scattered)


def test_awgn_is_gain_one_everywhere() -> None:
    paths = Awgn().draw(Size(2, 3, 4), Span(0.0, 5, 1.0), keys.key(0), PLACE)
    assert np.array_equal(paths.response(Grid().frequencies), np.ones([2, 3, 4, 1, 64]))


def test_rayleigh_gains_are_complex_normal_with_unit_power() -> None:
    paths = Rayleigh().draw(Size(100, 4, 50), Span(0.0, 1, 1.0), keys.key(0), PLACE)
    gains = paths.a.numpy().ravel()
    power, count = np.abs(gains) ** 2, len(gains)
    assert abs(power.mean() - 1) < 4 / count**0.5  # var |h|^2 = 1
    assert abs((power**2).mean() - 2) < 4 * (20 / count) ** 0.5  # var |h|^4 = 24 - 4
    assert abs((gains**2).mean()) < 4 * (2 / count) ** 0.5
    assert abs(gains.mean()) < 4 / count**0.5


def test_rayleigh_is_flat_and_constant_over_a_round() -> None:
    paths = Rayleigh().draw(Size(1, 1, 3), Span(0.0, 28, 1.0), keys.key(0), PLACE)
    assert paths.a.shape == (1, 1, 3, 1, 1)
    assert not np.any(paths.tau)


@pytest.mark.parametrize("channel", [Rayleigh(), Tdl("A"), Tdl("D"), Tdl("B", speed=50.0)], ids=str)
def test_devices_and_antennas_fade_independently(channel: Channel) -> None:
    rounds = 2000
    paths = channel.draw(Size(rounds, 2, 3), Span(0.0, 1, 1.0), keys.key(4), PLACE)
    gains = paths.a.numpy()[:, :, :, 0, 0].reshape(rounds, 6) / paths.power.numpy()[0, 0, 0] ** 0.5  # the first tap
    for i, j in itertools.combinations(range(6), 2):  # antenna after antenna
        same_wave = channel == Tdl("D") and i % 3 == j % 3  # a plane wave from anywhere on the circle
        expected = share_of_sight("D") * j0(np.pi * (j // 3 - i // 3)) if same_wave else 0.0
        # E|h_i h_j*|^2 = 1 for gains of unit power, independent or not, so the sample correlation varies by 1/rounds
        assert abs((gains[:, i] * gains[:, j].conj()).mean() - expected) < 4 / rounds**0.5


@pytest.mark.parametrize("batched", [False, True])
def test_tdl_has_the_standards_delay_profile(batched: bool) -> None:
    draws, spread = 4000, 130e-9
    paths = Tdl("A", spread).draw(
        Size(*((draws, 1, 1) if batched else (1, 1, draws))), Span(0.0, 1, 1.0), keys.key(1), PLACE
    )
    power = np.abs(paths.a.numpy().reshape(draws, 23)) ** 2
    delays, decibels = map(np.array, TABLE_A)
    expected = 10 ** (decibels / 10) / (10 ** (decibels / 10)).sum()
    np.testing.assert_allclose(paths.tau.numpy().reshape(draws, 23)[0], delays * spread, rtol=1e-5)
    np.testing.assert_allclose(paths.power.numpy().reshape(draws, 23)[0], expected, rtol=1e-5)
    error = (1 - 1 / SINUSOIDS) ** 0.5 * expected / draws**0.5
    assert np.all(np.abs(power.mean(0) - expected) < 4.5 * error)  # 23 taps


@pytest.mark.parametrize("model", ["A", "B", "C", "D", "E"])
def test_tdl_has_unit_mean_gain_and_the_delay_spread_asked_for(model: str) -> None:
    draws, spread = 3000, 200e-9
    channel = Tdl(model, spread)  # type: ignore[arg-type]
    paths = channel.draw(Size(1, 1, draws), Span(0.0, 1, 1.0), keys.key(2), PLACE)
    gain = (np.abs(paths.a.numpy()) ** 2).sum(axis=(0, 1, 3, 4))  # [draws]
    assert abs(gain.mean() - 1) < 4 * gain.std() / draws**0.5
    power, tau = paths.power.numpy()[0, 0].astype(float), paths.tau.numpy()[0, 0].astype(float)
    assert power.sum() == pytest.approx(1, rel=1e-5)
    measured = ((power * tau**2).sum() - (power * tau).sum() ** 2) ** 0.5
    assert measured == pytest.approx(spread, rel=0.01)  # the standard's tables are normalised to better than 1 %
    assert channel.longest == pytest.approx(tau.max(), rel=1e-6)


@pytest.mark.parametrize("model", ["D", "E"])
def test_tdl_d_and_e_have_a_line_of_sight(model: str) -> None:
    draws = 5000
    k = share_of_sight(model) / (1 - share_of_sight(model))
    gains = Tdl(model).draw(Size(1, 1, draws), Span(0.0, 1, 1.0), keys.key(3), PLACE).a.numpy()[0, 0, :, 0, 0]  # type: ignore[arg-type]
    power = np.abs(gains) ** 2
    spread = power.var() / power.mean() ** 2
    expected = (2 * k + 1 - 1 / SINUSOIDS) / (k + 1) ** 2
    # |a|^2 is close to normal for k of 20 and more: a variance estimated from n draws varies by sqrt(2/n) of itself.
    assert abs(spread / expected - 1) < 4 * (2 / draws) ** 0.5
    assert abs(gains.mean()) < 4 * power.mean() ** 0.5 / draws**0.5  # the phase of the line of sight is uniform


def test_moving_taps_have_jakes_autocorrelation_through_slot_borders() -> None:
    channel, grid, devices = Tdl("A", speed=30.0), Grid(), 500
    air = Air(grid, channel, devices)
    a = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, slots=2).true.a.numpy()[0, 0]  # [K, L, T]
    assert a.shape == (devices, 23, 28)
    taps = a / air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1).true.power.numpy()[0, :, :, None] ** 0.5
    lags = np.arange(28)
    measured = (taps * taps[..., :1].conj()).mean(axis=(0, 1))
    doppler = 2 * np.pi * 30.0 / SPEED_OF_LIGHT * channel.carrier  # rad/s
    expected = j0(doppler * grid.symbol_seconds * lags)
    assert expected.min() < -0.3  # the lags reach past the first zero
    error = (2 / (devices * 23)) ** 0.5  # E|a a*|^2 < 2 p^2
    assert np.all(np.abs(measured - expected) < 4.5 * error)


def test_no_jump_between_slots() -> None:
    grid = Grid()
    channel = Tdl("A", speed=3.0)
    a = channel.draw(Size(1, 1, 400), Span(0.0, 28, grid.symbol_seconds), keys.key(1), PLACE).a.numpy()[0, 0]
    steps = (np.abs(np.diff(a, axis=-1)) ** 2).sum(axis=1).mean(axis=0)  # [T - 1]
    doppler = 2 * np.pi * 3.0 / SPEED_OF_LIGHT * channel.carrier
    # the taps' increments have the mean power 2 (1 - J0); one step's mean over 400 devices varies by under 5 %
    np.testing.assert_allclose(steps, 2 * (1 - j0(doppler * grid.symbol_seconds)), rtol=0.2)
    assert abs(steps[13] / steps[12] - 1) < 0.02  # at the border as beside it


@pytest.mark.parametrize("start", [0.0, 7200.0])
def test_continuous_fading_keeps_jakes_correlation_between_rounds(start: float) -> None:
    devices, speed = 500, 3.0
    channel = Tdl("A", speed=speed, fading="continuous")
    doppler = 2 * np.pi * speed / SPEED_OF_LIGHT * channel.carrier
    lags = np.array([0.0, 0.2, 0.5, 1.0, 2.0, 3.0]) / doppler * 2  # rounds apart, past the first zero of J0

    def taps(number: int) -> np.ndarray:
        at = np.float64(start) + lags[number]
        paths = channel.draw(Size(1, 1, devices), Span(float(at), 2, 1e-6), keys.key(number), PLACE)
        return paths.a.numpy()[0, 0, :, :, 0] / paths.power.numpy()[0] ** 0.5  # [K, L]

    first = taps(0)
    measured = np.array([(taps(number) * first.conj()).mean() for number in range(len(lags))])
    error = (2 / (devices * 23)) ** 0.5  # E|a a*|^2 < 2 p^2
    assert np.all(np.abs(measured - j0(doppler * lags)) < 4.5 * error)


@pytest.mark.parametrize("model", ["A", "D"])
def test_a_round_of_continuous_fading_goes_on_where_the_last_one_ended(model: str) -> None:
    channel = Tdl(model, speed=30.0, fading="continuous")  # type: ignore[arg-type]
    size, step, after = Size(2, 2, 3), 1e-4, 3600.0

    def draw(span: Span, round: int) -> np.ndarray:
        return channel.draw(size, span, keys.key(round), PLACE).a.numpy()

    whole = draw(Span(after, 14, step, -3), 0)
    np.testing.assert_allclose(draw(Span(after + 5 * step, 6, step), 1), whole[..., 8:], atol=2e-5)
    # 2 pi 350 Hz x 1e-12 s, what a float64 keeps of an hour, are far below that; float32 would be off by 0.2 turns
    assert np.abs(np.diff(whole)).max() > 1e-2


def test_continuous_fading_depends_on_the_place_and_independent_fading_on_the_round() -> None:
    for fading, lasts in (("continuous", True), ("independent", False)):
        channel = Tdl("A", fading=fading)  # type: ignore[arg-type]
        one, later = (channel.draw(Size(1, 1, 2), Span(t, 1, 1.0), keys.key(int(t)), PLACE) for t in (0.0, 9.0))
        elsewhere = channel.draw(Size(1, 1, 2), Span(0.0, 1, 1.0), keys.key(0), keys.key(1))
        assert np.array_equal(one.a, later.a) == lasts  # at speed 0 every round sees the same channel
        assert np.array_equal(one.a, elsewhere.a) != lasts


def test_at_speed_zero_the_channel_stands_still() -> None:
    air = Air(Grid(), Tdl("A"), 2)
    assert air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 3).response().shape[3] == 1


@pytest.mark.parametrize("speed", [0.0, 30.0])
def test_devices_drawn_in_small_groups_are_as_good_as_drawn_at_once(
    monkeypatch: pytest.MonkeyPatch, speed: float
) -> None:
    channel, steps = Tdl("A", speed=speed), 3 if speed else 1
    monkeypatch.setattr(_groups, "VALUES", 30_000)  # pieces of a group, too
    paths = channel.draw(Size(2, 2, 100), Span(0.0, steps, 1e-4), keys.key(0), PLACE)
    assert paths.a.shape == (2, 2, 100, 23, steps) and paths.a.dtype == tf.complex64
    assert len(np.unique(paths.a)) == np.size(paths.a)  # no group repeats another
    power = (np.abs(paths.a.numpy()) ** 2).sum(axis=3).mean(axis=(1, 3))  # [B, K]
    assert abs(power.mean() - 1) < 4 * power.std() / 200**0.5
    graph = tf.function(
        lambda: channel.draw(Size(2, 2, 100), Span(0.0, steps, 1e-4), keys.key(0), PLACE).a, autograph=False
    )
    np.testing.assert_allclose(graph(), paths.a, atol=1e-6)


def test_impossible_channels_are_refused() -> None:
    for fields in ({"model": "F"}, {"delay_spread": -1e-9}, {"speed": -1.0}, {"carrier": 0.0}):
        with pytest.raises(ValueError, match=next(iter(fields))):
            Tdl(**fields)
