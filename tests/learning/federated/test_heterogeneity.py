"""FedNova, FedDyn and the servers' optimizers as published: known rounds, other parameters, and noise."""

from typing import Any

import keras
import numpy as np
import pytest

from overair.learning import Fedavg, Feddyn, Fednova
from overair.learning.federated.optimizers import FedAdagrad, FedAdam, FedYogi
from overair.ota import Analog, Ideal
from tests.learning.federated.quadratics import CURVATURES, OPTIMA, Setting, play

RNG = np.random.default_rng(5)
SIZE = 3000  # independent paths at once; a variance is known to sqrt(2 / SIZE)


def test_fednova_rests_where_mean_gradients_do_and_fedavg_where_steps_weigh() -> None:
    a, b, w, tau, rate = (2.0, 2.0, 2.0), (1.0, -2.0, 4.0), (0.5, 0.3, 0.2), (1, 4, 9), 0.1
    part = 1 - (1 - rate * np.array(a)) ** tau
    for algorithm, say in ((Fedavg(rate, steps=9), part), (Fednova(rate, steps=9), part / tau)):
        x = play(algorithm, Setting(a, b, w, tau), 60).x[-1, 0]
        assert x == pytest.approx(np.average(b, weights=w * say), abs=3e-5)


def test_fednova_takes_the_mean_number_of_steps_of_those_that_are_heard() -> None:
    a, b, shares, tau, rate = (1.0, 3.0, 5.0), (1.0, -2.0, 4.0), (0.5, 0.3, 0.2), (2, 4, 7), 0.05
    sent = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.4], [0.0, 0.0, 0.0], [0.0, 0.6, 0.4]])  # twice n_k / n, by coins
    found = play(Fednova(rate, steps=7), Setting(a, b, shares, tau, sent.__getitem__), 4).x[:, 0]
    x, expected = 0.0, [0.0]
    for w in sent:
        step = (1 - (1 - rate * np.array(a)) ** tau) * (x - np.array(b)) / tau
        x -= (w @ tau / w.sum() if w.any() else 0.0) * (w @ step)
        expected.append(x)
    np.testing.assert_allclose(found, expected, atol=3e-6)


def test_feddyn_with_exact_solves() -> None:
    found = play(Feddyn(0.09, steps=200, alpha=1.0, leak=0.0), Setting(steps=(200,) * 3), 8).x[:, 0]
    np.testing.assert_allclose(found[[1, 2, 5]], [1.618182, 1.437025, 1.479237], atol=3e-6)
    a, b, x, h, lam, expected = np.array(CURVATURES), np.array(OPTIMA), 0.0, 0.0, np.zeros(3), [0.0]
    for _ in range(120):
        y = (a * b + lam + x) / (a + 1)
        lam, h = lam - (y - x), h - np.mean(y - x)
        x = np.mean(y) - h
        expected.append(x)
    np.testing.assert_allclose(found, expected[:9], atol=1e-5)
    assert x == pytest.approx(1.8, abs=1e-8)  # the minimum of the mean


@pytest.mark.parametrize(("alpha", "leak"), [(0.7, 0.0), (2.0, 0.0), (0.7, 0.4)])
def test_feddyn_of_other_weights_steps_and_coins(alpha: float, leak: float) -> None:
    a, b, shares, tau, rate = np.array([1.0, 2.0, 6.0]), np.array([1.0, -2.0, 0.5]), np.array([0.1, 0.3, 0.6]), 6, 0.05
    weights = np.where(RNG.random([6, 3]) < 0.6, shares / 0.6, 0.0)
    weights[0], weights[2] = shares, 0.0
    setting = Setting(a, b, shares, (tau,) * 3, weights.__getitem__)
    path = play(Feddyn(rate, steps=tau, alpha=alpha, leak=leak), setting, 6)
    x, h, lam, expected = 0.0, 0.0, np.zeros(3), [0.0]
    for w in weights:
        heard, y = w > 0, np.full(3, x)
        for _ in range(tau):
            y -= rate * (a * (y - b) - lam + alpha * (y - x))
        mean_way = w @ (x - y) + leak / alpha * (w @ lam - w.sum() * h)  # what the server knows of the mean of x - y
        lam = np.where(heard, lam - alpha * (y - x), lam)
        if heard.any():
            h += alpha * shares[heard].sum() * mean_way / w.sum()
            x -= mean_way / w.sum() + h / alpha
        expected.append(x)
        if leak == 0:
            assert h == pytest.approx(shares @ lam, abs=1e-9)
    np.testing.assert_allclose(path.x[:, 0], expected, atol=2e-5)
    np.testing.assert_allclose(np.ravel(path.own[-1]), lam, atol=2e-5)


