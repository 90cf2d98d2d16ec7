"""What schedules gain and cost, before anything is trained: closed forms against simulations and other derivations."""

import itertools
import math

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special
import scipy.stats
import tensorflow as tf

from overair.learning.federated.planning import ages, diversity, energy, inclusion, staleness, stragglers
from overair.learning.federated.planning.fedcs import fedcs
from overair.ota.allocation import by_norms, whole

DRAWS = 200_000


def harmonic(number: int) -> float:
    return sum(1 / each for each in range(1, number + 1))


def is_mean(draws: np.ndarray, expected: float) -> bool:
    """Whether a mean is as expected, to 4.5 standard errors."""
    return bool(abs(draws.mean() - expected) < 4.5 * draws.std() / len(draws) ** 0.5)


# --- Waiting


@pytest.mark.parametrize(("done", "expected"), [(20, 1.219548), (16, 0.802881)])
def test_the_fastest_of_twenty_are_done_when_harmonic_numbers_say(done: int, expected: float) -> None:
    assert math.isclose(stragglers.fastest(done, 20, 0.5, 0.2), expected, abs_tol=5e-7)


@pytest.mark.parametrize(("done", "devices", "shift", "mean"), [(1, 1, 0.0, 1.0), (3, 7, 0.2, 1.3), (7, 7, 1.0, 0.1)])
def test_order_statistics_are_those_of_sorted_draws(done: int, devices: int, shift: float, mean: float) -> None:
    found = stragglers.fastest(done, devices, shift, mean)
    drawn = shift + np.random.default_rng(1).exponential(mean, [DRAWS, devices])
    assert is_mean(np.sort(drawn, axis=1)[:, done - 1], found)
    assert math.isclose(found, shift + mean * (harmonic(devices) - harmonic(devices - done)), rel_tol=1e-12)
    assert math.isclose(stragglers.fastest_of(scipy.stats.expon(shift, mean), done, devices), found, rel_tol=1e-6)


def test_the_last_of_ten_lognormal_times() -> None:
    law = scipy.stats.lognorm(0.5)
    found = stragglers.fastest_of(law, 10, 10)
    assert math.isclose(found, 2.257487, abs_tol=5e-6)
    assert is_mean(np.random.default_rng(2).lognormal(0, 0.5, [DRAWS, 10]).max(axis=1), found)
    tail = scipy.integrate.quad(lambda t: 1 - law.cdf(t) ** 10, 0, np.inf)[0]
    assert math.isclose(found, tail, rel_tol=1e-6)


def test_the_best_deadline_is_the_best_of_all() -> None:
    deadline = stragglers.best_deadline(0.5, 0.2, 0.1)
    assert np.allclose(deadline, (0.849806, 0.826058), atol=5e-7)
    for shift, mean, other in ((0.5, 0.2, 0.1), (0.0, 2.0, 0.01), (3.0, 0.05, 0.4)):
        found = stragglers.best_deadline(shift, mean, other)
        q = 1 + (shift + other) / mean
        y = -scipy.special.lambertw(-math.exp(-q), -1).real - q
        assert math.isclose(found.seconds, shift + mean * y, rel_tol=1e-9)
        assert math.isclose(found.share, 1 - math.exp(-y), rel_tol=1e-9)
        tried = shift + np.linspace(1e-3, 40 * mean, 400_001)
        a_second = -np.expm1(-(tried - shift) / mean) / (tried + other)
        assert a_second.max() <= found.share / (found.seconds + other) * (1 + 1e-12)
        assert abs(tried[a_second.argmax()] - found.seconds) < 1e-3 * mean + 1e-4
    assert math.isclose(stragglers.best_deadline(1e4, 1.0, 0.0).share, 1.0, abs_tol=1e-3)  # exp(-q) is 0 there


def test_waiting_for_nobody_or_without_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="^done: expected 1 to 4, .* received 5$"):
        stragglers.fastest(5, 4, 0.1, 0.1)
    with pytest.raises(ValueError, match="^best_deadline: expected a mean above 0 .* mean 0, other 1; "):
        stragglers.best_deadline(1.0, 0.0, 1.0)


