"""Shares that lower an error most: published vectors, other optimisers at other parameters, and every subset."""

from itertools import product

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from overair.ota.allocation import least, steepest, water_filling, whole, worth

# The least squared error of 2^b levels on N(0, 1). Max, "Quantizing for minimum distortion", IRE Trans. 1960
GAUSSIAN = np.array([1.0, 0.36338, 0.11748, 0.034548, 0.0095010, 0.0025046, 0.00063579])


def error(a: np.ndarray, c: np.ndarray, shares: np.ndarray) -> float:
    return float(np.sum(a * 4.0 ** (-c * shares)))


def by_slsqp(a: np.ndarray, c: np.ndarray, total: float) -> np.ndarray:
    """The shares of least error, by sequential quadratic programming on shares of the total."""
    scale, budget = a.sum(), {"type": "eq", "fun": lambda x: x.sum() - 1.0}
    found = scipy.optimize.minimize(
        lambda x: error(a, c, total * x) / scale, np.full(len(a), 1 / len(a)),
        jac=lambda x: -np.log(4.0) * c * total * a * 4.0 ** (-c * total * x) / scale,
        bounds=[(0, 1)] * len(a), constraints=[budget], method="SLSQP", options={"ftol": 1e-14, "maxiter": 1000},
    )  # fmt: skip
    return total * found.x


@pytest.mark.parametrize(
    ("sizes", "variances", "bits", "level", "each", "distortion", "of_equal"),
    [
        ((100, 200, 50), (4, 1, 0.25), 300, 0.39685026, (5 / 3, 2 / 3, 0), 131.55508, 186.66147),
        ((10, 10, 10), (1, 0.01, 0.0001), 15, 0.125, (1.5, 0, 0), 1.351, 5.0505),
    ],
)
def test_published_layers(
    sizes: tuple, variances: tuple, bits: float, level: float, each: tuple, distortion: float, of_equal: float
) -> None:
    n, s = np.array(sizes, float), np.array(variances, float)
    found = water_filling(n * s, 1 / n, bits)
    assert float(found.level) == pytest.approx(level, abs=5e-9)
    np.testing.assert_allclose(found.each / n, each, atol=1e-9)
    assert error(n * s, 1 / n, found.each.numpy()) == pytest.approx(distortion, abs=5e-5 if distortion < 99 else 5e-6)
    assert error(n * s, 1 / n, bits * n / n.sum()) == pytest.approx(of_equal, abs=5e-6)


def test_published_links() -> None:
    a, c = np.ones(4), np.array([4, 2, 1, 0.5]) / 1000
    found = water_filling(a, c, 2000).each.numpy()
    np.testing.assert_allclose(found, (416.667, 583.333, 666.667, 333.333), atol=5e-4)
    assert error(a, c, found) == pytest.approx(1.488188, abs=5e-7)
    assert error(a, c, np.full(4, 500.0)) == pytest.approx(1.519607, abs=5e-7)
    assert error(a, c, 2000 / c / np.sum(1 / c)) == pytest.approx(1.909683, abs=5e-7)  # equal bits
    lowest = np.full(4, 500.0) * c.min() / c  # all at the worst link's rate
    assert error(a, c, lowest) == pytest.approx(4 * 4**-0.25)


@pytest.mark.parametrize("seed", range(8))
def test_no_shares_err_less_than_those_of_water_filling(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = int(random.integers(2, 9))
    a, c = 10 ** random.normal(0, 1, size), 10 ** random.normal(-2, 0.5, size)
    total = np.float64(10 ** random.uniform(1, 3))
    found = water_filling(a, c, total)
    shares, other = found.each.numpy(), by_slsqp(a, c, total)
    assert shares.sum() == pytest.approx(total, rel=1e-9) and np.all(shares >= 0)
    assert error(a, c, shares) <= error(a, c, other) * (1 + 1e-9)
    assert error(a, c, other) <= error(a, c, shares) * (1 + 1e-4)  # and that one came near
    slopes = a * c * 4.0 ** (-c * shares)  # equal for all that have something, lower for the others
    np.testing.assert_allclose(slopes[shares > 0], found.level, rtol=1e-9)
    assert np.all(slopes[shares == 0] <= float(found.level) * (1 + 1e-9))


@pytest.mark.parametrize("seed", range(6))
def test_who_pays_first_takes_part_where_that_is_worth_while(seed: int) -> None:
    """At totals that some price brings, no subset of those that take part errs less."""
    random = np.random.default_rng(seed)
    size = 6
    a, c = 10 ** random.normal(0, 0.7, size), 10 ** random.normal(-2, 0.4, size)
    fixed = random.uniform(10, 60, size)
    level = float(np.quantile(a * c, 0.7) / 10 ** random.uniform(0.2, 1.0))
    saved = a - level / c - np.log(4) * level * (np.maximum(np.log(a * c / level), 0) / (np.log(4) * c) + fixed)
    joins = (saved > 0) & (a * c > level)  # what a part saves, less the price of its share
    assert 0 < joins.sum()
    expected = np.where(joins, np.log(np.where(joins, a * c / level, 1)) / (np.log(4) * c), 0)
    total = np.float64(expected.sum() + fixed[joins].sum())
    found = water_filling(a, c, total, fixed).each.numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * total)
    for chosen in product([False, True], repeat=size):
        some = np.array(chosen)
        left = total - fixed[some].sum()
        if left > 0 and some.any():
            others = by_slsqp(a[some], c[some], left)
            assert error(a, c, found) <= (error(a[some], c[some], others) + a[~some].sum()) * (1 + 1e-6)


