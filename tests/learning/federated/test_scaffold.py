"""SCAFFOLD on quadratics: published steps, any weights and steps, noise by increments and by levels."""

from typing import Any

import numpy as np
import pytest
import scipy.linalg

from overair.learning import Fedavg, Fedprox, Scaffold
from tests.learning.federated.quadratics import CURVATURES, OPTIMA, Setting, play

RNG = np.random.default_rng(3)


def test_vectors_of_known_rounds() -> None:
    setting = Setting()
    fedavg = play(Fedavg(0.05, steps=5), setting, 5).x[:, 0]
    np.testing.assert_allclose(fedavg[[1, 2, 5]], [0.820050, 1.129676, 1.307388], atol=2e-6)
    scaffold = play(Scaffold(0.05, steps=5, leak=0.0), setting, 40).x[:, 0]
    np.testing.assert_allclose(scaffold[[1, 2, 5]], [0.820050, 1.373773, 1.799128], atol=2e-6)
    assert scaffold[-1] == pytest.approx(1.8, abs=2e-6)  # the minimum of the mean
    assert play(Scaffold(0.05, steps=5, leak=1.0), setting, 60).x[-1, 0] == pytest.approx(1.8, abs=2e-6)


def test_where_fedavg_and_fedprox_rest() -> None:
    setting = Setting()
    assert play(Fedavg(0.05, steps=5), setting, 25).x[-1, 0] == pytest.approx(1.31749771, abs=2e-6)
    assert play(Fedprox(0.05, steps=5, mu=1.0), setting, 25).x[-1, 0] == pytest.approx(1.33054702, abs=2e-6)


@pytest.mark.parametrize("mu", [0.0, 0.3, 2.0])
def test_fedprox_moves_a_known_part_of_the_way(mu: float) -> None:
    """y - x = (1 - q^tau) a/(a + mu) (b - x), q = 1 - eta (a + mu); the term is of v - x and not of its norm."""
    a, b, w, tau, rate = (0.5, 3.0, 7.0), (2.0, -1.0, 0.5), (0.2, 0.5, 0.3), (2, 7, 4), 0.04
    x = play(Fedprox(rate, steps=7, mu=mu), Setting(a, b, w, tau), 3).x[:, 0]
    part = [(1 - (1 - rate * (ak + mu)) ** t) * ak / (ak + mu) for ak, t in zip(a, tau, strict=True)]
    expected = [0.0]
    for _ in range(3):
        expected.append(expected[-1] + sum(wk * p * (bk - expected[-1]) for wk, p, bk in zip(w, part, b, strict=True)))
    np.testing.assert_allclose(x, expected, atol=2e-6)


class Published:
    """Option II as the paper has it, with two vectors sent: y - x over the steps, and the change of c_k."""

    def __init__(self, a: Any, b: Any, shares: Any, steps: Any, rate: float) -> None:
        self.a, self.b, self.shares, self.steps, self.rate = (*map(np.asarray, (a, b, shares, steps)), rate)
        self.x: Any = 0.0
        self.c, self.own = 0.0, np.zeros(len(a))

    def round(self, weights: np.ndarray) -> Any:
        heard, change, way = weights > 0, np.zeros(len(self.a)), np.zeros(len(self.a))
        if not heard.any():
            return self.x
        for k in np.flatnonzero(heard):
            y = self.x
            for _ in range(self.steps[k]):
                y -= self.rate * (self.a[k] * (y - self.b[k]) - self.own[k] + self.c)
            way[k] = (self.x - y) / self.steps[k]
            change[k] = way[k] / self.rate - self.c  # c_k+ - c_k
        self.x -= np.average(self.steps[heard], weights=weights[heard]) * np.sum(weights * way)
        self.own += change
        self.c += np.sum(self.shares * change)  # over all devices, not over those that were heard
        return self.x


@pytest.mark.parametrize("chance", [1.0, 0.5])
def test_the_update_alone_tells_what_two_vectors_tell(chance: float) -> None:
    a, b, shares, steps = (1.0, 2.0, 6.0, 3.0), (1.0, -2.0, 0.5, 4.0), np.array([0.1, 0.2, 0.3, 0.4]), (3, 8, 5, 1)
    coins = RNG.random([6, 4]) < chance
    weights = np.where(coins, shares / chance, 0.0)
    path = play(Scaffold(0.05, steps=8, leak=0.0), Setting(a, b, shares, steps, weights.__getitem__), 6)
    published = Published(a, b, shares, steps, 0.05)
    expected = [published.round(each) for each in weights]
    np.testing.assert_allclose(path.x[1:, 0], expected, atol=1e-5)
    np.testing.assert_allclose(np.ravel(path.own[-1]), 0.05 * published.own, atol=1e-5)  # kept as steps
    np.testing.assert_allclose(np.ravel(path.common[-1]), [0.05 * published.c], atol=1e-5)
    np.testing.assert_allclose(published.c, published.own @ shares, atol=1e-12)