# --- FedCS


def greedy(ready: list[float], upload: list[float], deadline: float) -> tuple[list[int], float]:
    """The paper's loop: whoever lengthens the round least is looked at, and kept where it ends in time."""
    left, end = set(range(len(ready))), 0.0
    taken: list[int] = []
    while left:
        best = min(sorted(left), key=lambda k: upload[k] + max(0.0, ready[k] - end))
        left.remove(best)
        lasts = end + upload[best] + max(0.0, ready[best] - end)
        if lasts < deadline:
            taken, end = [*taken, best], lasts
    return taken, end


def in_turn(turn: tf.Tensor) -> list[int]:
    order = np.argsort(turn.numpy(), kind="stable")
    return [int(device) for device in order if turn[device] >= 0]


def test_fedcs_takes_who_lengthens_the_round_least() -> None:
    queue = fedcs([2, 5, 1, 8, 3], [4, 1, 3, 2, 2], 12.0)
    assert in_turn(queue.turn) == [2, 1, 4, 3] and queue.end == 10
    assert queue.chosen.numpy().tolist() == [False, True, True, True, True]


def test_fedcs_is_the_loop_of_its_paper_in_a_graph_too() -> None:
    graph, rng = tf.function(fedcs, autograph=False), np.random.default_rng(3)
    for _ in range(60):
        ready, upload = rng.integers(0, 12, 9).astype(float), rng.integers(1, 9, 9).astype(float)
        queue = graph(tf.constant(ready), tf.constant(upload), tf.constant(20.0))
        taken, end = greedy(ready.tolist(), upload.tolist(), 20.0)
        assert in_turn(queue.turn) == taken and queue.end == end


def test_fedcs_is_not_the_best_choice() -> None:
    ready, upload, deadline = [9, 4, 9, 7, 3], [6, 3, 1, 4, 6], 13
    queue = fedcs(ready, upload, deadline)

    def ends(order: tuple[int, ...]) -> float:
        end = 0.0
        for device in order:
            end = max(end, ready[device]) + upload[device]
        return end

    most = max(len(order) for r in range(6) for order in itertools.permutations(range(5), r) if ends(order) < deadline)
    assert len(in_turn(queue.turn)) == 2 < most == 3 and ends((1, 3, 2)) == 12


@pytest.mark.parametrize("ready", [[5.0, 6.0], [math.inf, math.nan]])
def test_nobody_is_taken_where_nobody_can(ready: list[float]) -> None:
    queue = fedcs(ready, [1.0, 1.0], 6.0)  # to end with the deadline is too late
    assert queue.turn.numpy().tolist() == [-1, -1] and queue.end == 0


# --- Energy


def test_least_energy_under_a_deadline() -> None:
    spent = energy.least_energy(6e8, 2e5, 0.01, deadline=1.0, bandwidth=1e6)
    assert np.allclose(spent.airtime, 0.078334, atol=5e-7) and np.allclose(spent.frequency, 650.995e6, rtol=1e-6)
    assert np.allclose((spent.computing, spent.radio), (25.4277e-3, 3.81428e-3), rtol=3e-6)


def test_no_other_airtime_takes_less_energy() -> None:
    cycles, bits, noise = np.array([1e8, 3e9, 6e8]), np.array([1e6, 1e4, 3e5]), np.array([0.02, 1e-4, 3.0])
    spent = energy.least_energy(cycles, bits, noise, deadline=2.5, bandwidth=4e5, kappa=3e-28)
    for at in range(3):

        def joules(t: float, at: int = at) -> float:
            radio = t * noise[at] * (2 ** min(bits[at] / (4e5 * t), 1000) - 1)
            return 3e-28 * cycles[at] ** 3 / (2.5 - t) ** 2 + radio

        best = scipy.optimize.minimize_scalar(
            joules, bounds=(1e-3, 2.5 - 1e-3), method="bounded", options={"xatol": 1e-9}
        )
        assert math.isclose(spent.joules[at], best.fun, rel_tol=1e-7)
        assert math.isclose(spent.joules[at], joules(float(spent.airtime[at])), rel_tol=1e-12)
    assert np.allclose(spent.airtime + cycles / spent.frequency, 2.5)