@pytest.mark.parametrize("cost", [0.0, 1e-9, 0.3, 5.0, 1e6])
def test_a_fixed_cost_is_worth_while_above_a_root(cost: float) -> None:
    r = float(np.exp(worth(tf.constant(cost, tf.float64))))
    other = scipy.optimize.brentq(lambda x: np.expm1(x) - x - cost, 0.0, 50.0, xtol=1e-13)
    assert np.log(r) == pytest.approx(other, rel=1e-6, abs=1e-7)


def test_a_total_that_pays_for_nobody_goes_to_one_and_none_goes_to_nobody() -> None:
    a, c = np.array([3.0, 1.0, 0.0]), np.array([0.1, 0.1, 0.1])
    np.testing.assert_allclose(water_filling(a, c, 12.0, 10.0).each, [2, 0, 0])
    np.testing.assert_array_equal(water_filling(a, c, 8.0, 10.0).each, 0)
    np.testing.assert_array_equal(water_filling(0 * a, c, 8.0).each, 0)
    np.testing.assert_array_equal(water_filling(a, c, 0.0).each, 0)
    np.testing.assert_allclose(water_filling(a[:1], c[:1], 7.0).each, [7])


@pytest.mark.parametrize(("shares", "total"), [((1, 1, 1), 10), ((0.2, 0, 5.5, 3.3), 7), ((1e-9, 1), 3), ((0, 0), 9)])
def test_whole_shares_add_up_and_stay_within_one(shares: tuple, total: int) -> None:
    found, given = whole(tf.constant(shares, tf.float64), total).numpy(), np.array(shares, float)
    assert found.sum() == (total if given.any() else 0) and not np.any(found[given == 0])
    exact = given / max(given.sum(), 1e-300) * total
    assert np.all(np.abs(found - exact) < 1)


def test_published_whole_bits() -> None:
    """(60, 60, 60, 60) entries of variances (8, 4, 2, 1), 480 bits, 0 to 4 bits each."""
    n, s, bits = np.full(4, 60), np.array([8.0, 4, 2, 1]), np.arange(5)
    unit, costs = n[:, None] * GAUSSIAN[:5], n[:, None] * bits
    exact = least(s[:, None] * unit, tf.constant(costs, tf.int32), tf.constant(480), 480)
    by_hull = steepest(tf.constant(s), unit, costs, tf.constant(480.0))
    for found in (exact, by_hull):
        np.testing.assert_array_equal(found, (3, 2, 2, 1))
    assert float(np.sum(n * s * GAUSSIAN[[3, 2, 2, 1]])) == pytest.approx(80.679205, rel=2e-5)  # of rounded constants


def test_published_fewest_bits() -> None:
    """L-GreCo from 3 bits for all: squares, not norms, over 10,000 cells of the error."""
    n, s = np.array([864, 9216, 18432, 36864]), np.array([16, 4, 1, 0.25])
    errors = (n * s)[:, None] * GAUSSIAN
    cells = np.ceil(errors / errors[:, 3].sum() * 10_000)
    found = least(n[:, None] * np.arange(7.0), tf.constant(np.minimum(cells, 20_000), tf.int32), 10_000, 10_000)
    np.testing.assert_array_equal(found, (3, 4, 3, 2))
    assert np.sum(n * found.numpy()) == 168_480 < 3 * n.sum() == 196_128


@pytest.mark.parametrize("seed", range(6))
def test_whole_bits_are_the_best_of_all(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, s = random.integers(1, 40, 4), 10 ** random.normal(0, 1, 4)
    unit, costs = n[:, None] * GAUSSIAN[:5], n[:, None] * np.arange(5)
    room = int(random.integers(0, costs[:, -1].sum() + 5))
    rows = np.arange(4)

    def of(choice: np.ndarray) -> tuple[float, int]:
        return float(np.sum(s * unit[rows, choice])), int(costs[rows, choice].sum())

    every = [of(np.array(choice)) for choice in product(range(5), repeat=4)]
    exact = of(least(s[:, None] * unit, tf.constant(costs, tf.int32), tf.constant(room), 200).numpy())
    room = min(room, 200)
    assert exact[1] <= room
    assert exact[0] == pytest.approx(min(err for err, cost in every if cost <= room), rel=1e-12)
    by_hull = of(steepest(tf.constant(s), unit, costs, tf.constant(float(room))).numpy())
    assert by_hull[1] <= room
    assert by_hull[0] == pytest.approx(min(err for err, cost in every if cost <= by_hull[1]), rel=1e-12)


def test_steps_that_pay_only_together_are_taken_together() -> None:
    """The first bit of one row lowers nothing, its second a lot; one step at a time would never get there."""
    errors, costs = np.array([[10.0, 10.0, 0.0], [4.0, 2.0, 1.0]]), np.array([[0.0, 1, 2], [0, 1, 2]])
    np.testing.assert_array_equal(steepest(tf.ones([2]), errors, costs, tf.constant(2.0)), (2, 0))
    np.testing.assert_array_equal(steepest(tf.ones([2]), errors, costs, tf.constant(3.0)), (2, 1))
    np.testing.assert_array_equal(steepest(tf.zeros([2]), errors, costs, tf.constant(3.0)), (0, 0))
    np.testing.assert_array_equal(least(errors, tf.constant(costs, tf.int32), tf.constant(2), 8), (2, 0))


def test_where_nothing_fits_each_takes_its_cheapest() -> None:
    costs = tf.constant([[5, 3, 9], [4, 4, 2]])
    np.testing.assert_array_equal(least(tf.ones([2, 3]), costs, tf.constant(4), 20), (1, 2))
