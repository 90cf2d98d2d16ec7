"""What an average budget promises: the expected cost has a small known error, or else errs on the safe side."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import exp1
from scipy.stats import t

from overair.ota import Analog, Identity, Terms
from overair.ota.uplinks import _levels
from overair.phy import Air, Grid, MseOptimal, PathLoss, PowerRule, Rayleigh, Tdl, TruncatedInversion, keys

GRID = Grid(subcarriers=8, symbols=2, prefix=2)


def costs(places: int, rule: PowerRule, participation: float = 1.0, **air: Any) -> np.ndarray:
    """What is taken for the expected cost at some places, [places, K]."""
    fields: dict[str, Any] = {"grid": GRID, "channel": Rayleigh(), "devices": 8} | air
    terms = Terms(Air(**fields), 16, 8, participation)
    uplink = Analog(Identity(), rule, "average")
    return np.array([uplink.init(terms, terms.air.init(keys.key(place))).cost for place in range(places)])


@pytest.mark.parametrize("threshold", [0.1, 0.5])
def test_at_every_place_the_cost_is_known_to_a_fifth_of_a_percent(threshold: float) -> None:
    """The energy realised is P times the true cost over the one that is taken for it: E1(g) in Rayleigh fading."""
    energy = exp1(threshold) / costs(25, TruncatedInversion(threshold))[:, 0]
    assert np.abs(energy - 1).max() < 4 * _levels.ERROR
    assert energy.std() < 1.5 * _levels.ERROR  # 4,096 device-rounds leave 1.7 % of the former threshold
    assert abs(energy.mean() - 1) < 4 * _levels.ERROR / 25**0.5


def test_where_links_are_too_many_the_level_rests_on_an_upper_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two standard errors above, read off 16 batches: Student's share of places is over P, 3 %."""
    monkeypatch.setattr(_levels, "MOST_ROUNDS", 1)  # 16 batches of 64 links of 8 devices are drawn whatever happens
    _levels._compiled.cache_clear()
    found = costs(60, TruncatedInversion(0.11))[:, 0]
    _levels._compiled.cache_clear()
    mean = exp1(0.11)
    error = ((np.exp(-0.11) / 0.11 - mean - mean**2) / 8192) ** 0.5 / mean
    over = t.sf(2, _levels.TRIES - 1)
    assert np.mean(found < mean) < over + 4 * (over / 60) ** 0.5
    assert (
        abs((found / mean).mean() - 1 - 2 * error) < 4 * error / 60**0.5 + 0.2 * error
    )  # of 16 batches they vary by a fifth


def test_devices_that_differ_are_each_within_their_budget() -> None:
    """Of each the cost is that of a Rayleigh fade of its own strength: E1(g/s)/s."""
    apart = (PathLoss(nearest=90.0, farthest=110.0),)
    air = Air(GRID, Rayleigh(), 4, impairments=apart)
    found = costs(1, TruncatedInversion(0.2, unbiased=False), devices=4, impairments=apart)[0]
    strength = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1).true.power[0, :, 0].numpy()
    energy = exp1(0.2 / strength) / strength / found
    assert np.all(np.abs(energy - 1) < 4 * 2 * _levels.ERROR) and energy.max() < 1 + 3 * _levels.ERROR


def test_a_cost_that_is_the_same_everywhere_is_taken_as_it_is() -> None:
    assert np.all(costs(1, MseOptimal()) == 1)
    assert np.all(costs(1, MseOptimal(), channel=Tdl("A", 30e-9), impairments=(PathLoss(),), participation=0.5) == 1)


def test_links_drawn_at_once_cost_what_links_drawn_one_by_one_do(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = TruncatedInversion(0.3)
    fields: dict[str, Any] = {"channel": Tdl("A", 1e-6), "devices": 64}  # alike: a link tells of all
    at_once = costs(1, rule, **fields)[0, 0]
    monkeypatch.setattr(_levels, "BATCH", 1)
    _levels._compiled.cache_clear()
    one_by_one = costs(1, rule, **fields)[0, 0]
    _levels._compiled.cache_clear()
    assert at_once != one_by_one and at_once == pytest.approx(one_by_one, rel=4 * 2**0.5 * _levels.ERROR)


def test_the_error_is_that_of_a_ratio_over_rounds() -> None:
    """Against the spread of the ratio itself, where rounds hold unequal numbers of devices that fade alike."""
    random = np.random.default_rng(0)

    def ratio() -> tuple[float, float]:
        n = random.integers(0, 5, 100).astype(float)
        c = n * random.exponential(size=100)  # all devices of a round have one cost
        zero = tf.zeros([1], tf.float64)
        tally = _levels.Tally(*[zero] * 5)
        for each_c, each_n in zip(c, n, strict=True):
            tally = tally.and_of(tf.constant([each_c], tf.float64), tf.constant([each_n], tf.float64))
        return float(tally.mean[0]), float(tally.error[0])

    means, errors = np.array([ratio() for _ in range(150)]).T
    assert errors.mean() == pytest.approx(means.std() / means.mean(), rel=4 / (2 * 150) ** 0.5)
