"""Power rules: thresholds, levels and optima are those of the theory, and zero is silence."""

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf
from scipy.special import exp1

from overair.phy import (
    FullInversion,
    Level,
    MseOptimal,
    MseRobust,
    MseWideband,
    PhaseOnly,
    PowerRule,
    TruncatedInversion,
    keys,
)
from overair.phy.power.blind import Blind
from overair.phy.power.expected_norm import ExpectedNorm
from overair.phy.power.greedy_selection import GreedySelection

RULES: list[PowerRule] = [
    FullInversion(),
    TruncatedInversion(0.2),
    TruncatedInversion(0.2, unbiased=False),
    TruncatedInversion(1.5, floor=0.3),
    MseOptimal(),
    PhaseOnly(),
    ExpectedNorm(0.2),
    ExpectedNorm(0.2, margin=3.0, norm=0.5),
    GreedySelection(),
    GreedySelection(unbiased=False),
    Blind(),
    MseRobust(),
    MseWideband(),
]


def complex_gains(*shape: int, seed: int = 0) -> tf.Tensor:
    return keys.complex_normal(keys.key(seed, "gains"), shape)


def sent(rule: PowerRule, gains: tf.Tensor, energies: np.ndarray, budgets: np.ndarray, noise: float) -> tuple:
    """The level, the complex amplitudes [K, N], and the mean energy [K] of symbols of constant energy."""
    cost = rule.cost(gains).numpy().mean(axis=1)
    spent, limits = tf.constant(energies * cost, tf.float32), tf.constant(budgets, tf.float32)
    level = rule.level(spent, limits, gains if rule.joint else None, tf.constant(noise, tf.float32))
    each = tf.ones(gains.shape) * tf.constant(energies[:, None] / gains.shape[1], tf.float32)  # [K, N]
    b = rule.amplitude(level.scale, gains, each, limits[:, None]).numpy()
    return level, b, (np.abs(b) ** 2).mean(axis=1) * energies


def sum_mse(b: np.ndarray, h: np.ndarray, energies: np.ndarray, level: float, noise: float) -> float:
    """E |v/level - sum_k s_k|^2 for symbols s_k of the given energies and v = sum_k h_k b_k s_k + noise."""
    return float((energies * np.abs(h * b / level - 1) ** 2).sum() + noise / level**2)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 1.3])
def test_truncated_inversion_is_silent_in_a_share_of_rayleigh_fades_and_reaches_the_average_level(
    threshold: float,
) -> None:
    count = 400_000
    cost = TruncatedInversion(threshold).cost(complex_gains(count, 1)).numpy()  # flat: a device a row
    silent = 1 - np.exp(-threshold)
    assert abs((cost == 0).mean() - silent) < 4 * (silent * (1 - silent) / count) ** 0.5
    # E 1/|h|^2 above the threshold is E1(g), E 1/|h|^4 is exp(-g)/g - E1(g)
    error = ((np.exp(-threshold) / threshold - exp1(threshold) - exp1(threshold) ** 2) / count) ** 0.5
    assert abs(cost.mean() - exp1(threshold)) < 4 * error
    level = TruncatedInversion(threshold).level(tf.constant([cost.mean()]), tf.ones([1]), None, tf.zeros([]))
    relative = error / exp1(threshold)  # rho0 = P / E1(g)
    assert float(level.scale) ** 2 == pytest.approx(1 / exp1(threshold), rel=4 * relative)
    decibels = {0.1: -2.608, 0.5: 2.520}
    if threshold in decibels:
        assert 10 * np.log10(1 / exp1(threshold)) == pytest.approx(decibels[threshold], abs=5e-4)


