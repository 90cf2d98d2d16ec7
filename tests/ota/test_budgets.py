"""Budgets: no device exceeds its energy in a round, or on average, and what is allowed is used."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import exp1

from overair.ota import Analog, Codec, Digital, Identity, RandomLinear, Round, Terms, apply
from overair.ota.uplinks._levels import SAMPLES
from overair.phy import (
    Air,
    Awgn,
    Channel,
    ErrorVariance,
    FullInversion,
    Grid,
    MseOptimal,
    MseRobust,
    MseWideband,
    PathLoss,
    PhaseOnly,
    PowerRule,
    Rayleigh,
    Tdl,
    TruncatedInversion,
    keys,
)
from overair.phy.power.blind import Blind
from overair.phy.power.expected_norm import ExpectedNorm
from overair.phy.power.greedy_selection import GreedySelection

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
RULES: list[PowerRule] = [
    FullInversion(),
    TruncatedInversion(0.3),
    TruncatedInversion(0.3, unbiased=False),
    MseOptimal(),
    PhaseOnly(),
    TruncatedInversion(0.3, floor=0.2),
    ExpectedNorm(0.3),
    GreedySelection(),
    GreedySelection(unbiased=False),
    Blind(),
    MseRobust(),
    MseWideband(),
]
USES_IT_UP = (FullInversion, TruncatedInversion, PhaseOnly, Blind)  # the weakest spends all it may


def updates(devices: int, size: int) -> tf.Tensor:
    return keys.normal(keys.key(1), [devices, size]) * 10 ** tf.linspace(-1.0, 1.0, devices)[:, None]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize(
    ("channel", "power_offsets_db"),
    [
        (Rayleigh(), ()),
        (Tdl("A", 30e-9, speed=40.0), ()),
        (Tdl("A", 100e-9), (-7.0, 0.0, 4.0, -3.0)),
    ],
    ids=["flat", "moving", "unequal budgets"],
)
def test_no_device_exceeds_a_round_budget_in_any_round(
    play: Any, rule: PowerRule, channel: Channel, power_offsets_db: tuple[float, ...]
) -> None:
    air = Air(GRID, channel, 6, impairments=(PathLoss(),), csit=ErrorVariance(0.1))
    uplink, usual = Analog(Identity(), rule), {"count": 25, "snr_db": 5.0, "participation": 0.6, "seed": 3}
    energy = play(uplink, air, updates(6, 299), 170, power_offsets_db=power_offsets_db, **usual)[1].energy
    energy = energy / 10 ** (np.array([*power_offsets_db, 0.0])[np.arange(6) % max(len(power_offsets_db), 1)] / 10)
    assert np.all(energy <= 1 + 1e-5)  # float32 sums
    if isinstance(rule, USES_IT_UP):
        loudest = energy.numpy().max(axis=1)
        np.testing.assert_allclose(loudest[loudest > 0], 1, rtol=1e-5)


@pytest.mark.parametrize("codec", [Identity(), RandomLinear(compression=3.0)], ids=str)
def test_the_energy_reported_is_the_energy_sent(codec: Codec) -> None:
    """One device behind a known channel: what arrives without noise tells what was sent."""
    air = Air(GRID, Awgn(), 1)
    terms, place = Terms(air, 100, 90), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, 200.0)
    uplink, round = Analog(codec, FullInversion()), Round(terms, keys.key(2), tf.ones([1]), link)
    values, everybody = updates(1, 100), tf.range(1)
    acc = uplink.begin(uplink.init(terms, place), round, lambda question: question(everybody, values))
    acc = uplink.announced(uplink.add(acc, round, everybody, values), round)
    sent = (np.abs(acc.y) ** 2).sum() / 90
    assert float(acc.energy[0]) == pytest.approx(sent, rel=1e-5) and sent == pytest.approx(1, rel=1e-5)


def test_a_digital_device_spends_its_budget_when_it_sends(play: Any) -> None:
    energy = play(Digital(), Air(GRID, Rayleigh(), 5), updates(5, 20), 400, count=4, snr_db=10.0)[1].energy
    assert np.all(energy == 1)


USUAL: dict[str, Any] = {
    "devices": 8,
    "rule": TruncatedInversion(0.4),
    "elements": 8,
    "size": 16,
    "rounds": 400,
    "participation": 1.0,
    "impairments": (),
    "antennas": 1,
}
CASES: dict[str, dict[str, Any]] = {
    "flat fading": {"channel": Rayleigh()},
    "flat fading, low threshold": {"channel": Rayleigh(), "rule": TruncatedInversion(0.1)},
    "flat fading, some take part": {"channel": Rayleigh(), "participation": 0.4},
    "path loss": {"channel": Rayleigh(), "devices": 40, "impairments": (PathLoss(3.0, 80.0, 80.0),), "rounds": 600},
    "selective fading, whole grant": {"channel": Tdl("A", 1e-6), "elements": 128, "size": 256},
    "selective fading, small part of the grant": {"channel": Tdl("A", 1e-6), "elements": 128, "size": 4},
    "selective fading, one symbol and a half": {"channel": Tdl("A", 1e-6), "elements": 48, "size": 96, "rounds": 1500},
    "motion over many slots": {
        "channel": Tdl("A", 0.0, speed=240.0),
        "elements": 10 * 128,
        "size": 20 * 128,
        "rounds": 100,
    },
    "four antennas, some take part": {"channel": Rayleigh(), "antennas": 4, "participation": 0.2, "rounds": 1500},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_average_budget_is_met_on_average(play: Any, case: dict[str, Any]) -> None:
    """Devices alike in gain and energy are all the weakest, so each spends P over fading and participation."""
    case = USUAL | case
    grid = Grid(subcarriers=32, symbols=4, prefix=32, spacing=60e3 if isinstance(case["channel"], Tdl) else 15e3)
    air = Air(grid, case["channel"], case["devices"], case["antennas"], impairments=case["impairments"])
    values = keys.signs(keys.key(1), [case["devices"], case["size"]])
    energy = play(
        Analog(Identity(), case["rule"], "average"),
        air,
        values,
        case["elements"],
        count=case["rounds"],
        snr_db=10.0,
        participation=case["participation"],
    )[1].energy.numpy()
    # Devices fade independently; the cost the level rests on is itself a mean over SAMPLES device-rounds.
    spread = energy.std() * (1 / energy.size + 1 / SAMPLES) ** 0.5
    assert abs(energy.mean() - 1) < 4 * spread


@pytest.mark.parametrize("threshold", [0.1, 0.5])
def test_the_average_level_in_flat_fading_is_p_over_e1(play: Any, threshold: float) -> None:
    air = Air(GRID, Rayleigh(), 16)
    uplink = Analog(Identity(), TruncatedInversion(threshold), "average")
    cost = uplink.init(Terms(air, 16, 8), air.init(keys.key(0, "place"))).cost.numpy()
    second = np.exp(-threshold) / threshold - exp1(threshold)
    assert np.all(np.abs(cost - exp1(threshold)) < 4 * ((second - exp1(threshold) ** 2) / SAMPLES) ** 0.5)
    # Unit symbols carry 2/K^2 a complex element, all elements are used, so level^2 = K^2 P / (2 E1(g)).
    devices, values = 16, tf.ones([16, 16])
    energy = play(uplink, air, values, 8, count=200, snr_db=10.0)[1].energy.numpy()
    used, gain2 = energy > 0, 16**2 / (2 * cost[0])
    assert abs(used.mean() - np.exp(-threshold)) < 4 * (np.exp(-threshold) / (200 * devices)) ** 0.5
    assert energy.max() <= 2 / 16**2 * gain2 / threshold * (1 + 1e-5)  # the faintest gain that is still inverted
    if threshold == 0.1:  # a third of the device-rounds exceeds P
        share = (energy > 1).mean()
        expected = np.exp(-threshold) - np.exp(-1 / cost[0])
        assert abs(share - expected) < 4 * (expected * (1 - expected) / energy.size) ** 0.5 and expected > 0.3


@pytest.mark.parametrize(
    ("budget", "granted", "participation"),
    [("round", 8, 1.0), ("round", 24, 1.0), ("average", 24, 1.0), ("average", 8, 0.5)],
)
def test_mse_optimal_levels_are_optimal_for_what_a_device_may_really_spend(
    budget: Any, granted: int, participation: float
) -> None:
    """Elements that stay silent and rounds without a device add to what it may spend; the noise stays what it is."""
    devices, used, snr_db = 6, 8, 0.0
    air = Air(GRID, Rayleigh(), devices)
    terms, place = Terms(air, 2 * used, granted, participation), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, snr_db)
    uplink, round = Analog(Identity(), MseOptimal(), budget), Round(terms, keys.key(2), tf.ones([devices]), link)
    everybody, values = tf.range(devices), keys.signs(keys.key(3), [devices, 2 * used])
    acc = uplink.begin(uplink.init(terms, place), round, lambda question: question(everybody, values))
    level = acc.level.arrival[0]
    gains, energies = np.abs(link.true.a.numpy().ravel()), np.full(devices, 2.0)  # two signs to a symbol
    most = np.sqrt(granted / used / participation / energies)

    def error(level: float) -> float:
        arrives = np.minimum(most * gains / level, 1)
        return (energies * (arrives - 1) ** 2).sum() + 10 ** (-snr_db / 10) / level**2

    best = min(error(x) for x in np.geomspace(0.01, 10, 4000))
    assert error(float(level)) == pytest.approx(best, rel=1e-4)


def test_an_update_that_costs_more_lowers_the_level_for_all(play: Any) -> None:
    air = Air(GRID, Awgn(), 2)
    values = tf.constant([[1.0] * 8, [2.0] * 8])
    energy = play(Analog(Identity(), FullInversion()), air, values, 4)[1].energy[0]
    np.testing.assert_allclose(energy, [0.25, 1], rtol=1e-5)


def test_silence_costs_nothing(play: Any) -> None:
    air = Air(GRID, Rayleigh(), 3)
    values = tf.constant([[0.0] * 8, [1.0] * 8, [2.0] * 8])
    for rule in RULES:
        terms, place = Terms(air, 8, 4), air.init(keys.key(0))
        link = air.draw(place, keys.key(4), 0.0, 1, 200.0)
        round = Round(terms, keys.key(2), tf.ones([3]) / 3, link)
        uplink = Analog(Identity(), rule)
        estimate, _, report = apply(uplink, uplink.init(terms, place), round, values)
        assert float(report.energy[0]) == 0 and np.all(np.isfinite(estimate))


def test_budgets_given_for_fewer_devices_repeat() -> None:
    budgets = Air(GRID, Awgn(), 5, power_offsets_db=(0.0, 10.0)).budgets
    np.testing.assert_allclose(budgets, [1, 10, 1, 10, 1], rtol=1e-6)
    np.testing.assert_array_equal(Terms(Air(GRID, Awgn(), 3), 8, 4).budgets, [1, 1, 1])


@pytest.mark.parametrize("wrong", [(0.0, float("nan")), (float("inf"),), (0.0,) * 4])
def test_impossible_budgets_are_refused(wrong: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="power_offsets_db"):
        Air(GRID, Awgn(), 3, power_offsets_db=wrong)


def test_ten_decibels_more_for_all_raise_the_level_by_ten_decibels(play: Any) -> None:
    """And where only the weakest gets more, the next one decides."""
    air = Air(GRID, Awgn(), 2)
    values = tf.constant([[1.0] * 8, [2.0] * 8])
    for power_offsets_db, expected in (
        ((10.0,), [2.5, 10]),
        ((0.0, 20.0), [1, 4]),
        ((0.0, 3.0), [10**0.3 / 4, 10**0.3]),
    ):
        energy = play(Analog(Identity(), FullInversion()), air, values, 4, power_offsets_db=power_offsets_db)[1].energy[
            0
        ]
        np.testing.assert_allclose(energy, expected, rtol=1e-5)


@pytest.mark.parametrize("rule", [TruncatedInversion(0.4), Blind(), PhaseOnly()], ids=str)
def test_unequal_average_budgets_are_met_on_average(play: Any, rule: PowerRule) -> None:
    """Devices whose updates match their budgets are all the weakest, so each spends its own."""
    power_offsets_db = (-6.0, 0.0, 3.0, 9.0)
    budgets = 10 ** (np.array(power_offsets_db) / 10)
    values = keys.signs(keys.key(1), [4, 16]) * tf.constant(budgets**0.5, tf.float32)[:, None]
    uplink = Analog(Identity(), rule, "average")
    energy = play(
        uplink, Air(GRID, Rayleigh(), 4), values, 8, count=400, participation=0.5, power_offsets_db=power_offsets_db
    )[1]
    spent = energy.energy.numpy() / budgets
    error = spent.std() * (1 / spent.size + 1 / SAMPLES) ** 0.5
    assert abs(spent.mean() - 1) < 4 * error


@pytest.mark.parametrize("antennas", [8, 32, 128])
def test_the_error_of_blind_devices_falls_with_the_antennas(play: Any, antennas: int) -> None:
    """E nmse = K/(A - 1) (sum_k |s_k|^2 - |sum_k s_k|^2/K)/|sum_k s_k|^2 + N0/(A - 1) for K devices of equal energy.

    With S = sum_k h_k, a = |S|/K and h_k = S/K + d_k, device k arrives with g_k/a = 1 + K S^H d_k/|S|^2. The d_k are
    independent of S, E|S^H d_k|^2 = |S|^2 (1 - 1/K), E S^H d_j d_k^H S = -|S|^2/K, and E 1/|S|^2 = 1/(K (A - 1)).
    Noise comes as N0/(c a)^2, and all send with c^2 |s_k|^2 = P.
    """
    devices, count, noise = 5, 600, 0.5
    values = keys.signs(keys.key(1), [devices, 40])
    sent = values.numpy() / devices
    target, alone = (sent.sum(axis=0) ** 2).sum(), (sent**2).sum()
    expected = devices / (antennas - 1) * (alone - target / devices) / target
    expected += noise / (antennas - 1) * alone / target
    air = Air(GRID, Rayleigh(), devices, antennas)
    nmse = play(Analog(Identity(), Blind()), air, values, 20, count=count, snr_db=-10 * np.log10(noise))[1].nmse.numpy()
    assert abs(nmse.mean() - expected) < 4 * nmse.std() / count**0.5


@pytest.mark.parametrize("rule", [rule for rule in RULES if not isinstance(rule, GreedySelection)], ids=str)
def test_a_gain_for_all_symbols_is_as_good_as_a_gain_for_each(rule: PowerRule) -> None:
    """A channel that stands still is used once a subcarrier, though the last symbol of the grant is not full."""
    air = Air(GRID, Tdl("A", 1e-6), 5, 2, power_offsets_db=(0.0, 3.0))
    terms, place = Terms(air, 299, 170), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, 10.0)
    every = link.true._replace(a=tf.repeat(link.true.a, terms.slots * GRID.symbols, axis=4))
    outcomes = []
    for belief in (link.true, every):
        round = Round(terms, keys.key(2), tf.ones([5]) / 5, link._replace(transmitters=belief, receiver=belief))
        uplink = Analog(Identity(), rule)
        estimate, _, report = apply(uplink, uplink.init(terms, place), round, updates(5, 299))
        outcomes.append((estimate, report.energy))
    for one, other in zip(*outcomes, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
