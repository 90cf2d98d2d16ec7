"""Power over the band: the printed vector, the optimum of a search, budgets, and what is gained over the elements."""

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from overair.phy import Air, Grid, MseOptimal, MseWideband, PowerRule, Tdl, keys

PRINTED = np.array([[0.3, 1.2], [1.0, 0.4]])


def played(
    h: np.ndarray, energies: np.ndarray, budgets: np.ndarray, noise: float, rule: PowerRule | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """|b| [K, N] and x [N], for symbols of one energy on all elements."""
    rule, count = rule or MseWideband(), h.shape[1]
    gains, spent, limits = (
        tf.constant(h, tf.complex64),
        tf.constant(energies, tf.float32),
        tf.constant(budgets, tf.float32),
    )
    level = rule.level(spent, limits, gains, tf.constant(noise, tf.float32))
    each = tf.constant(np.tile(energies[:, None] / count, count), tf.float32)
    b = rule.amplitude(level.scale, gains, each, limits[:, None]).numpy()
    assert np.abs((b * h).imag).max() < 1e-5 * np.abs(b).max()
    return np.abs(b).astype(float), 1 / level.arrival.numpy().astype(float)


def mse(b: np.ndarray, x: np.ndarray, h: np.ndarray, energies: np.ndarray, noise: float) -> float:
    return float((energies[:, None] * (x * b * np.abs(h) - 1) ** 2).sum() + (noise * x**2).sum())


def test_the_printed_channel() -> None:
    one = np.ones(2)
    b, x = played(PRINTED, one, one, 0.1)
    assert mse(b, x, PRINTED, one, 0.1) == pytest.approx(0.675249, abs=2e-6)
    np.testing.assert_allclose(b**2, [[1.70939, 0.29061], [0.34494, 1.65506]], atol=2e-5)
    alone = mse(*played(PRINTED, one, one, 0.1, MseOptimal()), PRINTED, one, 0.1)
    assert alone == pytest.approx(0.910931, abs=2e-6)


def least(h: np.ndarray, energies: np.ndarray, budgets: np.ndarray, noise: float, random: np.random.Generator) -> float:
    """The best of searches over all amplitudes from several starts, x being the best for each."""
    weight, size = energies[:, None], np.abs(h)

    def cost(free: np.ndarray) -> float:
        b = free.reshape(h.shape)
        share = (weight * b**2).mean(axis=1, keepdims=True) / budgets[:, None]
        b = b / np.sqrt(np.maximum(share, 1))
        signal, power = (weight * b * size).sum(axis=0), (weight * (b * size) ** 2).sum(axis=0)
        return float((energies.sum() - signal**2 / (power + noise)).sum())

    full = np.sqrt(np.repeat(budgets / energies, h.shape[1]))
    starts = [full * random.uniform(0.1, 1.2, h.size) for _ in range(6)]
    return min(scipy.optimize.minimize(cost, start, tol=1e-12).fun for start in starts)


@pytest.mark.parametrize("seed", range(8))
def test_no_search_over_all_amplitudes_finds_less(seed: int) -> None:
    random = np.random.default_rng(seed)
    devices, count = (int(each) for each in random.integers(1, 6, 2))
    h, noise = random.rayleigh(0.7, [devices, count]), 10 ** random.uniform(-2, 1)
    energies, budgets = 10 ** random.uniform(-1, 1, [2, devices])
    turned = h * np.exp(2j * np.pi * random.uniform(size=h.shape))
    b, x = played(turned, energies, budgets, noise)
    assert np.all((energies[:, None] * b**2).mean(axis=1) <= budgets * (1 + 1e-5))
    found = mse(b, x, h, energies, noise)
    assert found <= least(h, energies, budgets, noise, random) * (1 + 1e-5)


@pytest.mark.parametrize("snr_db", [0.0, 15.0, 30.0])
def test_levels_are_those_from_which_taking_turns_moves_nothing(snr_db: float) -> None:
    """The plain turn, written out with the water level by bisection, at many devices and elements."""
    h, noise, one = np.abs(keys.complex_normal(keys.key(2), [12, 64]).numpy()).astype(float), 10 ** (-snr_db / 10), 1.0
    _, x = played(h, np.ones(12), np.ones(12), noise)
    low, high = np.zeros([12, 1]), np.full([12, 1], 1e4)
    for _ in range(100):
        water = (low + high) / 2
        over = ((x * h / ((x * h) ** 2 + water)) ** 2).mean(axis=1, keepdims=True) > one
        low, high = np.where(over, water, low), np.where(over, high, water)
    b = x * h / ((x * h) ** 2 + low)
    again = (b * h).sum(axis=0) / (((b * h) ** 2).sum(axis=0) + noise)
    np.testing.assert_allclose(again, x, rtol=5e-4)


def test_flat_gains_make_it_mse_optimal() -> None:
    h, energies, budgets = np.tile([[0.3], [1.0], [1.4]], 8), np.array([1.0, 2.0, 0.5]), np.array([1.0, 0.4, 2.0])
    for one, other in zip(
        played(h, energies, budgets, 0.2), played(h, energies, budgets, 0.2, MseOptimal()), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-4)


def test_a_device_spends_its_budget_on_its_own_symbols_and_no_more() -> None:
    """As the level knows only what they hold on average, the water level is that of the real ones."""
    gains, energy = keys.complex_normal(keys.key(5), [20, 30]), keys.uniform(keys.key(6), [20, 30]) ** 3
    limits = tf.ones([20, 1]) * tf.constant([[0.05], [60.0]] * 10)
    b = MseWideband().amplitude(tf.constant(1.0), gains, energy, limits).numpy()
    energy = energy.numpy()
    spent, inverted = (np.abs(b) ** 2 * energy).sum(axis=1), (energy / np.abs(gains) ** 2).sum(axis=1)
    np.testing.assert_allclose(spent, np.minimum(limits[:, 0], inverted), rtol=1e-4)
    assert np.all(spent <= limits[:, 0] * (1 + 1e-5)) and np.any(inverted < limits[:, 0])


@pytest.mark.parametrize(("snr_db", "decibels"), [(0.0, 0.06), (10.0, 0.19), (20.0, 0.50)])
def test_what_is_gained_over_equal_shares_on_tdl_a(snr_db: float, decibels: float) -> None:
    """Ten devices at a delay spread of 100 ns on 64 subcarriers of 15 kHz, on average over links."""
    noise, one = 10 ** (-snr_db / 10), tf.ones([10])
    air = Air(Grid(), Tdl("A", 100e-9), 10)
    links = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1, batch=100).response()[:, 0, :, 0]

    @tf.function(autograph=False)
    def error(h: tf.Tensor, rule: PowerRule) -> tf.Tensor:
        level = rule.level(one, one, h, tf.constant(noise))
        b = rule.amplitude(level.scale, h, tf.fill(h.shape, 1 / 64), one[:, None])
        return tf.reduce_sum(tf.abs(b * h / tf.cast(level.arrival, h.dtype) - 1) ** 2) + noise * tf.reduce_sum(
            level.arrival**-2
        )

    before, after = (np.array([error(h, rule) for h in links]) for rule in (MseOptimal(), MseWideband()))
    gain = 10 * np.log10(before.mean() / after.mean())
    spread = 10 / np.log(10) * np.std(before / before.mean() - after / after.mean()) / len(links) ** 0.5
    assert abs(gain - decibels) < 4 * spread + 0.3 * decibels  # the delay spread is not said with the numbers


def test_slopes_are_numbers_and_those_of_a_water_level_that_moves() -> None:
    """Of the energy spent, which is the budget whatever the gains are: its slope is 0."""
    gains, energy, limit = keys.complex_normal(keys.key(7), [4, 6]), tf.fill([4, 6], 1 / 6), tf.fill([4, 1], 0.1)

    @tf.function(autograph=False)
    def slopes(h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(h)
            level = MseWideband().level(tf.ones([4]), 0.1 * tf.ones([4]), h, tf.constant(0.1))
            b = MseWideband().amplitude(level.scale, h, energy, limit)
            arrives, spent = tf.reduce_sum(tf.math.real(b * h)), tf.reduce_sum(energy * tf.abs(b) ** 2)
        return tape.gradient(arrives, h), tape.gradient(spent, h)

    arrives, spent = slopes(gains)
    assert np.all(np.isfinite(arrives)) and np.any(arrives != 0)
    assert np.abs(spent).max() < 1e-4