@pytest.mark.parametrize("threshold", [0.1, 0.5])
def test_staying_unbiased_costs_exp_2g_in_the_wideband_limit(threshold: float) -> None:
    count = 400_000
    cost = TruncatedInversion(threshold).cost(complex_gains(1, count)).numpy().mean()
    active = np.exp(-threshold)
    inverse = ((np.exp(-threshold) / threshold - exp1(threshold) - exp1(threshold) ** 2) / count) ** 0.5
    share = ((1 - active) / active / count) ** 0.5  # relative, of m_i / m; it enters squared
    expected = exp1(threshold) * np.exp(2 * threshold)
    assert abs(cost / expected - 1) < 4 * (inverse / exp1(threshold) + 2 * share)


def test_a_device_that_uses_few_elements_sends_m_over_m_i_stronger() -> None:
    gains = tf.constant(np.array([[2.0, 0.1j, -1.0j, 0.2], [1.0] * 4, [0.1] * 4]), tf.complex64)
    rule = TruncatedInversion(0.5)
    arrives = (rule.amplitude(tf.constant(3.0), gains, tf.ones([3, 1]), tf.ones([3, 1])) * gains).numpy()
    np.testing.assert_allclose(arrives, [[6, 0, 6, 0], [3, 3, 3, 3], [0, 0, 0, 0]], atol=1e-6)
    biased = TruncatedInversion(0.5, unbiased=False)
    arrives = (biased.amplitude(tf.constant(3.0), gains, tf.ones([3, 1]), tf.ones([3, 1])) * gains).numpy()
    np.testing.assert_allclose(arrives, [[3, 0, 3, 0], [3, 3, 3, 3], [0, 0, 0, 0]], atol=1e-6)


def test_the_mean_arrival_of_unbiased_truncation_is_the_level_for_all_that_are_heard() -> None:
    gains = complex_gains(40, 24)
    level, b, _ = sent(TruncatedInversion(1.0), gains, np.ones(40), np.ones(40), 1.0)
    np.testing.assert_allclose((b * gains.numpy()).mean(axis=1), level.arrival, rtol=1e-4)


def test_full_inversion_arrives_undistorted_at_what_the_weakest_affords() -> None:
    gains = complex_gains(6, 10)
    energies, budgets = np.linspace(0.5, 2, 6), np.linspace(1, 3, 6)
    level, b, energy = sent(FullInversion(), gains, energies, budgets, 1.0)
    np.testing.assert_allclose(b * gains.numpy(), np.full([6, 10], level.arrival), rtol=1e-4)
    assert (energy / budgets).max() == pytest.approx(1, rel=1e-5)


def test_full_inversion_of_the_printed_channel_has_sum_mse_2_5() -> None:
    h = np.array([0.2, 0.5, 1.0, 1.5])
    level, b, _ = sent(FullInversion(), tf.constant(h[:, None], tf.complex64), np.ones(4), np.ones(4), 0.1)
    assert sum_mse(b[:, 0], h, np.ones(4), float(level.arrival), 0.1) == pytest.approx(2.5, rel=1e-5)


