"""An average budget of devices that rarely take part: known from a bounded number of links, and the same as ever."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import exp1

from overair.ota import Analog, Identity, Terms
from overair.ota.uplinks import _levels
from overair.phy import Air, Grid, PathLoss, Rayleigh, TruncatedInversion, keys

GRID = Grid(subcarriers=8, symbols=2, prefix=2)
THRESHOLD = 0.1
RULE = TruncatedInversion(THRESHOLD, unbiased=False)


def cost(participation: float, **air: Any) -> tuple[np.ndarray, Terms]:
    terms = Terms(Air(GRID, Rayleigh(), **({"devices": 4} | air)), 16, 8, participation)
    return Analog(Identity(), RULE, "average").init(terms, terms.air.init(keys.key(0, "place"))).cost.numpy(), terms


@pytest.mark.parametrize("participation", [1e-9, 1e-300, 1e-4])
def test_the_cost_of_rare_devices_is_that_of_inverting_a_rayleigh_fade(participation: float) -> None:
    """E[1/g; g >= c] = E1(c) of g ~ Exp(1); its variance follows from E[1/g^2; g >= c] = exp(-c)/c - E1(c)."""
    found, terms = cost(participation)
    mean = exp1(THRESHOLD)
    variance = np.exp(-THRESHOLD) / THRESHOLD - mean - mean**2
    samples = _levels.SAMPLES * 8  # as subcarriers fade apart
    assert _levels.sampling(terms).draws == _levels.SAMPLES / 4
    np.testing.assert_allclose(found, mean, atol=4.5 * (variance / samples) ** 0.5)


@pytest.mark.parametrize("antennas", [1, 3])
def test_rare_devices_that_differ_each_have_their_own_cost(antennas: int) -> None:
    """Where nobody else is there, a device's cost does not depend on how rarely it comes: of 1 in 10^9, as of alone."""
    apart = (PathLoss(nearest=90.0, farthest=110.0),)
    found, terms = cost(1e-9, devices=3, antennas=antennas, impairments=apart)
    assert _levels.sampling(terms).draws == _levels.SAMPLES * (3 if antennas > 1 else 1)
    rng = np.random.default_rng(1)
    link = terms.air.draw(terms.air.init(keys.key(0, "place")), keys.key(1), 0.0, 1)
    scale = tf.reduce_sum(link.true.power, 2)[0].numpy()  # [K]
    gains = scale[:, None] * rng.gamma(antennas, size=[3, 200_000])
    each = np.where(gains >= THRESHOLD, 1 / gains, 0.0)
    bound = 4.5 * each.std(1) * (1 / (8 * _levels.SAMPLES) + 1 / 200_000) ** 0.5
    assert np.all(np.abs(found - each.mean(1)) <= bound)


def test_both_ways_agree_where_both_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, terms = cost(0.02)
    assert not _levels.sampling(terms).rare
    monkeypatch.setattr(_levels, "MOST_DRAWS", 10_000)
    again = Terms(Air(GRID, Rayleigh(), 4), 15, 8, 0.02)
    assert _levels.sampling(again).rare
    rare = Analog(Identity(), RULE, "average").init(again, again.air.init(keys.key(0, "place"))).cost.numpy()
    mean = exp1(THRESHOLD)
    error = ((np.exp(-THRESHOLD) / THRESHOLD - mean - mean**2) / (8 * _levels.SAMPLES)) ** 0.5
    np.testing.assert_allclose(rare, usual, atol=4.5 * 2**0.5 * error)


def test_what_would_take_too_many_links_is_refused_with_what_can_be_had() -> None:
    air = Air(GRID, Rayleigh(), 1000, antennas=2, impairments=(PathLoss(),))
    with pytest.raises(ValueError, match=r"participation: expected at least 0.0078125 under an average budget"):
        Analog(Identity(), RULE, "average").check(Terms(air, 16, 8, 1e-9))
