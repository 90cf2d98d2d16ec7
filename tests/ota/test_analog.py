"""Analog uplink: the channel adds, the receiver divides by the level, and what remains is the error of the theory."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Codec, Identity, RandomLinear
from overair.phy import (
    Air,
    Awgn,
    Channel,
    FullInversion,
    Grid,
    MseOptimal,
    PhaseOnly,
    PowerRule,
    Rayleigh,
    Tdl,
    TimingOffset,
    TruncatedInversion,
    keys,
)

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
CHANNELS = [Awgn(), Rayleigh(), Tdl("A", 30e-9), Tdl("A", 30e-9, speed=40.0)]


def updates(devices: int, size: int) -> tf.Tensor:
    return keys.normal(keys.key(1), [devices, size]) * tf.linspace(0.5, 2.0, devices)[:, None]


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
@pytest.mark.parametrize("rule", [FullInversion(), TruncatedInversion(0.0), MseOptimal()], ids=str)
def test_without_noise_inversion_gives_the_exact_weighted_mean(play: Any, channel: Channel, rule: PowerRule) -> None:
    weights, values = tf.constant([0.1, 0.2, 0.3, 0.4]), updates(4, 301)
    estimate, report = play(Analog(Identity(), rule), Air(GRID, channel, 4), values, 160, weights=weights)
    expected = weights.numpy() @ values.numpy()
    np.testing.assert_allclose(estimate[0], expected, atol=2e-5 * np.abs(expected).max())
    assert np.all(report.decoded) and float(report.nmse[0]) < 1e-9


@pytest.mark.parametrize("channel", CHANNELS[1:], ids=str)
def test_without_noise_the_mean_is_exact_behind_four_antennas(play: Any, channel: Channel) -> None:
    values = updates(4, 301)
    air = Air(GRID, channel, 4, antennas=4)
    estimate, _ = play(Analog(Identity(), FullInversion()), air, values, 160)
    np.testing.assert_allclose(estimate[0], values.numpy().mean(axis=0), atol=1e-4)


@pytest.mark.parametrize("rule", [PhaseOnly(), TruncatedInversion(0.5), MseOptimal()], ids=str)
def test_without_fading_and_noise_every_rule_gives_the_exact_mean(play: Any, rule: PowerRule) -> None:
    values = updates(4, 33)
    estimate, _ = play(Analog(Identity(), rule), Air(GRID, Awgn(), 4), values, 17)
    np.testing.assert_allclose(estimate[0], values.numpy().mean(axis=0), atol=1e-5)


def test_with_aligned_phases_alone_each_update_is_weighted_by_its_relative_gain(play: Any) -> None:
    values, air = updates(5, 33), Air(GRID, Rayleigh(), 5)
    estimate, _ = play(Analog(Identity(), PhaseOnly()), air, values, 17)
    key = keys.fold(keys.key(0, "round", 0), "link")
    gains = np.abs(air.draw(air.init(keys.key(0, "place")), key, 0.0, 1).true.a.numpy().ravel())
    np.testing.assert_allclose(estimate[0], (gains / gains.mean()) @ values.numpy() / 5, atol=1e-5)


def test_offsets_that_the_transmitters_see_change_nothing_and_unseen_ones_destroy_the_sum(play: Any) -> None:
    values, errors = updates(20, 200), []
    for seen in (True, False):
        air = Air(GRID, Rayleigh(), 20, impairments=(TimingOffset(0.0, 6.0, seen=seen),))
        errors.append(float(play(Analog(Identity(), FullInversion()), air, values, 100)[1].nmse[0]))
    assert errors[0] < 1e-8 and errors[1] > 0.1


@pytest.mark.parametrize("spare", [1, 3])
@pytest.mark.parametrize("antennas", [1, 2])
def test_the_noise_in_a_parameter_is_half_of_n0_over_the_level_squared(play: Any, spare: int, antennas: int) -> None:
    """Everybody sends +-1/K at gain sqrt(A): an element holds 2/K^2 and all arrive at level^2 = A spare K^2 P / 2."""
    devices, size, rounds, snr_db = 5, 60, 300, 3.0
    signs = keys.signs(keys.key(1), [devices, size])
    air = Air(GRID, Awgn(), devices, antennas)
    estimates, report = play(
        Analog(Identity(), FullInversion()), air, signs, spare * size // 2, count=rounds, snr_db=snr_db
    )
    error = estimates.numpy() - signs.numpy().mean(axis=0)
    expected = 10 ** (-snr_db / 10) / 2 / (antennas * spare * devices**2 / 2)
    assert abs((error**2).mean() / expected - 1) < 4 * (2 / error.size) ** 0.5
    assert np.all(np.abs(error.mean(axis=0)) < 4.5 * (expected / rounds) ** 0.5)
    np.testing.assert_allclose(report.energy, 1, rtol=1e-5)  # every element of the grant on average


def test_noise_does_not_grow_with_the_number_of_devices(play: Any) -> None:
    """The mean of K equal updates at equal power has K^2 times less noise in power."""
    errors = []
    for devices in (1, 10):
        air = Air(GRID, Awgn(), devices)
        ones = tf.ones([devices, 200])
        estimates, _ = play(Analog(Identity(), FullInversion()), air, ones, 100, count=30, snr_db=0.0)
        errors.append(((estimates.numpy() - 1) ** 2).mean())
    assert abs(errors[0] / errors[1] / 100 - 1) < 4 * (4 / 6000) ** 0.5


@pytest.mark.parametrize(("codec", "size"), [(Identity(), 64), (RandomLinear(compression=2.0), 128)])
def test_unbiased_truncation_is_unbiased_and_plain_truncation_shrinks_by_the_active_share(
    play: Any, codec: Codec, size: int
) -> None:
    """Coordinates of an uncoded update are unbiased over fading, those of a coded one over codes as well."""
    threshold, rounds = 0.2, 700
    grid = Grid(subcarriers=32, symbols=1, prefix=32, spacing=600e3)
    air, values = Air(grid, Tdl("A", 170e-9), 3), updates(3, size)
    target = values.numpy().mean(axis=0)
    for unbiased, share in ((True, 1.0), (False, np.exp(-threshold))):
        rule = TruncatedInversion(threshold, unbiased)
        decoded, report = play(Analog(codec, rule), air, values, 32, count=rounds, snr_db=30.0)
        estimates = decoded.numpy()
        assert np.all(report.decoded)  # so selective a channel never silences all of a device's elements
        along = estimates @ target / (target @ target)
        assert abs(along.mean() - share) < 4 * along.std() / rounds**0.5
        assert np.all(np.abs(estimates.mean(0) - share * target) < 4.5 * estimates.std(0) / rounds**0.5)


def test_a_device_in_a_deep_fade_is_silent_and_reported(play: Any) -> None:
    air, values = Air(GRID, Rayleigh(), 500), tf.ones([500, 2])
    energy, heard = play(Analog(Identity(), TruncatedInversion(0.7)), air, values, 4, snr_db=10.0)[1][2:4]
    assert np.array_equal(energy > 0, heard)
    silent = 1 - np.exp(-0.7)
    assert abs(1 - np.mean(heard) - silent) < 4 * (silent * (1 - silent) / 500) ** 0.5


def test_the_report_counts_elements_and_side_information(play: Any) -> None:
    report = play(Analog(RandomLinear(compression=4.0)), Air(GRID, Awgn(), 3), updates(3, 80), 128)[1]
    assert float(report.payload[0]) == 10  # 20 rows, two to an element
    assert float(report.bits[0]) == 3 * 32


@pytest.mark.parametrize("fields", [{"codec": 3}, {"rule": "full"}, {"budget": "weekly"}])
def test_impossible_uplinks_are_refused(fields: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Analog(**fields)