def test_a_clock_has_an_upper_end() -> None:
    spent = energy.least_energy(6e8, 2e5, 10.0, deadline=1.0, bandwidth=1e6, fastest=7e8)
    assert np.allclose(spent.frequency, 7e8) and np.allclose(spent.airtime, 1 / 7)
    with pytest.raises(ValueError, match=r"^deadline: expected more than 0.8571 s, .* received 0.8; take a later one$"):
        energy.least_energy(6e8, 2e5, 0.01, deadline=0.8, bandwidth=1e6, fastest=7e8)


# --- The best channels


@pytest.mark.parametrize(
    ("best", "devices", "blocks", "expected"),
    [(1, 10, 1, 2.928968), (1, 10, 4, 1.890824), (1, 10, 16, 1.42), (10, 10, 3, 1.0)],
)
def test_the_best_of_ten_gains_little_on_a_wide_band(best: int, devices: int, blocks: int, expected: float) -> None:
    assert math.isclose(diversity.mean_gain(best, devices, blocks), expected, abs_tol=5e-3 if blocks == 16 else 5e-7)


@pytest.mark.parametrize(("best", "devices", "blocks"), [(3, 8, 1), (2, 5, 6), (40, 200, 1)])
def test_gains_of_the_best_are_those_of_sorted_channels(best: int, devices: int, blocks: int) -> None:
    found, inverse = diversity.mean_gain(best, devices, blocks), diversity.mean_inverse(best, devices, blocks)
    drawn = np.random.default_rng(4).gamma(blocks, 1 / blocks, [20_000, devices])
    sent = np.sort(drawn, axis=1)[:, -best:]
    assert is_mean(sent.mean(axis=1), found) and is_mean((1 / sent).mean(axis=1), inverse)
    if blocks == 1:
        assert math.isclose(found, 1 + harmonic(devices) - harmonic(best), rel_tol=1e-8)


@pytest.mark.parametrize("devices", [2, 3, 7])
def test_inverting_the_best_channel_costs_what_an_alternating_sum_says(devices: int) -> None:
    terms = [math.comb(devices - 1, j) * (-1) ** j * math.log(j + 1) for j in range(devices)]
    assert math.isclose(diversity.mean_inverse(1, devices), -devices * sum(terms), rel_tol=1e-7)
    if devices == 2:
        assert math.isclose(-devices * sum(terms), 1.386294, abs_tol=5e-7)


def test_inverting_all_channels_costs_too_much_on_a_narrow_band_alone() -> None:
    assert diversity.mean_inverse(4, 4) == math.inf
    assert math.isclose(diversity.mean_inverse(4, 4, 3), 3 / 2, rel_tol=1e-6)  # of a Gamma variable of shape 3, mean 1


