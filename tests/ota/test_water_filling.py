"""Water-filling over a device's own elements: against SciPy, in closed form, and what energy it really takes."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import brentq, minimize
from scipy.special import exp1

from overair.ota import Capacity, Digital, Ldpc, Round, Terms
from overair.ota.compressors import ALONE, Known
from overair.ota.uplinks import _long_run, _water
from overair.phy import Air, Amplifier, Awgn, ErrorVariance, Estimated, Grid, PathLoss, Rayleigh, Tdl, keys
from overair.phy.keys import Key

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
WATER = Digital(allocation="water_filling")


class Everything:
    """Says all there is to say in whatever bits there are, so that who has any sends."""

    unbiased = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return update, bits


def bits(a: np.ndarray, b: np.ndarray, f: np.ndarray) -> float:
    return float(np.log2(1 + a * f / (1 + b * f)).sum())


@pytest.mark.parametrize("lacking", [0.0, 0.05, 0.4])
@pytest.mark.parametrize("snr_db", [-15.0, 0.0, 20.0])
def test_no_other_allocation_carries_more(lacking: float, snr_db: float) -> None:
    """SciPy's optimiser, which knows nothing of levels, ends where water-filling does."""
    rng, snr = np.random.default_rng(3), 10 ** (snr_db / 10)
    a, b = snr * rng.exponential(size=7), np.full(7, snr * lacking)
    mask = np.array([1, 1, 0, 1, 1, 1, 0], np.float32)
    f = _water.filled(*(tf.constant(each[None], tf.float32) for each in (mask, a, b)))[0].numpy()
    assert np.all(f[mask == 0] == 0) and f.sum() == pytest.approx(5, rel=1e-5)
    own = mask > 0
    found = minimize(
        lambda x: -bits(a[own], b[own], x), np.ones(5), bounds=[(0, 5)] * 5,
        constraints={"type": "eq", "fun": lambda x: x.sum() - 5}, options={"ftol": 1e-12, "maxiter": 500},
    )  # fmt: skip
    assert bits(a[own], b[own], f[own]) >= -found.fun * (1 - 1e-6)
    assert bits(a[own], b[own], f[own]) <= -found.fun * (1 + 1e-5)
    np.testing.assert_allclose(f[own], found.x, atol=0.02)


@pytest.mark.parametrize("snr_db", [-20.0, 0.0, 30.0, 200.0])
def test_without_doubts_it_is_the_textbooks(snr_db: float) -> None:
    """(w - 1/a)^+ with w where all is spent, found by root finding in float64."""
    a = 10 ** (snr_db / 10) * np.random.default_rng(1).exponential(size=[6, 40])
    f = _water.filled(tf.ones([6, 40]), tf.constant(a, tf.float32), tf.zeros([1, 1])).numpy()
    for mine, gains in zip(f, a, strict=True):
        low, high = 1 / gains.max(), 1 / gains.min() + 40
        w = brentq(lambda w, c=1 / gains: np.maximum(w - c, 0).sum() - 40, low, high, xtol=1e-14, rtol=1e-12)
        np.testing.assert_allclose(mine, np.maximum(w - 1 / gains, 0), atol=2e-3)


def test_gains_that_are_believed_to_be_nothing_get_nothing() -> None:
    a = tf.constant([[0.0, 0.0], [0.0, 2.0]])
    np.testing.assert_allclose(_water.filled(tf.ones([2, 2]), a, tf.zeros([2, 2])), [[0, 0], [0, 2]], rtol=1e-5)


@pytest.mark.parametrize("sdma", [1, 2])
def test_a_round_costs_its_budget_and_carries_what_the_optimum_carries(sdma: int) -> None:
    air = Air(GRID, Tdl("A", 1e-6), 4, 2, power_offsets_db=(0.0, 3.0))
    terms, place = Terms(air, 10, 128), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, -16.0)
    round = Round(terms, keys.key(2), tf.ones([4]) / 4, link)
    found = {}
    for name in ("equal", "water_filling"):
        uplink = Digital(allocation=name, sdma=sdma)
        share, energy = uplink._shared(uplink.begin(uplink.init(terms, place), round), round, tf.range(4))
        np.testing.assert_allclose(energy, [1, 10**0.3] * 2, rtol=1e-5)
        found[name] = share
    a, mask = found["equal"].believed.numpy().astype(float), found["equal"].mask.numpy() > 0
    for device in range(4):
        gains = a[device, mask[device]]
        w = brentq(
            lambda w, c=1 / gains: np.maximum(w - c, 0).mean() - 1, 1 / gains.max(), 1 / gains.min() + len(gains)
        )
        best = np.log2(1 + gains * np.maximum(w - 1 / gains, 0)).sum()
        assert float(found["water_filling"].information[device]) == pytest.approx(best, rel=1e-4)
        assert best > 1.02 * float(found["equal"].information[device])


@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 15.0])
def test_the_level_of_an_average_budget_in_flat_fading(snr_db: float) -> None:
    """E (v - 1/g)^+ = v exp(-1/v) - E1(1/v) of an exponential gain g: the level at which that is C P/N0."""
    air, snr = Air(GRID, Rayleigh(), 8), 10 ** (snr_db / 10)
    law = Digital(budget="average", allocation="water_filling").init(Terms(air, 10, 64), air.init(keys.key(0))).law
    found = float(_long_run.level(law.cost, tf.constant([[snr]]), tf.constant([0]))[0, 0])

    def cost(v: float) -> float:
        return float(v * np.exp(-1 / v) - exp1(1 / v))

    assert cost(found) <= snr * 1.01 and found == pytest.approx(brentq(lambda v: cost(v) - snr, 0.05, 1e3), rel=0.02)


