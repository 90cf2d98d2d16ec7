"""Schedulers against closed forms and worked examples of the literature."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats

from overair.learning import (
    BestChannel,
    ChannelThenUpdate,
    Coins,
    LargestUpdate,
    Oldest,
    Optimal,
    ProportionalFair,
    Random,
    RoundRobin,
    Sight,
)
from overair.learning.federated.schedulers.optimal import inclusion
from overair.phy import keys


def played(
    scheduler: Any, rates: np.ndarray, shares: np.ndarray | None = None, norms: Any = None, success: Any = None
) -> tuple[np.ndarray, Any]:
    """Weights of rounds with these rates, [R, K], and the last state; norms and who is decoded are [R, K] too."""
    rounds, devices = rates.shape
    shares = equal(devices) if shares is None else shares
    given = [np.ones([rounds, devices]) if each is None else each for each in (norms, success)]
    all_rates, all_norms, all_success = (tf.constant(each, tf.float32) for each in (rates, *given))

    def one(before: tuple[tf.Tensor, Any], number: tf.Tensor) -> tuple[tf.Tensor, Any]:
        sight = Sight(
            tf.constant(shares, tf.float32),
            lambda: all_rates[number],
            lambda who: tf.where(who, all_norms[number], 0.0),
        )
        plan, after = scheduler.plan(before[1], sight, keys.key(7, number))
        return plan.weights, scheduler.learn(after, (plan.weights > 0) & (all_success[number] > 0))

    @tf.function(autograph=False)
    def play() -> tuple[tf.Tensor, Any]:
        start = tf.zeros([devices]), scheduler.init(devices, keys.key(2))
        return tf.scan(one, tf.range(rounds), start)

    weights, states = play()
    return weights.numpy(), tf.nest.map_structure(lambda each: each.numpy()[-1], states)


def equal(devices: int) -> np.ndarray:
    return np.full(devices, 1 / devices)


def harmonic(n: int) -> float:
    return sum(1 / i for i in range(1, n + 1))


def within(draws: np.ndarray, expected: float) -> bool:
    """To 4.5 standard errors of independent draws."""
    return bool(abs(np.mean(draws) - expected) <= 4.5 * np.std(draws) / len(draws) ** 0.5)


# --- Links


def sent_gains(scheduler: Any, devices: int, blocks: int, rounds: int) -> np.ndarray:
    """Gains of those that send, [R, N]: means over independent blocks of Rayleigh fading, which are their rates."""
    gains = np.random.default_rng(blocks).gamma(blocks, 1 / blocks, [rounds, devices])
    sends = played(scheduler, gains)[0] > 0
    return gains[sends].reshape(rounds, -1)


@pytest.mark.parametrize(("devices", "senders", "gain"), [(10, 1, 2.928968), (10, 4, None), (7, 7, 1.0)])
def test_the_best_of_a_narrow_band_have_the_gains_of_order_statistics(
    devices: int, senders: int, gain: float | None
) -> None:
    expected = 1 + harmonic(devices) - harmonic(senders)
    assert gain is None or expected == pytest.approx(gain, abs=5e-7)
    assert within(sent_gains(BestChannel(senders), devices, 1, 3000).mean(axis=1), expected)


@pytest.mark.parametrize(("devices", "blocks", "gain"), [(10, 4, 1.890824), (10, 16, None), (6, 2, None)])
def test_the_gain_of_the_best_is_lost_over_coherence_blocks(devices: int, blocks: int, gain: float | None) -> None:
    law = stats.gamma(blocks, scale=1 / blocks)
    expected = integrate.quad(lambda g: 1 - law.cdf(g) ** devices, 0, 50, limit=200)[0]
    assert gain is None or expected == pytest.approx(gain, abs=5e-7)
    assert within(sent_gains(BestChannel(1), devices, blocks, 3000)[:, 0], expected)


@pytest.mark.parametrize(("devices", "senders", "threshold"), [(20, 5, 1.0), (8, 3, 0.4)])
def test_as_many_are_above_a_threshold_as_is_foretold(devices: int, senders: int, threshold: float) -> None:
    p = np.exp(-threshold)
    best = stats.binom.pmf(np.arange(devices + 1), devices, p) @ np.minimum(np.arange(devices + 1), senders)
    expected = {Random(senders): senders * p, BestChannel(senders): best}
    if devices == 20:
        assert np.allclose(list(expected.values()), [1.839397, 4.870327], atol=5e-7)
    for scheduler, number in expected.items():
        assert within((sent_gains(scheduler, devices, 1, 2000) > threshold).sum(axis=1), number)


@pytest.mark.parametrize("devices", [4, 6])
def test_inverting_the_best_fade_costs_what_order_statistics_say(devices: int) -> None:
    """Where one of all sends the mean cost of inversion is finite, which it is not of a device that always sends."""

    def cost(devices: int) -> float:
        signs = (-1.0) ** np.arange(devices)
        chosen = [np.prod(np.arange(devices - j, devices)) / np.prod(np.arange(1.0, j + 1)) for j in range(devices)]
        return float(-devices * np.sum(chosen * signs * np.log(np.arange(1, devices + 1))))

    assert cost(2) == pytest.approx(1.386294, abs=5e-7) == 2 * np.log(2)
    by_hand = integrate.quad(lambda g: devices * np.exp(-g) * (1 - np.exp(-g)) ** (devices - 1) / g, 0, 60)[0]
    assert cost(devices) == pytest.approx(by_hand, rel=1e-6)
    assert within(1 / sent_gains(BestChannel(1), devices, 1, 4000)[:, 0], cost(devices))


def test_proportional_fair_sends_as_worked_out_by_hand() -> None:
    rates = [(2, 1, 0.5), (2, 1.5, 0.4), (1, 1, 1), (3, 0.5, 0.6), (2, 2, 0.2), (2, 1, 0.9)]
    weights, state = played(ProportionalFair(1, window=4), np.array(rates))
    assert list(np.argmax(weights, axis=1)) == [0, 1, 2, 0, 1, 2]
    np.testing.assert_allclose(state, [0.718506, 0.671631, 0.508447], atol=1e-6)


def test_proportional_fair_of_two_a_round_follows_its_own_means() -> None:
    devices, window = 6, 7.0
    rates = np.random.default_rng(3).exponential(np.arange(1, devices + 1), [40, devices])
    weights, state = played(ProportionalFair(2, window), rates)
    means = np.ones(devices)
    for sent, now in zip(weights, rates, strict=True):
        best = np.argsort(-now / means)[:2]
        assert set(np.flatnonzero(sent)) == set(best)
        means = (1 - 1 / window) * means
        means[best] += now[best] / window
    np.testing.assert_allclose(state, means, rtol=1e-5)


# --- Age


def mean_age(scheduler: Any, devices: int, success: float, rounds: int) -> tuple[float, float]:
    """The age after a round, averaged over devices, and its standard error by the means of ten parts."""
    success_of = np.random.default_rng(1).random([rounds, devices]) < success
    weights, _ = played(scheduler, np.zeros([rounds, devices]), success=success_of)
    age, seen = np.zeros(devices), []
    for decoded in (weights > 0) & success_of:
        age = np.where(decoded, 0, age + 1)
        seen.append(age.mean())
    parts = np.array(seen[rounds // 5 :]).reshape(10, -1).mean(axis=1)
    return float(parts.mean()), float(parts.std(ddof=1) / 10**0.5)


@pytest.mark.parametrize(("devices", "success"), [(10, 0.5), (4, 0.8), (3, 1.0)])
@pytest.mark.parametrize("kind", [Random, RoundRobin, Oldest])
def test_mean_ages_are_those_of_renewals(kind: Any, devices: int, success: float) -> None:
    k, q = devices, success
    expected = {Random: k / q - 1, RoundRobin: (k * (2 - q) / q - 1) / 2, Oldest: (k + 1 - 2 * q) / (2 * q)}
    if (devices, success) == (10, 0.5):
        assert list(expected.values()) == [19, 14.5, 10]
    found, error = mean_age(kind(1), devices, success, 5000)
    assert abs(found - expected[kind]) <= 4.5 * error + k / 5000  # and the start is not quite forgotten


def test_a_cycle_of_turns_is_everybody_equally_often() -> None:
    sends = played(RoundRobin(4), np.zeros([9, 6]))[0] > 0
    assert np.all(sends.sum(axis=1) == 4)
    for first in (0, 3, 6):
        assert np.all(sends[first : first + 3].sum(axis=0) == 2)


# --- Variance


WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4])
UPDATES = np.array([(3, 0), (0, 2), (1, 1), (-1, 0.5)])
OTHERS = np.random.default_rng(4).normal(size=[7, 3]) * np.arange(1, 8)[:, None] ** 2


def least_chances(a: np.ndarray, count: int) -> np.ndarray:
    """By bisection of c."""
    low, high = 0.0, 1e15
    for _ in range(200):
        c = (low + high) / 2
        low, high = (c, high) if np.minimum(1, c * a).sum() < count else (low, c)
    return np.minimum(1, high * a)


@pytest.mark.parametrize(
    ("weights", "updates", "senders", "vector"),
    [
        (WEIGHTS, UPDATES, 2, (0.63, 0.556667, 0.604771)),
        (equal(7), OTHERS, 3, None),
        (np.arange(1, 8) / 28, OTHERS, 5, None),
    ],
)
def test_errors_have_the_variances_foretold(
    weights: np.ndarray, updates: np.ndarray, senders: int, vector: tuple[float, ...] | None
) -> None:
    parts, devices, n = weights[:, None] * updates, len(weights), senders
    norms, total = np.linalg.norm(parts, axis=1), parts.sum(axis=0)
    chances = least_chances(norms, n)
    fresh = devices * (devices - n) / (n * (devices - 1)) * np.sum((parts - total / devices) ** 2)
    expected = (
        (devices / n - 1) * np.sum(norms**2),
        fresh,
        np.sum((1 / chances - 1) * norms**2),
    )
    if vector:
        np.testing.assert_allclose(expected, vector, atol=5e-7)
    for scheduler, variance in zip((Coins(n / devices), Random(n), Optimal(n)), expected, strict=True):
        drawn, _ = played(scheduler, np.zeros([8000, devices]), weights, np.tile(norms, [8000, 1]))
        assert within(np.sum((drawn @ updates - total) ** 2, axis=1), variance)


def test_chances_of_optimal_inclusion() -> None:
    norms = np.linalg.norm(WEIGHTS[:, None] * UPDATES, axis=1)
    found = inclusion(tf.constant(norms, tf.float32), 2)
    np.testing.assert_allclose(found, [0.381806, 0.509075, 0.539956, 0.569163], atol=2e-6)
    rng = np.random.default_rng(5)
    for count in (1, 3, 6, 9):
        a = rng.exponential(size=9) ** 3
        np.testing.assert_allclose(inclusion(tf.constant(a, tf.float32), count), least_chances(a, count), atol=2e-5)
    np.testing.assert_array_equal(inclusion(tf.constant([0.0, 2.0, 0.0, 1.0]), 3), [0, 1, 0, 1])  # fewer than asked
    np.testing.assert_array_equal(inclusion(tf.zeros([3]), 2), [0, 0, 0])


# --- Updates


def test_the_largest_updates_of_the_best_channels_send() -> None:
    rng, devices = np.random.default_rng(6), 9
    shares = np.arange(1, devices + 1) / 45
    rates, norms = rng.random([20, devices]), rng.random([20, devices])
    for scheduler, candidates in ((LargestUpdate(2), devices), (ChannelThenUpdate(2, 5), 5)):
        weights, _ = played(scheduler, rates, shares, norms)
        for sent, rate, norm in zip(weights, rates, norms, strict=True):
            best = np.argsort(-rate)[:candidates]
            largest = best[np.argsort(-norm[best])[:2]]
            assert set(np.flatnonzero(sent)) == set(largest)
            np.testing.assert_allclose(sent[largest], shares[largest] / shares[largest].sum(), rtol=1e-6)


def test_among_equals_lots_decide() -> None:
    sent = (played(BestChannel(2), np.ones([2000, 5]))[0] > 0).mean(axis=0)
    assert np.all(np.abs(sent - 0.4) < 4.5 * (0.24 / 2000) ** 0.5)


def test_chances_of_single_devices_repeat() -> None:
    drawn, _ = played(Coins(chances=(0.25, 1.0)), np.zeros([2000, 5]))
    np.testing.assert_allclose(drawn.max(axis=0), [0.8, 0.2, 0.8, 0.2, 0.8], rtol=1e-6)
    assert np.all(np.abs((drawn[:, ::2] > 0).mean(axis=0) - 0.25) < 4.5 * (0.1875 / 2000) ** 0.5)
