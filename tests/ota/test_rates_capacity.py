"""Capacity: the rate of long codes, and of short ones to the normal approximation, lost as often as that says."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from overair.ota import Capacity, Digital, Subchannel
from overair.phy import Air, Awgn, Grid, keys

LOG2_E = math.log2(math.e)


def share(believed: Any, known: Any = None, mine: Any = None) -> Subchannel:
    believed = tf.constant(believed, tf.float32)
    known = believed if known is None else tf.constant(known, tf.float32)
    mine = tf.ones_like(believed) if mine is None else tf.constant(mine, tf.float32)
    return Subchannel(mine, believed, known, tf.zeros([1, 1]), tf.ones([1, 1], tf.complex64))


def approximation(snr: np.ndarray, error: float) -> float:
    """From 2n real channels: capacity log2(1 + s)/2 and dispersion s (s + 2) / (2 (s + 1)^2) log2(e)^2 each."""
    real = np.repeat(snr, 2)
    capacity = np.sum(np.log2(1 + real) / 2)
    dispersion = np.sum(real * (real + 2) / (2 * (real + 1) ** 2)) * LOG2_E**2
    return float(capacity - np.sqrt(dispersion) * norm.isf(error) + np.log2(len(real)) / 2)


@pytest.mark.parametrize("error", [0.3, 0.1, 1e-3])
def test_short_packets_carry_what_the_normal_approximation_says_of_their_real_channels(error: float) -> None:
    rng = np.random.default_rng(0)
    snr, mine = rng.exponential(5, [3, 90]), rng.integers(0, 2, [3, 90])
    expected = [approximation(s[m > 0], error) for s, m in zip(snr, mine, strict=True)]
    np.testing.assert_allclose(Capacity(error).bits(share(snr, mine=mine)), expected, rtol=1e-5)


def test_too_few_elements_carry_nothing() -> None:
    assert Capacity(1e-6).bits(share([[0.1] * 5])) == 0


def test_no_error_that_is_accepted_carries_more_than_capacity() -> None:
    mine = share([[0.0] * 50, [1e-3] * 50, [4.0] * 50])
    np.testing.assert_array_equal(Capacity(0.5).bits(mine), Capacity().bits(mine))


def test_a_penalty_vanishes_in_long_packets() -> None:
    long, limit = (Capacity(error).bits(share(np.full([1, 200000], 3.0))) for error in (0.01, None))
    assert float(long[0] / limit[0]) == pytest.approx(
        1 - norm.isf(0.01) * LOG2_E * (15 / 16 / 2e5) ** 0.5 / 2, abs=2e-4
    )


@pytest.mark.parametrize("error", [0.3, 0.1, 0.02])
def test_packets_of_the_right_rate_are_lost_with_the_probability_asked(error: float) -> None:
    rate, devices = Capacity(error), 20000
    arrives = tf.function(rate.crc_ok, autograph=False)
    mine = share(np.full([devices, 30], 4.0))
    lost = 1 - np.mean(arrives(mine, rate.bits(mine), tf.range(devices), keys.key(0)))
    assert abs(lost - error) < 4.5 * (error * (1 - error) / devices) ** 0.5


def test_packets_on_a_channel_other_than_believed_are_lost_as_often_as_its_own_approximation_says() -> None:
    rate, devices, believed, known = Capacity(0.1), 20000, 4.0, 3.5
    arrives = tf.function(rate.crc_ok, autograph=False)
    mine = share(np.full([devices, 60], believed), np.full([devices, 60], known))
    bits = approximation(np.full(60, believed), 0.1)
    spread = (60 * (1 - (1 + known) ** -2)) ** 0.5 * LOG2_E
    expected = norm.sf((approximation(np.full(60, known), 0.5) - bits) / spread)
    lost = 1 - np.mean(arrives(mine, rate.bits(mine), tf.range(devices), keys.key(0)))
    assert abs(lost - expected) < 4.5 * (expected * (1 - expected) / devices) ** 0.5
    assert 0.2 < expected < 0.8


def test_what_is_lost_depends_on_the_device_and_the_key_and_not_on_the_group() -> None:
    rate, mine = Capacity(0.5), share(np.full([40, 30], 4.0))
    bits, devices = rate.bits(mine), tf.range(40)
    some = tf.range(7, 19)
    part = share(np.full([12, 30], 4.0))
    whole = rate.crc_ok(mine, bits, devices, keys.key(1))
    assert np.array_equal(tf.gather(whole, some), rate.crc_ok(part, bits[:12], some, keys.key(1)))
    assert not np.array_equal(whole, rate.crc_ok(mine, bits, devices, keys.key(2)))


def test_a_digital_uplink_loses_the_packets_that_it_accepts_to_lose(play: Any) -> None:
    """With updates long enough to fill the rate, to a bit of the last coordinate."""
    error, rounds, devices = 0.2, 40, 25
    updates = keys.normal(keys.key(0), [devices, 300])
    _, report = play(Digital(rate=Capacity(error)), Air(Grid(32, 4), Awgn(), devices), updates, 1000, rounds, 0.0)
    unused = 8 / ((40 * (1 - 26.0**-2)) ** 0.5 * LOG2_E)  # less than a coordinate, in deviations of a packet
    lost = 1 - np.mean(report.decoded)
    low = norm.sf(norm.isf(error) + unused)
    noise = 4.5 * (error / (rounds * devices)) ** 0.5
    assert low - noise < lost < error + noise


@pytest.mark.parametrize("error", [0.0, 1.0, -0.1])
def test_an_impossible_error_is_refused(error: float) -> None:
    with pytest.raises(ValueError, match="error"):
        Capacity(target_bler=error)