CASES: dict[str, dict[str, Any]] = {
    "flat": {"air": Air(GRID, Rayleigh(), 6), "snr_db": -8.0},
    "selective": {"air": Air(GRID, Tdl("A", 1e-6), 6), "snr_db": -8.0},
    "rarely": {"air": Air(GRID, Tdl("A", 1e-6), 6), "snr_db": -8.0, "participation": 0.4},
    "antennas": {"air": Air(GRID, Rayleigh(), 6, 2), "snr_db": -8.0},
    "doubts": {"air": Air(GRID, Rayleigh(), 6, csit=ErrorVariance(0.2), csir=ErrorVariance(0.2)), "snr_db": 0.0},
    "expected": {"air": Air(GRID, Rayleigh(), 6, csit=ErrorVariance(0.2)), "snr_db": -5.0},
    "offsets": {"air": Air(GRID, Rayleigh(), 6), "snr_db": -5.0, "power_offsets_db": (-6.0, 0.0, 6.0)},
    "sdma": {"air": Air(GRID, Rayleigh(), 6, 2), "snr_db": -5.0, "uplink": {"sdma": 2}},
    "best": {"air": Air(GRID, Rayleigh(), 6), "snr_db": -5.0, "uplink": {"scheduled": 0.5}, "participation": 0.7},
    "best, equal": {
        "air": Air(GRID, Rayleigh(), 6), "snr_db": -5.0, "participation": 0.7,
        "uplink": {"scheduled": 0.5, "allocation": "equal"},
    },
    "places": {"air": Air(GRID, Rayleigh(), 4, impairments=(PathLoss(),)), "snr_db": 10.0},
    "places, best": {
        "air": Air(GRID, Rayleigh(), 4, impairments=(PathLoss(),)), "snr_db": 10.0,
        "uplink": {"scheduled": 0.5, "allocation": "equal"},
    },
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_average_budget_is_met_on_average_and_hardly_missed(play: Any, case: dict[str, Any]) -> None:
    given = {**case}
    uplink = Digital(Everything(), **{"allocation": "water_filling", "budget": "average", **given.pop("uplink", {})})
    budgets = 10 ** (np.resize(given.get("power_offsets_db", (0.0,)), given["air"].devices) / 10)
    report = play(uplink, given.pop("air"), tf.ones([len(budgets), 8]), 96, count=600, **given)[1]
    spent = report.energy.numpy() / budgets  # [R, K]
    error = spent.mean(axis=1).std() / len(spent) ** 0.5
    assert spent.mean() < 1 + 4 * error + 0.002  # 0.002: what the law's own error may be
    assert spent.mean() > 0.93 - 4 * error
    each = spent.mean(axis=0) - 4.5 * spent.std(axis=0) / len(spent) ** 0.5
    assert np.all(each < 1.002)


def test_what_is_counted_is_what_is_sent_on_the_time_domain() -> None:
    """Elements without energy carry nothing, and the others are read at the SNR of what is on them."""
    air = Air(GRID, Tdl("A", 1e-6), 3, impairments=(Amplifier(12.0),))
    terms, place = Terms(air, 10, 96), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, -3.0)
    round = Round(terms, keys.key(2), tf.ones([3]) / 3, link)
    share, energy = WATER._shared(WATER.begin(WATER.init(terms, place), round), round, tf.range(3))
    used, own = share.mask.numpy() > 0, np.arange(96) % 3 == np.arange(3)[:, None]
    assert np.all(used <= own) and used.sum() < own.sum()
    np.testing.assert_allclose(energy, 1.0, rtol=1e-5)
    np.testing.assert_allclose(share.known.numpy()[used], share.believed.numpy()[used], rtol=0.15)  # disturbed a little


@pytest.mark.parametrize("rate", [Capacity(0.1), Ldpc()], ids=str)
def test_rates_of_finite_packets_use_the_elements_with_energy(play: Any, rate: Any) -> None:
    air = Air(GRID, Tdl("A", 1e-6), 3)
    sent = {}
    for allocation in ("equal", "water_filling"):
        uplink = Digital(rate=rate, allocation=allocation)
        report = play(uplink, air, keys.normal(keys.key(0), [3, 30]), 900, count=5, snr_db=-3.0)[1]
        assert np.all(report.energy.numpy() <= 1 + 1e-5) and report.decoded.numpy().mean() > 0.8
        sent[allocation] = float(report.bits.numpy().mean())
    assert sent["water_filling"] > sent["equal"]


def test_a_law_that_is_another_at_every_snr_is_refused() -> None:
    terms = Terms(Air(GRID, Rayleigh(), 4, csit=Estimated(), csir=Estimated()), 8, 40)
    for uplink in (Digital(budget="average", allocation="water_filling"), Digital(budget="average", scheduled=0.5)):
        with pytest.raises(ValueError, match=r"uplink\.budget: expected round .* received average"):
            uplink.check(terms)
    Digital(allocation="water_filling", scheduled=0.5).check(terms)


def test_without_fading_all_elements_are_alike(play: Any) -> None:
    updates = keys.normal(keys.key(0), [4, 30])
    same = [
        play(Digital(allocation=name), Air(GRID, Awgn(), 4), updates, 200, snr_db=5.0)
        for name in ("equal", "water_filling")
    ]
    np.testing.assert_allclose(same[0][1].bits, same[1][1].bits, rtol=1e-4)