def test_mse_optimal_power_of_the_printed_channel() -> None:
    h = np.array([1.0, 0.2, 1.5, 0.5])  # in no order
    level, b, _ = sent(MseOptimal(), tf.constant(h[:, None], tf.complex64), np.ones(4), np.ones(4), 0.1)
    assert float(level.arrival[0]) ** 2 == pytest.approx(0.310408, abs=2e-6)
    np.testing.assert_allclose(np.abs(b[:, 0]) ** 2, [0.310408, 1, 0.137959, 1], atol=2e-6)
    assert sum_mse(b[:, 0], h, np.ones(4), float(level.arrival[0]), 0.1) == pytest.approx(0.743590, abs=5e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("equal", [True, False], ids=["equal energies", "unequal energies and budgets"])
def test_mse_optimal_power_is_the_optimum_that_a_numerical_search_finds(seed: int, equal: bool) -> None:
    random = np.random.default_rng(seed)
    devices, noise = int(random.integers(1, 7)), 10 ** random.uniform(-2, 1)
    h = random.rayleigh(0.7, devices)
    energies, budgets = (np.ones(devices), np.ones(devices)) if equal else 10 ** random.uniform(-1, 1, [2, devices])
    most = np.sqrt(budgets / energies)

    def cost(free: np.ndarray) -> float:  # amplitudes [K] and the inverse of the level
        return sum_mse(free[:-1], h, energies, 1 / max(free[-1], 1e-12), noise)

    bounds = [(0, limit) for limit in most] + [(1e-6, 50)]
    starts = [np.append(most * random.uniform(0.1, 1, devices), 10 ** random.uniform(-1, 1)) for _ in range(5)]
    best = min(scipy.optimize.minimize(cost, start, bounds=bounds, tol=1e-12).fun for start in starts)

    phases = np.exp(2j * np.pi * random.uniform(size=devices))
    gains = tf.constant((h * phases)[:, None], tf.complex64)
    level, b, energy = sent(MseOptimal(), gains, energies, budgets, noise)
    found = sum_mse(b[:, 0], h * phases, energies, float(level.arrival[0]), noise)
    assert np.all(energy <= budgets * (1 + 1e-5))
    assert found == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize("other", RULES, ids=str)
def test_no_rule_of_equal_budget_has_a_smaller_error_than_the_mse_optimal(other: PowerRule) -> None:
    gains, energies, budgets = complex_gains(8, 1, seed=5), np.linspace(0.3, 2, 8), np.linspace(1.5, 0.5, 8)
    errors = []
    for rule in (MseOptimal(), other):
        level, b, _ = sent(rule, gains, energies, budgets, 0.3)
        arrival = float(np.ravel(level.arrival)[0])
        errors.append(sum_mse(b[:, 0], gains.numpy()[:, 0], energies, arrival, 0.3))
    assert errors[0] <= errors[1] * (1 + 1e-5)


def test_without_noise_mse_optimal_power_is_full_inversion() -> None:
    gains = complex_gains(5, 12)
    level, b, _ = sent(MseOptimal(), gains, np.ones(5), np.ones(5), 0.0)
    np.testing.assert_allclose(b * gains.numpy(), np.tile(level.arrival, (5, 1)), rtol=1e-4)


def test_phase_only_aligns_phases_at_one_amplitude_and_divides_by_the_mean_gain() -> None:
    gains, energies = complex_gains(5, 12), np.array([1.0, 2.0, 0.5, 4.0, 1.0])
    level, b, energy = sent(PhaseOnly(), gains, energies, np.ones(5), 1.0)
    np.testing.assert_allclose(b * gains.numpy(), 0.5 * np.abs(gains), atol=1e-5)  # sqrt(1/4) is what all can afford
    np.testing.assert_allclose(level.arrival, 0.5 * np.abs(gains).mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(energy, energies / 4, rtol=1e-5)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_realised_energy_is_within_every_budget(rule: PowerRule) -> None:
    for seed in range(20):
        energies, budgets = 10 ** np.random.default_rng(seed).uniform(-2, 2, [2, 9])
        energy = sent(rule, complex_gains(9, 16, seed=seed), energies, budgets, 0.1)[2]
        assert np.all(energy <= budgets * (1 + 1e-5))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_those_that_do_not_send_do_not_move_the_level(rule: PowerRule) -> None:
    gains, energies, budgets = complex_gains(5, 12), np.linspace(1, 2, 5), np.linspace(2, 1, 5)
    alone = sent(rule, gains, energies, budgets, 0.1)[0]
    extended = tf.concat([complex_gains(2, 12, seed=1) / 100, gains, complex_gains(2, 12, seed=2) * 100], 0)
    silent, unlike = np.concatenate([[0, 0], energies, [0, 0]]), np.concatenate([[1e-3, 9], budgets, [1e-3, 9]])
    beside = sent(rule, extended, silent, unlike, 0.1)[0]
    for one, other in zip(alone, beside, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_where_there_is_no_gain_there_is_silence_and_nothing_that_is_not_a_number(rule: PowerRule) -> None:
    gains = tf.constant(np.array([[0, 0, 0], [1, 1j, 0]]), tf.complex64)
    for energies in (np.ones(2), np.zeros(2), np.array([1.0, 0.0])):
        level, b, energy = sent(rule, gains, energies, np.ones(2), 0.1)
        assert np.all(np.isfinite(b)) and np.all(np.isfinite(level.scale)) and np.all(np.isfinite(energy))
        assert not rule.aligned or np.all(b[gains.numpy() == 0] == 0)
        assert np.all(level.arrival > 0)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_rules_keep_single_precision(rule: PowerRule) -> None:
    level, b, _ = sent(rule, complex_gains(3, 4), np.ones(3), np.ones(3), 0.1)
    assert isinstance(level, Level)
    assert (rule.cost(complex_gains(3, 4)).dtype, level.scale.dtype, level.arrival.dtype) == (tf.float32,) * 3
    assert b.dtype == np.complex64


def test_full_inversion_has_no_finite_mean_energy_in_rayleigh_fading() -> None:
    costs = [FullInversion().cost(complex_gains(10**n, 1, seed=1)).numpy().mean() for n in (2, 4, 6)]
    assert costs[0] < costs[1] < costs[2] and costs[2] > 8  # grows as log n: E1(1/n) is 13.2 for a million


@pytest.mark.parametrize("threshold", [-0.1, float("nan")])
def test_an_impossible_threshold_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        TruncatedInversion(threshold=threshold)


@pytest.mark.parametrize("floor", [0.5, 0.6])  # up to three of five
@pytest.mark.parametrize("unbiased", [True, False])
def test_the_strongest_share_of_the_floor_is_used_however_weak(unbiased: bool, floor: float) -> None:
    h = np.array([[2.0, 1.2, 0.5, 0.1, 0.3], [0.01, 0.04, 0.03, 0.02, 0.05], [3.0, 2.0, 2.5, 4.0, 0.0], [0.0] * 5])
    gains = tf.constant(h, tf.complex64)
    b = TruncatedInversion(1.0, unbiased, floor).amplitude(tf.constant(1.0), gains, gains, gains).numpy()
    used = np.array(
        [[1, 1, 1, 0, 0], [0, 1, 1, 0, 1], [1, 1, 1, 1, 0], [0] * 5]
    )  # 3 of 5, or what passes the threshold
    expected = used * (5 / np.maximum(used.sum(axis=1, keepdims=True), 1) if unbiased else 1)
    np.testing.assert_allclose(b * h, expected, rtol=1e-5)
    assert TruncatedInversion(1.0).bounded and not TruncatedInversion(1.0, floor=0.5).bounded


def test_with_a_floor_of_one_truncated_inversion_is_full_inversion() -> None:
    gains, energies, budgets = complex_gains(6, 10), np.linspace(0.5, 2, 6), np.linspace(1, 3, 6)
    for rule in (FullInversion(), TruncatedInversion(5.0, floor=1.0)):
        np.testing.assert_allclose(
            sent(rule, gains, energies, budgets, 1.0)[1],
            sent(FullInversion(), gains, energies, budgets, 1.0)[1],
            rtol=1e-5,
        )


# --- Greedy selection, with the bound of the thesis and its energies written down a second time


def charge(used: np.ndarray, count: int, unbiased: bool) -> np.ndarray:
    """What using so many of a number of elements adds to the bound, for a device of unit energy."""
    if unbiased:
        return np.where(used > 0, count / np.maximum(used, 1), 2.0 * count)
    return np.sqrt(1 - used / count)


def bound(c: float, used: np.ndarray, count: int, energies: np.ndarray, noise: float, unbiased: bool) -> float:
    left_out = (np.sqrt(energies) * charge(used, count, unbiased)).sum()
    return float(left_out * (np.sqrt(energies).sum() if unbiased else left_out) + noise / c**2)


def needs(h: np.ndarray, energies: np.ndarray, unbiased: bool) -> np.ndarray:
    """Energy at c = 1 for the 1, 2, ... N strongest elements, [K, N]."""
    count = h.shape[1]
    total = np.cumsum(1 / np.sort(np.abs(h) ** 2, axis=1)[:, ::-1], axis=1) * energies[:, None] / count
    return total * (count / np.arange(1, count + 1)) ** 2 if unbiased else total


def fitting(c: float, need: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """The largest affordable number of elements, [K]."""
    number = np.arange(1, need.shape[1] + 1)
    return np.max(np.where(c**2 * need <= budgets[:, None] * (1 + 1e-6), number, 0), axis=1)


def scene(seed: int, devices: int = 7, elements: int = 16) -> tuple[tf.Tensor, np.ndarray, np.ndarray, float]:
    random = np.random.default_rng(seed)
    energies, budgets = 10 ** random.uniform(-1.5, 0.5, [2, devices])
    return complex_gains(devices, elements, seed=seed), energies, budgets, float(10 ** random.uniform(-2, 3))


@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_greedy_devices_use_the_strongest_and_no_other_number_of_elements_is_better(seed: int, unbiased: bool) -> None:
    gains, energies, budgets, noise = scene(seed)
    level, b, energy = sent(GreedySelection(unbiased), gains, energies, budgets, noise)
    c, (devices, count) = float(level.arrival), gains.shape
    used = (b != 0).sum(axis=1)
    for k in range(devices):
        size = np.abs(gains[k])
        assert used[k] == 0 or size[b[k] != 0].min() >= np.max(size[b[k] == 0], initial=0.0)
        factor = count / max(used[k], 1) if unbiased else 1.0
        np.testing.assert_allclose((b[k] * gains[k])[b[k] != 0], c * factor, rtol=0.005 + 1e-4)  # short by a hundredth
        for other in range(1, count + 1):
            if c**2 * needs(gains.numpy(), energies, unbiased)[k, other - 1] <= budgets[k] * (1 - 1e-5):
                assert charge(used[k], count, unbiased) <= charge(np.array(other), count, unbiased)
    assert np.all(energy <= budgets * (1 + 1e-5))


@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_no_other_level_has_a_smaller_bound(seed: int, unbiased: bool) -> None:
    gains, energies, budgets, _ = scene(seed)
    need, count = needs(gains.numpy(), energies, unbiased), gains.shape[1]
    levels = np.geomspace(1e-2, 1e2, 1000)
    used = [fitting(c, need, budgets) for c in levels]
    for noise in np.geomspace(1e-2, 1e4, 7):
        c = float(sent(GreedySelection(unbiased), gains, energies, budgets, noise)[0].arrival)
        own = bound(c, fitting(c, need, budgets), count, energies, noise, unbiased)
        for other, some in zip(levels, used, strict=True):
            if some.any():  # somebody is always heard
                assert own <= bound(other, some, count, energies, noise, unbiased) * (1 + 1e-5)


@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_greedy_selection_is_never_worse_than_truncation_at_the_best_threshold(seed: int, unbiased: bool) -> None:
    gains, energies, budgets, noise = scene(seed)
    level, b, _ = sent(GreedySelection(unbiased), gains, energies, budgets, noise)
    count = gains.shape[1]
    own = bound(float(level.arrival), (b != 0).sum(axis=1), count, energies, noise, unbiased)
    others = []
    for threshold in np.abs(gains.numpy().ravel()) ** 2:  # truncation changes at no other
        rule = TruncatedInversion(float(threshold), unbiased)
        level, b, _ = sent(rule, gains, energies, budgets, noise)
        others.append(bound(float(level.arrival), (b != 0).sum(axis=1), count, energies, noise, unbiased))
    assert own <= min(others) * (1 + 1e-5)


def test_more_elements_may_cost_less_and_are_then_used() -> None:
    """Four alike need 16/m times the energy of one: three do not fit where four do."""
    gains, each = tf.ones([1, 4], tf.complex64), tf.ones([1, 4])
    rule = GreedySelection()
    assert np.all(rule.amplitude(tf.constant(1.0), gains, each, tf.constant([[5.0]])) == 1)  # 16/3 > 5 > 4
    assert np.all(rule.amplitude(tf.constant(1.0), gains, each, tf.constant([[3.9]])) == 0)
    b = GreedySelection(unbiased=False).amplitude(tf.constant(1.0), gains, each, tf.constant([[3.0]]))
    np.testing.assert_array_equal(b, [[1, 1, 1, 0]])  # of equals, the first


def test_a_device_counts_what_its_own_symbols_hold() -> None:
    gains, random = complex_gains(40, 30), np.random.default_rng(0)
    each = random.exponential(size=[40, 30])
    b = GreedySelection().amplitude(tf.constant(0.5), gains, tf.constant(each, tf.float32), tf.ones([40, 1]) * 20)
    order = np.argsort(-np.abs(gains), axis=1)
    price = np.take_along_axis(each / np.abs(gains) ** 2, order, 1)
    total = 0.25 * np.cumsum(price, axis=1) * (30 / np.arange(1, 31)) ** 2
    used = np.max(np.where(total <= 20 * 1.01, np.arange(1, 31), 0), axis=1)
    np.testing.assert_array_equal((b.numpy() != 0).sum(axis=1), used)
    assert used.min() < used.max() == 30 and np.all((np.abs(b) ** 2 * each).sum(axis=1) <= 20 * (1 + 1e-5))


def test_in_flat_fading_greedy_selection_is_full_inversion_without_the_hopeless() -> None:
    h = np.array([1.0, 0.5j, -0.2, 1e-4])
    gains, ones = tf.constant(np.tile(h[:, None], 8), tf.complex64), np.ones(4)
    level, b, _ = sent(GreedySelection(), gains, ones, ones, 0.1)
    np.testing.assert_allclose(b * gains.numpy(), 0.2 * np.array([[1.0], [1], [1], [0]]) * np.ones(8), rtol=1e-5)
    assert float(level.arrival) == pytest.approx(0.2, rel=1e-5)


# --- Expected norms


def test_the_level_of_expected_norms_is_the_printed_one() -> None:
    gains, energies = complex_gains(4, 3), np.array([1.0, 2.0, 0.0, 3.0])
    level = sent(ExpectedNorm(0.2, margin=1.5), gains, energies, np.ones(4), 1.0)[0]
    assert float(level.arrival) ** 2 == pytest.approx(0.2 / (1.5 * 2.0), rel=1e-5)  # the mean of three is 2
    level = sent(ExpectedNorm(0.2, margin=1.5, norm=5.0), gains, energies, np.ones(4), 1.0)[0]
    assert float(level.arrival) ** 2 == pytest.approx(0.2 / (1.5 * 5.0), rel=1e-5)


def test_devices_within_the_expected_norm_invert_and_the_others_send_weaker() -> None:
    gains = complex_gains(60, 20, seed=3)
    energies = np.random.default_rng(0).exponential(size=60) * np.where(np.arange(60) % 2, 1.0, 30.0)
    rule = ExpectedNorm(0.3, norm=1.0)
    level, b, energy = sent(rule, gains, energies, np.ones(60), 1.0)
    used = np.abs(gains) ** 2 >= np.float32(0.3)
    arrives = (b * gains.numpy()).real / float(level.arrival)
    needed = 0.3 * energies * (used / np.abs(gains) ** 2).mean(axis=1)  # c^2 E sum 1/|h|^2
    np.testing.assert_allclose(arrives, used / np.sqrt(np.maximum(needed, 1))[:, None], atol=1e-4)
    np.testing.assert_allclose(energy, np.minimum(needed, 1), rtol=1e-4)
    assert np.all(needed[energies <= 1] <= 1) and needed.max() > 1  # c^2/|h|^2 <= P/E above the threshold


# --- Blind


def test_blind_devices_send_alike_and_the_receiver_divides_by_the_mean_in_phase() -> None:
    gains, energies = complex_gains(5, 12) + 1, np.array([1.0, 2.0, 0.0, 4.0, 1.0])
    level, b, energy = sent(Blind(), gains, energies, np.ones(5), 1.0)
    assert np.all(b == 0.5)
    mean = gains.numpy()[[0, 1, 3, 4]].real.mean(axis=0)
    np.testing.assert_allclose(level.arrival[mean > 0], 0.5 * mean[mean > 0], rtol=1e-5)
    assert np.all(level.arrival[mean <= 0] > 1e9)
    np.testing.assert_allclose(energy, energies / 4, rtol=1e-5)


SHARED: list[PowerRule] = [rule for rule in RULES if not isinstance(rule, GreedySelection)]


@pytest.mark.parametrize("rule", SHARED, ids=str)
def test_a_gain_that_stands_for_several_elements_is_as_good_as_those_elements(rule: PowerRule) -> None:
    """Greedy selection aside, which may use some of several equal elements."""
    times, gains, random = np.array([3, 1, 2, 4, 2]), complex_gains(6, 5), np.random.default_rng(0)
    each = random.exponential(size=[6, 12]).astype(np.float32)
    together = np.stack([part.sum(axis=1) for part in np.split(each, np.cumsum(times)[:-1], axis=1)], 1)
    share, one = tf.constant(times / 12, tf.float32), tf.constant(np.ones([6, 1]), tf.float32)
    apart = rule.amplitude(tf.constant(0.7), tf.repeat(gains, times, axis=1), tf.constant(each), one)
    b = rule.amplitude(tf.constant(0.7), gains, tf.constant(together), one, share)
    np.testing.assert_allclose(tf.repeat(b, times, axis=1), apart, rtol=1e-4)
    cost = rule.cost(gains, share)
    np.testing.assert_allclose(tf.repeat(cost, times, axis=1), rule.cost(tf.repeat(gains, times, axis=1)), rtol=1e-5)


def test_greedy_selection_counts_the_elements_that_a_gain_stands_for() -> None:
    """Three quarters of the elements are the strong ones: they arrive 4/3 stronger, and cost (4/3)^2 times theirs."""
    gains, each = tf.constant([[2.0, 0.1]], tf.complex64), tf.constant([[3.0, 1.0]])
    share = tf.constant([0.75, 0.25])
    b = GreedySelection().amplitude(tf.constant(1.0), gains, each, tf.constant([[16 / 9 * 3 / 4]]), share)
    np.testing.assert_allclose(b, [[2 / 3, 0]], rtol=1e-6)
    b = GreedySelection().amplitude(tf.constant(1.0), gains, each, tf.constant([[16 / 9 * 3 / 4 * 0.98]]), share)
    np.testing.assert_array_equal(b, [[0, 0]])


@pytest.mark.parametrize("rule", [GreedySelection(), ExpectedNorm(), Blind(), TruncatedInversion(floor=0.2)], ids=str)
def test_rules_have_slopes_that_are_numbers(rule: PowerRule) -> None:
    gains = tf.tensor_scatter_nd_update(complex_gains(4, 6), [[0, 0]], tf.zeros([1], tf.complex64))

    @tf.function(autograph=False)
    def slope(h: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(h)
            level = rule.level(tf.ones([4]), tf.ones([4]), h, tf.constant(0.1))
            b = rule.amplitude(level.scale, h, tf.fill([4, 6], 1 / 6), tf.ones([4, 1]))
            value = tf.reduce_sum(tf.math.real(b * h)) + tf.reduce_sum(1 / level.arrival)
        return tape.gradient(value, h)

    value = slope(gains)
    assert np.all(np.isfinite(value)) and (isinstance(rule, TruncatedInversion) or np.any(value != 0))
