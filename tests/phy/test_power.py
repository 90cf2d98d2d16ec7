"""Power rules: thresholds, levels and optima are those of the theory, and zero is silence."""

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf
from scipy.special import exp1

from overair.phy import FullInversion, Level, MseOptimal, PhaseOnly, PowerRule, TruncatedInversion, keys

RULES = [FullInversion(), TruncatedInversion(0.2), TruncatedInversion(0.2, unbiased=False), MseOptimal(), PhaseOnly()]


def complex_gains(*shape: int, seed: int = 0) -> tf.Tensor:
    return keys.complex_normal(keys.key(seed, "gains"), shape)


def sent(rule: PowerRule, gains: tf.Tensor, energies: np.ndarray, budgets: np.ndarray, noise: float) -> tuple:
    """The level, the complex amplitudes [K, N], and the mean energy [K] of symbols of constant energy."""
    cost = rule.cost(gains).numpy().mean(axis=1)
    spent, limits = tf.constant(energies * cost, tf.float32), tf.constant(budgets, tf.float32)
    level = rule.level(spent, limits, tf.abs(gains) if rule.joint else None, tf.constant(noise, tf.float32))
    b = rule.amplitude(level.scale, gains, spent[:, None], limits[:, None]).numpy()
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
        assert np.all(b[gains.numpy() == 0] == 0)
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
