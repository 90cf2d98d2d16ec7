"""Power for erroneous CSI: the printed vector, the optimum of a search, and what is gained over trusting the belief."""

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from overair.phy import MseOptimal, MseRobust, keys

TOLD, ONES = np.array([0.2, 0.5, 1.0, 1.5]), np.ones(4)


def mse(b: np.ndarray, x: np.ndarray, best: np.ndarray, e: np.ndarray, energies: np.ndarray, noise: float) -> float:
    """E |x v - sum_k s_k|^2 for v = sum_k h_k b_k s_k + noise and h = best + CN(0, e), summed over elements."""
    energies = energies[:, None]
    return float((energies * ((x * b * best - 1) ** 2 + x**2 * b**2 * e)).sum() + (noise * x**2).sum())


def played(
    best: np.ndarray, e: np.ndarray, energies: np.ndarray, budgets: np.ndarray, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """|b| [K, N] and x [N] of the rule, for estimates [K, N] of any phase."""
    rule, count = MseRobust(), best.shape[1]
    gains, error = tf.constant(best, tf.complex64), tf.constant(np.broadcast_to(e, best.shape), tf.float32)
    spent, limits = tf.constant(energies, tf.float32), tf.constant(budgets, tf.float32)
    level = rule.level(spent, limits, gains, tf.constant(noise, tf.float32), error)
    each = tf.constant(np.tile(energies[:, None] / count, count), tf.float32)
    b = rule.amplitude(level.scale, gains, each, limits[:, None], None, error).numpy()
    assert np.abs((b * best).imag).max() < 1e-5 * np.abs(b).max()  # all arrive in phase, as estimated
    return np.abs(b).astype(float), 1 / level.arrival.numpy().astype(float)


@pytest.mark.parametrize(
    ("e", "noise", "expected", "power"),
    [(0.0, 0.1, 0.743590, [1, 1, 0.310408, 0.137959]), (0.05, 0.1, 1.093888, [1, 1, 0.461449, 0.216975])],
)
def test_the_printed_channel(e: float, noise: float, expected: float, power: list[float]) -> None:
    best = ((1 - e) ** 0.5 * TOLD)[:, None]
    b, x = played(best, np.array(e), ONES, ONES, noise)
    assert mse(b, x, best, np.array(e), ONES, noise) == pytest.approx(expected, abs=5e-6)
    np.testing.assert_allclose(b[:, 0] ** 2, power, atol=3e-5)  # the error is flat about its least: the print's search


@pytest.mark.parametrize("e", [0.05, 0.2, 0.6])
def test_without_noise_and_with_much_power_what_is_unknown_is_left(e: float) -> None:
    best = ((1 - e) ** 0.5 * TOLD)[:, None]
    b, x = played(best, np.array(e), ONES, 1e6 * ONES, 1e-6)
    left = (e / (best**2 + e)).sum()
    assert mse(b, x, best, np.array(e), ONES, 1e-6) == pytest.approx(left, rel=1e-5)
    if e == 0.2:
        assert left == pytest.approx(1.662069, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_optimum_that_a_search_over_all_amplitudes_finds(seed: int) -> None:
    random = np.random.default_rng(seed)
    devices, noise = int(random.integers(1, 7)), 10 ** random.uniform(-2, 1)
    best, e = random.rayleigh(0.7, [devices, 1]), random.uniform(0, 0.5, [devices, 1])
    energies, budgets = 10 ** random.uniform(-1, 1, [2, devices])
    most = np.sqrt(budgets / energies)

    def cost(free: np.ndarray) -> float:  # amplitudes [K], and x
        return mse(free[:-1, None], free[-1:], best, e, energies, noise)

    starts = [np.append(most * random.uniform(0.1, 1, devices), 10 ** random.uniform(-1, 1)) for _ in range(5)]
    bounds = [(0, limit) for limit in most] + [(1e-6, 50)]
    least = min(scipy.optimize.minimize(cost, start, bounds=bounds, tol=1e-12).fun for start in starts)
    turned = best * np.exp(2j * np.pi * random.uniform(size=[devices, 1]))
    b, x = played(turned, e, energies, budgets, noise)
    assert np.all(b[:, 0] <= most * (1 + 1e-6))
    assert mse(b, x, best, e, energies, noise) == pytest.approx(least, rel=1e-4)


@pytest.mark.parametrize("known", [None, 0.0], ids=["no error", "an error of 0"])
def test_where_nothing_is_unknown_it_is_mse_optimal(known: float | None) -> None:
    gains = tf.tensor_scatter_nd_update(
        keys.complex_normal(keys.key(1), [7, 24]), [[0, 3]], tf.zeros([1], tf.complex64)
    )
    spent, budgets = tf.linspace(0.5, 2.0, 7), tf.linspace(2.0, 0.1, 7)
    error = None if known is None else tf.fill([1, 24], known)
    level, expected = (
        rule.level(spent, budgets, gains, tf.constant(0.3), error) for rule in (MseRobust(), MseOptimal())
    )
    np.testing.assert_allclose(level.scale, expected.scale, rtol=1e-5)
    each = tf.repeat(spent[:, None] / 24, 24, axis=1)
    b, other = (
        rule.amplitude(level.scale, gains, each, budgets[:, None], None, error) for rule in (MseRobust(), MseOptimal())
    )
    np.testing.assert_allclose(b, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("e", "decibels"), [(0.05, 0.31), (0.2, 1.37)])
def test_what_is_gained_over_trusting_the_belief(e: float, decibels: float) -> None:
    """Ten devices in Rayleigh fading from -5 to 20 dB, an element a draw: the error of both, on the same estimates."""
    count, devices = 2000, 10
    told = np.abs(keys.complex_normal(keys.key(3), [devices, count]).numpy())
    best, one = (1 - e) ** 0.5 * told, np.ones(devices)
    errors = []
    for snr_db in range(-5, 21):
        noise = 10 ** (-snr_db / 10)
        aware = mse(*played(best, np.array(e), one, one, noise), best, np.array(e), one, noise)
        told_level = MseOptimal().level(tf.ones([devices]), tf.ones([devices]), tf.constant(told, tf.complex64), noise)
        x = 1 / told_level.scale.numpy().astype(float)
        trusting = mse(np.minimum(1, 1 / (x * told)), x, best, np.array(e), one, noise)
        errors.append((trusting, aware))
    trusting, aware = np.array(errors).T
    assert np.all(aware <= trusting)
    assert 10 * np.log10(trusting.mean() / aware.mean()) == pytest.approx(decibels, rel=0.1)  # SNRs are not said