def test_it_starts_from_zeros_and_not_from_random_variates() -> None:
    """The first round is FedAvg's."""
    one, other = (play(each(0.05, steps=5), Setting(), 1).x for each in (Fedavg, Scaffold))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_other_sign_of_c_would_diverge() -> None:
    """The set tells a reversed correction, which goes 0.82, 0.89, -0.88 and to thousands, from the right one."""

    def reversed_rounds(rounds: int) -> float:
        x, c, own = 0.0, 0.0, np.zeros(3)
        for _ in range(rounds):
            y = np.full(3, x)
            for _ in range(5):
                y -= 0.05 * (np.array(CURVATURES) * (y - OPTIMA) + c - own)
            own, c, x = own - c + (y - x) / 0.25, float(np.mean(own - c + (y - x) / 0.25)), float(y.mean())
        return x

    assert reversed_rounds(2) == pytest.approx(0.89, abs=0.01) and abs(reversed_rounds(20)) > 500
    assert abs(play(Scaffold(0.05, steps=5), Setting(), 20).x[-1, 0] - 1.8) < 1e-4


def test_all_devices_alike_make_it_fedavg() -> None:
    setting = Setting((2.0, 2.0), (1.0, 1.0), (0.3, 0.7), (4, 4))
    for leak in (0.0, 0.5, 1.0):
        one, other = play(Scaffold(0.1, steps=4, leak=leak), setting, 4).x, play(Fedavg(0.1, steps=4), setting, 4).x
        np.testing.assert_allclose(one, other, atol=1e-6)


def system(a: float, rate: float, tau: int, leak: float) -> tuple[np.ndarray, np.ndarray]:
    """(x, c, c_k) after a round of devices all alike, and what noise of x - y adds to it."""
    q, span = (1 - rate * a) ** tau, tau * rate
    way = np.array([1 - q, (1 - q) / a, -(1 - q) / a])  # x - y
    own = np.array([0, -1, 1]) + way / span
    received = way + leak * span * np.array([0, -1, 1])
    return np.stack([[1, 0, 0] - received, received / span, own]), np.array([-1, 1 / span, 0])


def variances(matrix: np.ndarray, noise: np.ndarray, rounds: int) -> list[float]:
    covariance, found = np.zeros([3, 3]), [0.0]
    for _ in range(rounds):
        covariance = matrix @ covariance @ matrix.T + np.outer(noise, noise)
        found.append(covariance[0, 0])
    return found


SIZE = 3000  # independent paths at once; a variance is known to sqrt(2 / SIZE)


def walked(leak: float, a: float, rate: float, tau: int, rounds: int, deviation: float = 1.0) -> np.ndarray:
    """Variances of x after each round; two devices send x - y over its steps, so noise is in those units."""
    setting = Setting((a, a), np.zeros([2, SIZE]), (0.5, 0.5), (tau, tau), None, deviation / tau)
    return np.mean(play(Scaffold(rate, steps=tau, leak=leak), setting, rounds).x ** 2, axis=1)


@pytest.mark.parametrize(("a", "rate", "tau", "deviation"), [(1.0, 0.1, 5, 1.0), (2.5, 0.06, 3, 0.3)])
def test_increments_walk_in_the_receivers_noise(a: float, rate: float, tau: int, deviation: float) -> None:
    expected = np.array(variances(*system(a, rate, tau, 0.0), 400)) * deviation**2
    assert expected[400] - expected[399] == pytest.approx(deviation**2 / (a * tau * rate) ** 2, rel=1e-6)
    found = walked(0.0, a, rate, tau, 24, deviation)
    np.testing.assert_allclose(found[4::5], expected[4:25:5], rtol=4.5 * (2 / SIZE) ** 0.5)


@pytest.mark.parametrize(("a", "rate", "tau"), [(1.0, 0.1, 5), (2.0, 0.05, 4)])
def test_levels_rest_below_fedavg(a: float, rate: float, tau: int) -> None:
    q = (1 - rate * a) ** tau
    forgets = 1 - (1 - q) / (rate * a * tau)
    rest = (1 + forgets**2 - 2 * q * forgets) / (1 - q**2)
    matrix, noise = system(a, rate, tau, 1.0)
    solved = scipy.linalg.solve_discrete_lyapunov(matrix, np.outer(noise, noise))[0, 0]
    assert solved == pytest.approx(rest, rel=1e-9) and rest < 1 / (1 - q**2)
    if (a, rate, tau) == (1.0, 0.1, 5):
        assert rest == pytest.approx(1.257474, abs=1e-6) and 1 / (1 - q**2) == pytest.approx(1.535340, abs=1e-6)
    found = walked(1.0, a, rate, tau, 20)
    np.testing.assert_allclose(found[-1], variances(matrix, noise, 20)[-1], rtol=4.5 * (2 / SIZE) ** 0.5)
    assert variances(matrix, noise, 20)[-1] == pytest.approx(rest, rel=0.02)


def test_a_small_leak_holds_the_walk_too() -> None:
    """Of an error that loses a share b a round, 1 / (1 - (1 - b)^2) rests."""
    matrix, noise = system(1.0, 0.1, 5, 0.3)
    assert max(abs(np.linalg.eigvals(matrix))) < 1
    found = walked(0.3, 1.0, 0.1, 5, 20)
    np.testing.assert_allclose(found[10::5], variances(matrix, noise, 20)[10::5], rtol=4.5 * (2 / SIZE) ** 0.5)


def test_over_a_noisy_sum_levels_are_the_default() -> None:
    from overair.ota import Analog, Digital, Ideal

    assert [Scaffold().over(uplink).leak for uplink in (Ideal(), Digital(), Analog())] == [0.0, 0.0, 1.0]
    assert Scaffold(leak=0.2).over(Analog()).leak == 0.2
