"""Privacy by noise: published values, other parameters by integrals and searches, and what energies on the air give."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from overair.ota import privacy, privacy_plans


@pytest.mark.parametrize(
    ("mu", "delta", "epsilon"),
    [(0.5, 1e-5, 1.993091), (1, 1e-5, 4.377178), (2, 1e-5, 9.997256), (0.5, 1e-2, 0.919458)],
)
def test_epsilon_of_mu(mu: float, delta: float, epsilon: float) -> None:
    assert privacy.epsilon_of(mu, delta) == pytest.approx(epsilon, abs=1e-6)
    assert privacy.mu_of(epsilon, delta) == pytest.approx(mu, rel=1e-5)


@pytest.mark.parametrize("mu", [0.03, 0.7, 3.1])
@pytest.mark.parametrize("epsilon", [0.0, 0.4, 5.0])
def test_delta_is_what_two_normal_laws_differ_by(mu: float, epsilon: float) -> None:
    def excess(x: float) -> float:
        return max(0.0, stats.norm.pdf(x, mu) - math.exp(epsilon) * stats.norm.pdf(x))

    edge = epsilon / mu + mu / 2  # where the densities are exp(epsilon) apart
    value = integrate.quad(excess, edge, edge + 15, epsabs=1e-14)[0]
    assert privacy.delta_of(mu, epsilon) == pytest.approx(value, rel=1e-6, abs=1e-13)


def test_rounds_add_up_squares() -> None:
    mus = np.array([0.1, 0.4, 0.0, 1.1])
    together = privacy.composed(mus)
    assert together == pytest.approx(math.sqrt((mus**2).sum()))
    rng = np.random.default_rng(0)
    loss = (mus * rng.normal(mus, size=[200_000, 4]) - mus**2 / 2).sum(axis=1)  # log likelihood ratio under the change
    epsilon, draws = 1.0, len(loss)
    kept = np.maximum(0, 1 - np.exp(epsilon - loss))
    assert kept.mean() == pytest.approx(privacy.delta_of(together, epsilon), abs=4 * float(kept.std()) / draws**0.5)


@pytest.mark.parametrize(
    ("elements", "samples", "snr_db"), [(3925, None, -54.515), (55, None, -35.980), (3925, 1000, -0.5356)]
)
def test_free_privacy_begins_where_energies_say(elements: int, samples: int | None, snr_db: float) -> None:
    found = privacy.free_below_db(8, 1e-5, elements, 100, samples)
    assert found == pytest.approx(snr_db, abs=1e-3)
    z = privacy.multiplier(10 ** (found / 10), elements, samples)
    assert privacy.epsilon_of(math.sqrt(100) / z, 1e-5) == pytest.approx(8, rel=1e-9)
    if samples:  # z = (n/2) sqrt(N0 / (2 M P))
        assert z == pytest.approx(samples / 2 / math.sqrt(2 * elements * 10 ** (found / 10)))


def test_at_working_snrs_devices_have_no_privacy() -> None:
    mu = math.sqrt(2 * 3925 * 100 * 0.1)
    assert privacy.epsilon_of(mu, 1e-5) == pytest.approx(4e4, rel=0.05)
    assert privacy.advantage(mu) == 1.0 and privacy.advantage(0.0) == 0.0
    assert privacy.advantage(1.3) == pytest.approx(stats.norm.cdf(0.65) - stats.norm.cdf(-0.65))


@pytest.mark.parametrize(("z", "epsilon"), [(10, 6.572970)])
def test_two_hundred_rounds(z: float, epsilon: float) -> None:
    assert privacy.epsilon_of(math.sqrt(200) / z, 1e-5) == pytest.approx(epsilon, abs=1e-6)


@pytest.mark.parametrize(
    ("elements", "z", "snr", "devices"), [(325, 1.0, 1.0, 20), (40, 0.7, 3.0, 6), (7, 2.0, 0.5, 3)]
)
def test_artificial_noise_has_the_least_share_that_is_enough(elements: int, z: float, snr: float, devices: int) -> None:
    share = privacy.least_artificial_share(z, snr, elements, devices)

    def squared(s: float) -> float:
        return (1 / snr + devices * s) / (2 * elements * (1 - s))

    assert squared(share) == pytest.approx(z**2)
    assert optimize.brentq(lambda s: squared(s) - z**2, 0, 1 - 1e-9) == pytest.approx(share)
    if elements == 325:
        assert share == pytest.approx(0.968657, abs=1e-6)
    assert privacy.least_artificial_share(1.0, 1e-6, elements, devices) == 0.0


@pytest.mark.parametrize(
    ("epsilon", "delta", "c", "budget", "lost_db"),
    [(20, 0.01, 1.848849, 8.942438, 0.60), (2, 0.01, None, 0.229310, 2.43)],
)
def test_the_tail_bound_of_the_plan(
    epsilon: float, delta: float, c: float | None, budget: float, lost_db: float
) -> None:
    assert c is None or privacy_plans.tail_constant(delta) == pytest.approx(c, abs=1e-6)
    found = privacy_plans.tail_budget(epsilon, delta)
    assert found == pytest.approx(budget, abs=1e-6)
    exact = privacy.mu_of(epsilon, delta) ** 2 / 2  # mu^2 = 2 R
    assert 10 * math.log10(exact / found) == pytest.approx(lost_db, abs=0.005)


def test_the_adaptive_plan() -> None:
    least = np.full(10, 20.0)
    plan = privacy_plans.adaptive(0.5, 1.0, 0.9, least)
    assert plan[0] == pytest.approx(51.283124, abs=1e-6) and plan[-1] == pytest.approx(31.920212, abs=1e-6)
    assert privacy_plans.cost(plan, 0.9) == pytest.approx(730.544, abs=1e-3)
    assert privacy_plans.cost(privacy_plans.static(0.5, 1.0, least), 0.9) == pytest.approx(747.189, abs=1e-3)


def test_no_other_plan_of_the_same_budget_costs_less() -> None:
    rng = np.random.default_rng(0)
    least, clip, rate, budget = rng.uniform(1, 30, 6), 1.4, 0.8, 1.1
    plan = privacy_plans.adaptive(budget, clip, rate, least)
    assert np.sum(2 * clip**2 / plan) == pytest.approx(budget)
    found = optimize.minimize(
        lambda x: privacy_plans.cost(x, rate),
        privacy_plans.static(budget, clip, least) + 1,
        method="SLSQP",
        bounds=[(each, None) for each in least],
        constraints={"type": "ineq", "fun": lambda x: budget - np.sum(2 * clip**2 / x)},
        options={"maxiter": 500, "ftol": 1e-12},
    )
    assert privacy_plans.cost(plan, rate) <= found.fun * (1 + 1e-6)
    np.testing.assert_array_equal(privacy_plans.adaptive(1e9, clip, rate, least), least)  # free


def test_a_static_rival_has_the_same_share_in_every_round() -> None:
    """Not the budget over the number of the round, by which the first user of a public benchmark has a tenth."""
    plan = privacy_plans.static(0.5, 1.0, np.full(10, 1.0))
    assert np.ptp(plan) == 0 and np.sum(2 / plan) == pytest.approx(0.5)


@pytest.mark.parametrize("delta", [0.0, 1.0, -1.0])
def test_what_is_no_probability_is_refused(delta: float) -> None:
    with pytest.raises(ValueError, match="privacy.delta: expected a probability above 0 and below 1"):
        privacy.epsilon_of(1.0, delta)


def test_unequal_rounds() -> None:
    mu = privacy.composed([1 / 5, 1 / 10, 1 / 20])
    assert privacy.epsilon_of(mu, 1e-5) == pytest.approx(0.841924, abs=1e-6)


@pytest.mark.parametrize("z", [[5.0, 10.0, 20.0], [8.0] * 60])
def test_another_accountant_agrees(z: list[float]) -> None:
    accounting = pytest.importorskip("dp_accounting")
    accountant = accounting.pld.PLDAccountant()
    for multiplier in z:
        accountant.compose(accounting.GaussianDpEvent(multiplier))
    found = privacy.epsilon_of(privacy.composed([1 / each for each in z]), 1e-5)
    assert found == pytest.approx(accountant.get_epsilon(1e-5), rel=0.01)