def test_how_many_are_decoded() -> None:
    assert np.allclose(diversity.decoded(5, 20, 1.0), (1.839397, 4.870327), atol=5e-7)
    gains = np.random.default_rng(5).gamma(2, 1 / 2, [DRAWS // 4, 12])
    at_random, at_best = diversity.decoded(3, 12, 1.4, 2)
    assert is_mean((gains[:, :3] > 1.4).sum(axis=1), at_random)
    assert is_mean((np.sort(gains, axis=1)[:, -3:] > 1.4).sum(axis=1), at_best)


def test_coherence_blocks_of_a_band() -> None:
    assert diversity.coherence_blocks(np.ones([6, 6])) == 1 and diversity.coherence_blocks(np.eye(6)) == 6
    rng = np.random.default_rng(6)
    power = np.array([0.5, 0.3, 0.2])
    steer = np.exp(-2j * np.pi * np.outer(np.arange(32), [0.0, 0.04, 0.11]))  # [F, L]
    taps = (rng.normal(size=[DRAWS, 3, 2]) @ [1, 1j]) * np.sqrt(power / 2)
    gains = np.mean(np.abs(taps @ steer.T) ** 2, axis=1)
    squares = (gains - 1) ** 2
    assert is_mean(squares, 1 / diversity.coherence_blocks((steer * power) @ steer.conj().T))


# --- Ages


def simulated_age(rule: str, devices: int, heard: float, rounds: int = 40_000) -> np.ndarray:
    """Mean age over devices after each round, in a hundred runs side by side."""
    rng, runs = np.random.default_rng(7), 100
    age, found = np.zeros([runs, devices]), []
    for round in range(rounds // runs + 300):
        asked = {
            "at_random": rng.integers(0, devices, runs),
            "in_turn": np.full(runs, round % devices),
            "oldest_first": np.argmax(age, axis=1),
        }[rule]
        age += 1
        lucky = rng.random(runs) < heard
        age[lucky, asked[lucky]] = 0
        if round >= 300:
            found.append(age.mean(axis=1))
    return np.mean(found, axis=0)  # [runs], independent


@pytest.mark.parametrize(("rule", "expected"), [("at_random", 19.0), ("in_turn", 14.5), ("oldest_first", 10.0)])
def test_ages_of_one_device_a_round(rule: str, expected: float) -> None:
    assert getattr(ages, rule)(10, 0.5) == expected
    for devices, heard in ((10, 0.5), (4, 0.9)):
        assert is_mean(simulated_age(rule, devices, heard), getattr(ages, rule)(devices, heard))
    with pytest.raises(ValueError, match="^chance: expected a number above 0 and at most 1, received 0"):
        getattr(ages, rule)(10, 0.0)


# --- Shares and chances


def test_shares_by_norms() -> None:
    share = by_norms([3.0, 1.0, 2.0], [2.0, 1.0, 0.5])
    assert np.allclose(70 * share, [16.1538, 10.7692, 43.0769], atol=5e-5)
    assert whole(share, 70).numpy().tolist() == [16, 11, 43]
    norms, bits = np.random.default_rng(8).random((2, 6)) + 0.1
    carried = by_norms(norms, bits).numpy() * bits
    assert np.allclose(carried / norms, carried[0] / norms[0])
    assert by_norms([1.0, 2.0, 0.0], [0.0, 1.0, 1.0]).numpy().tolist() == [0, 1, 0]
    assert by_norms([0.0, 0.0, 0.0], [1.0, 1.0, 0.0]).numpy().tolist() == [0.5, 0.5, 0]


WEIGHTS, UPDATES = np.array([0.1, 0.2, 0.3, 0.4]), np.array([[3, 0], [0, 2], [1, 1], [-1, 0.5]])
PARTS = WEIGHTS[:, None] * UPDATES
NORMS, TOTAL = np.linalg.norm(PARTS, axis=1), float(np.linalg.norm(PARTS.sum(axis=0)))


def test_variances_of_unbiased_estimates() -> None:
    assert np.isclose(inclusion.of_coins(NORMS, [0.5] * 4), 0.63)
    assert np.isclose(inclusion.of_a_part(NORMS, TOTAL, 2), 0.556667, atol=5e-7)
    assert np.isclose(inclusion.of_draws(NORMS, TOTAL, 2), 0.809771, atol=5e-7)
    chance = inclusion.optimal(NORMS, 2)
    assert np.allclose(chance, [0.381806, 0.509075, 0.539956, 0.569163], atol=5e-7)
    assert np.isclose(inclusion.of_coins(NORMS, chance), 0.604771, atol=5e-7)


def expected_error(parts: np.ndarray, cases: list[tuple[float, np.ndarray]]) -> tuple[np.ndarray, float]:
    """Mean and mean squared error of estimates, from all cases with their chances and factors of the parts."""
    mean = sum(chance * (factors @ parts) for chance, factors in cases)
    error = sum(chance * np.sum((factors @ parts - parts.sum(axis=0)) ** 2) for chance, factors in cases)
    return np.asarray(mean), float(error)


def test_variances_are_those_of_all_cases_together() -> None:
    parts = np.random.default_rng(9).normal(size=[5, 3])
    norms, total, number = np.linalg.norm(parts, axis=1), np.linalg.norm(parts.sum(axis=0)), 3
    chance = inclusion.optimal(norms, number).numpy()
    coins = [
        (float(np.prod(np.where(sent, chance, 1 - chance))), np.array(sent) / chance)
        for sent in itertools.product([0, 1], repeat=5)
    ]
    groups = list(itertools.combinations(range(5), number))
    part = [(1 / len(groups), 5 / number * np.bincount(group, minlength=5)) for group in groups]
    p = norms / norms.sum()
    draws = [
        (float(np.prod(p[list(drawn)])), np.bincount(drawn, minlength=5) / (number * p))
        for drawn in itertools.product(range(5), repeat=number)
    ]
    for cases, found in (
        (coins, inclusion.of_coins(norms, chance)),
        (part, inclusion.of_a_part(norms, total, number)),
        (draws, inclusion.of_draws(norms, total, number)),
    ):
        mean, error = expected_error(parts, cases)
        assert np.allclose(mean, parts.sum(axis=0)) and np.isclose(error, found)


@pytest.mark.parametrize("number", [1, 2.5, 4])
def test_no_other_chances_have_less_variance(number: float) -> None:
    norms = np.array([8.0, 0.5, 1.0, 3.0, 0.2, 0.9])
    graph = tf.function(inclusion.optimal, autograph=False)
    chance = graph(tf.constant(norms), tf.constant(number, tf.float64)).numpy()
    assert np.isclose(chance.sum(), number) and chance.max() <= 1
    best = scipy.optimize.minimize(
        lambda pi: np.sum(norms**2 / pi), np.full(6, number / 6), bounds=[(1e-3, 1)] * 6, method="SLSQP",
        constraints={"type": "eq", "fun": lambda pi: pi.sum() - number}, options={"maxiter": 1000, "ftol": 1e-12},
    )  # fmt: skip
    assert np.isclose(np.sum(norms**2 / chance), best.fun, rtol=1e-5)
    assert np.sum(norms**2 / chance) <= best.fun * (1 + 1e-9)


def test_chances_where_fewer_count_than_may_be_sent() -> None:
    assert inclusion.optimal([2.0, 0.0, 1.0], 2).numpy().tolist() == [1, 0, 1]
    assert inclusion.optimal([2.0, 0.0, 1.0], 3).numpy().tolist() == [1, 0, 1]
    assert inclusion.optimal([0.0, 0.0], 1).numpy().tolist() == [0, 0]
    assert inclusion.optimal([1.0, 3.0], 2).numpy().tolist() == [1, 1]
    assert inclusion.of_coins([0.0, 1.0], [0.0, 1.0]) == 0 and inclusion.of_coins([1.0], [0.0]) == math.inf


# --- Staleness


def test_fresh_updates_count_whole_and_late_ones_less() -> None:
    tau = np.arange(8)
    assert np.allclose(staleness.polynomial(tau, 0.7), (1.0 + tau) ** -0.7)
    assert np.allclose(staleness.hinge(tau, 3.0, 2.0), [1, 1, 1, 1 / 4, 1 / 7, 1 / 10, 1 / 13, 1 / 16])
    assert staleness.polynomial(0) == staleness.hinge(0) == 1


@pytest.mark.parametrize(("age", "expected"), [(0, 2.0), (1, 1.0), (2, 0.618034), (5, None)])
def test_steps_beyond_the_stable_one_run_off(age: int, expected: float | None) -> None:
    step = staleness.stable_step(age)
    assert expected is None or math.isclose(step, expected, abs_tol=5e-7)

    def radius(step: float) -> float:  # of x_{t+1} - x_t + step x_{t-age}
        return float(np.abs(np.roots([1, -1, *[0] * (age - 1), step] if age else [1, step - 1])).max())

    assert radius(0.999 * step) < 1 < radius(1.001 * step)