def test_feddyn_stays_near_its_rest_where_few_are_heard() -> None:
    """Exact solves; at a chance of 0.3 of each of three, a third of the rounds hears nobody, which move nothing."""
    a, alpha = 2.0, 0.1
    sent = np.where(np.random.default_rng(0).random([150, 3]) < 0.3, 1 / 0.9, 0.0)
    setting = Setting((a,) * 3, OPTIMA, sends=sent.__getitem__, steps=(1,) * 3)
    x = play(Feddyn(1 / (a + alpha), steps=1, alpha=alpha, leak=0.0), setting, 150).x[:, 0]
    assert np.array_equal(x[1:][sent.sum(axis=1) == 0], x[:-1][sent.sum(axis=1) == 0])
    assert np.abs(x - np.mean(OPTIMA)).max() < 4  # 8 where steps of -h/alpha of nobody add up


def dynamics(a: float, alpha: float, leak: float) -> tuple[np.ndarray, np.ndarray]:
    """(x, h, l) after a round of devices all alike that solve their problems, and what noise of the sum adds."""
    way = np.array([a, 0, -1]) / (a + alpha)  # x - y, as y = (l + alpha x)/(a + alpha)
    received = way + leak / alpha * np.array([0, -1, 1])
    h = np.array([0, 1, 0]) + alpha * received
    return np.stack([[1, 0, 0] - received - h / alpha, h, [0, 0, 1] + alpha * way]), np.array([-2, alpha, 0])


@pytest.mark.parametrize(("a", "alpha", "leak"), [(1.0, 0.5, 0.0), (2.0, 1.5, 0.0), (1.0, 0.5, 1.0), (1.0, 0.5, 0.3)])
def test_feddyn_walks_by_increments_and_rests_by_levels(a: float, alpha: float, leak: float) -> None:
    matrix, noise = dynamics(a, alpha, leak)
    covariance, expected = np.zeros([3, 3]), [0.0]
    for _ in range(400):
        covariance = matrix @ covariance @ matrix.T + np.outer(noise, noise)
        expected.append(covariance[0, 0])
    slope = expected[400] - expected[399]
    assert slope == pytest.approx(alpha**2 / a**2 if leak == 0 else 0.0, abs=1e-6)
    rate = 1.0 / (a + alpha)  # solves a quadratic in one step
    setting = Setting((a, a), np.zeros([2, SIZE]), (0.5, 0.5), (1, 1), None, 1.0)
    found = np.mean(play(Feddyn(rate, steps=1, alpha=alpha, leak=leak), setting, 20).x ** 2, axis=1)
    np.testing.assert_allclose(found[3::4], expected[3:21:4], rtol=4.5 * (2 / SIZE) ** 0.5)


def test_over_a_noisy_sum_levels_are_the_default() -> None:
    assert [Feddyn().over(uplink).leak for uplink in (Ideal(), Analog())] == [0.0, 1.0]


DELTAS = [1.0, -0.5, 0.25]


def stepped(optimizer: Any, deltas: list[float]) -> list[float]:
    """How far a weight has gone down after each estimate."""
    weight = keras.Variable(0.0)
    optimizer.build([weight])
    found = []
    for delta in deltas:
        optimizer.apply([keras.ops.convert_to_tensor(delta)], [weight])
        found.append(-float(weight))
    return found


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FedAdam, [0.099005, 0.134605, 0.187840]),
        (FedYogi, [0.099005, 0.134464, 0.187246]),
        (FedAdagrad, [0.009990, 0.013565, 0.018884]),
    ],
)
def test_servers_optimizers_are_the_published_ones(kind: Any, expected: list[float]) -> None:
    np.testing.assert_allclose(stepped(kind(0.1, beta_1=0.9), DELTAS), expected, atol=2e-6)


def test_keras_adam_is_another() -> None:
    adam = keras.optimizers.Adam(0.1, beta_1=0.9, beta_2=0.99)
    np.testing.assert_allclose(stepped(adam, DELTAS), [0.1, 0.126670, 0.160823], atol=2e-6)


@pytest.mark.parametrize("kind", [FedAdam, FedYogi, FedAdagrad])
def test_servers_optimizers_at_other_parameters(kind: Any) -> None:
    deltas, eta, b1, b2, tau = [0.3, 0.01, -2.0, 0.0, 0.5], 0.05, 0.6, 0.8, 0.02
    options = {} if kind is FedAdagrad else {"beta_2": b2}
    m, v, x, expected = 0.0, tau**2, 0.0, []
    for d in deltas:
        m = b1 * m + (1 - b1) * d
        v = {
            "FedAdam": b2 * v + (1 - b2) * d**2,
            "FedYogi": v - (1 - b2) * d**2 * np.sign(v - d**2),
            "FedAdagrad": v + d**2,
        }[kind.__name__]
        x += eta * m / (v**0.5 + tau)
        expected.append(x)
    np.testing.assert_allclose(stepped(kind(eta, beta_1=b1, tau=tau, **options), deltas), expected, rtol=2e-5)


def test_options_that_are_no_shares_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^beta_2: expected a number from 0 to below 1, received 1$"):
        FedYogi(0.1, beta_2=1.0)
    with pytest.raises(ValueError, match=r"^tau: expected a number above 0, received 0$"):
        FedAdam(0.1, tau=0.0)
