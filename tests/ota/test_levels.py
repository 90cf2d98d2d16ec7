"""Energies and levels of a round: pilots within budgets, channels that last, and scales that noise hides."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from overair.ota import Analog, Identity, Terms
from overair.phy import Air, Awgn, Estimated, Grid, Tdl, TruncatedInversion, keys
from overair.phy.power.individual import Individual

GRID = Grid(subcarriers=32, symbols=4, prefix=8)


def test_pilots_are_sent_at_the_budget_of_each_device(play: Any) -> None:
    """Nine devices of which four share a symbol send on eight subcarriers each, with the energy of a whole symbol."""
    power_offsets_db, known = (0.0, -10.0, 6.0), Estimated("linear", comb=4)
    air = Air(GRID, Awgn(), 9, csit=known, csir=known)
    silent = play(Analog(), air, tf.zeros([9, 400]), 200, snr_db=20.0, power_offsets_db=power_offsets_db)[1]
    budgets = 10 ** (np.array(power_offsets_db * 3) / 10)
    np.testing.assert_allclose(silent.energy[0], 32 * budgets / (200 + 128), rtol=1e-5)
    loud = play(Analog(), air, keys.normal(keys.key(1), [9, 400]), 200, snr_db=20.0, power_offsets_db=power_offsets_db)[
        1
    ]
    assert np.all(loud.energy[0] <= budgets * (1 + 1e-5))


def test_where_the_channel_lasts_each_device_has_the_expected_cost_of_its_own() -> None:
    """It stands still over all rounds, so the cost of inverting it is known from any one of them."""
    threshold, devices = 0.2, 7
    air = Air(GRID, Tdl("A", 1e-6, fading="continuous"), devices)
    terms, place = Terms(air, 64, 32), air.init(keys.key(0, "place"))
    rule = TruncatedInversion(threshold, unbiased=False)
    cost = Analog(Identity(), rule, "average").init(terms, place).cost.numpy()
    power = np.abs(air.draw(place, keys.key(9), 123.0, 1).response()[0, 0, :, 0].numpy()) ** 2  # [K, F]
    inverted = np.where(power >= threshold, 1 / power, 0.0).mean(axis=1)
    np.testing.assert_allclose(cost, inverted, rtol=1e-4)
    assert inverted.max() > 1.5 * inverted.min()


def test_a_scale_below_the_noise_is_not_decoded(play: Any) -> None:
    """Far below the noise the scale that arrives is CN(0, N0): its real part exceeds sqrt(N0/2) with Phi(-1)."""
    count, air = 600, Air(GRID, Awgn(), 3)
    updates = keys.normal(keys.key(0), [3, 20])
    estimates, report = play(Analog(Identity(), Individual()), air, updates, 11, count=count, snr_db=-90.0)
    decoded = np.any(estimates.numpy() != 0, axis=1)
    np.testing.assert_array_equal(report.decoded, np.repeat(decoded[:, None], 3, axis=1))
    share = norm.sf(1)
    assert abs(decoded.mean() - share) < 4.5 * (share * (1 - share) / count) ** 0.5


def test_a_scale_above_the_noise_is_decoded(play: Any) -> None:
    estimates, report = play(
        Analog(Identity(), Individual()), Air(GRID, Awgn(), 3), tf.ones([3, 20]), 11, count=50, snr_db=20.0
    )
    assert np.all(report.decoded) and np.all(report.nmse < 0.1)
    assert estimates.shape == (50, 20)


@pytest.mark.parametrize("antennas", [1, 4])
def test_the_noise_that_hides_a_scale_is_that_behind_the_combiner(play: Any, antennas: int) -> None:
    """Where the scale that arrives is twice the noise of its real part, rounds are decoded with probability Phi(1)."""
    count, devices = 600, 2
    level = 2 * 0.5**0.5  # of sqrt(N0): the mean of the scale in units of one antenna's noise
    updates = tf.ones([devices, 20])
    air = Air(GRID, Awgn(), devices, antennas)
    # each device has weight w = 1/2 and energy w^2 (10 * 2 + 1) b^2 = 11 P: b w = sqrt(11/21); all scales add, combined
    snr = level**2 / (devices**2 * 11 / 21) / antennas
    heard = play(Analog(Identity(), Individual()), air, updates, 11, count=count, snr_db=10 * np.log10(snr))[1].decoded
    share = norm.cdf(1)
    assert abs(np.mean(heard[:, 0]) - share) < 4.5 * (share * (1 - share) / count) ** 0.5
