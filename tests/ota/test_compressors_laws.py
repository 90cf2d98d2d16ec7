"""Laws of magnitudes and their levels, beside numerical integration, maximum likelihood and published numbers."""

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
import tensorflow as tf

from overair.ota.compressors._laws import Law, LawName, beyond, fit, log_moment
from overair.ota.compressors._levels import errors_of, levels_of, solve

DENSITIES = {"gennorm": scipy.stats.gennorm, "weibull": scipy.stats.dweibull}
ELSEWHERE: list[
    tuple[LawName, float, float, int, float]
] = [  # law, shape, M, levels of magnitudes, share of magnitudes above the start
    ("gennorm", 1.0, 0.0, 1, 0.6),
    ("gennorm", 0.45, 3.0, 4, 0.2),
    ("gennorm", 3.1, 1.5, 8, 0.9),
    ("weibull", 0.6, 2.0, 4, 0.35),
    ("weibull", 1.9, 0.5, 2, 0.05),
    ("weibull", 0.37, 4.0, 8, 1.0),
]


def integral(law: LawName, shape: float, power: float, low: float, high: float) -> float:
    """Of |x|^power times the density of magnitudes at scale 1, over the logarithm of magnitudes."""
    density = DENSITIES[law](shape)

    def at(log: float) -> float:
        return float(2 * density.pdf(np.exp(log)) * np.exp((power + 1) * log))

    end = min(high, float(density.isf(1e-60)))
    edges = np.linspace(np.log(max(low, 1e-12)), np.log(end), 9)
    return sum(scipy.integrate.quad(at, a, b, epsrel=1e-11)[0] for a, b in zip(edges[:-1], edges[1:], strict=True))


def deviation(law: LawName, shape: float) -> float:
    return float(DENSITIES[law](shape).std())


def law_of(name: LawName, shape: float) -> Law:
    order = 1 / shape if name == "gennorm" else 1.0
    return Law(*(tf.constant([value], tf.float64) for value in (1.0, shape, order)))


@pytest.mark.parametrize(
    ("law", "shape", "m", "levels", "weighted", "plain"),
    [
        ("gennorm", 2.0, 1.0, [1.253314], 0.214602, 0.570796),
        ("gennorm", 1.2, 1.0, [0.892580, 2.434833], 0.103848, 0.296171),
        ("gennorm", 0.7, 2.0, [1.864125, 5.368171], 0.119980, 2.029725),
        ("weibull", 0.8, 1.0, [1.037554, 3.630334], 0.150049, 0.577335),
        ("weibull", 1.5, 2.0, [1.113082, 2.237960], 0.057442, 0.319458),
    ],
)
def test_levels_and_errors_of_unit_variance_are_the_published_ones(
    law: LawName, shape: float, m: float, levels: list[float], weighted: float, plain: float
) -> None:
    found = solve(law, m, len(levels), np.array(shape), np.array(1.0))
    np.testing.assert_allclose(found.value / deviation(law, shape), levels, atol=6e-7)
    assert found.error == pytest.approx(weighted, abs=6e-7)
    assert error(law, shape, 0.0, found.value, 0.0) == pytest.approx(plain, abs=2e-6)


def error(law: LawName, shape: float, power: float, levels: np.ndarray, start: float) -> float:
    """The weighted error of rounding magnitudes above the start to the nearest level, of their weighted energy."""
    edges = [start, *(levels[1:] + levels[:-1]) / 2, np.inf]
    total = 0.0
    for level, low, high in zip(levels, edges[:-1], edges[1:], strict=True):
        zeroth, first, second = (integral(law, shape, power + r, low, high) for r in range(3))
        total += second - 2 * level * first + level**2 * zeroth
    return total / integral(law, shape, power + 2, start, np.inf)


@pytest.mark.parametrize("c", [0.5, 1.0, 1.5, 2.3])
@pytest.mark.parametrize("m", [0.0, 1.0, 2.0, 3.5])
def test_one_bit_of_a_double_weibull_law_errs_by_a_ratio_of_gamma_functions(c: float, m: float) -> None:
    g = scipy.special.gamma
    expected = 1 - g(1 + (m + 1) / c) ** 2 / (g(1 + m / c) * g(1 + (m + 2) / c))
    assert solve("weibull", m, 1, np.array(c), np.array(1.0)).error == pytest.approx(expected, rel=1e-9)
    printed = {(1.0, 0.0): 0.5, (1.0, 1.0): 1 / 3, (1.0, 2.0): 0.25, (1.5, 0.0): 0.315537}
    assert expected == pytest.approx(printed.get((c, m), expected), abs=5e-7)


@pytest.mark.parametrize(("law", "shape", "m", "count", "share"), ELSEWHERE)
def test_each_level_is_the_weighted_mean_of_its_cell(
    law: LawName, shape: float, m: float, count: int, share: float
) -> None:
    found, start = solve(law, m, count, np.array(shape), np.array(share)), DENSITIES[law](shape).isf(share / 2)
    edges = [start, *(found.value[1:] + found.value[:-1]) / 2, np.inf]
    for level, low, high in zip(found.value, edges[:-1], edges[1:], strict=True):
        mean = integral(law, shape, m + 1, low, high) / integral(law, shape, m, low, high)
        assert level == pytest.approx(mean, rel=1e-7)
    assert found.error == pytest.approx(error(law, shape, m, found.value, start), rel=1e-6)


def test_levels_are_of_least_error_and_not_only_stationary() -> None:
    """Lloyd's iteration from random starts, on the same law cut into 40,000 pieces, ends nowhere better."""
    rng, x = np.random.default_rng(0), np.geomspace(1e-4, scipy.stats.gennorm(0.6).isf(1e-30), 40_000)
    weight = x * scipy.stats.gennorm(0.6).pdf(x) * x  # the law's, by |x|, of pieces of equal logarithm
    best = np.inf
    for _ in range(8):
        levels = np.sort(scipy.stats.gennorm(0.6).isf(rng.uniform(0, 0.5, 4)))
        for _ in range(300):
            cell = np.searchsorted((levels[1:] + levels[:-1]) / 2, x)
            levels = np.bincount(cell, weight * x, 4) / np.bincount(cell, weight, 4)
        cell = np.searchsorted((levels[1:] + levels[:-1]) / 2, x)
        best = min(best, float(np.sum(weight * (x - levels[cell]) ** 2) / np.sum(weight * x**2)))
    assert solve("gennorm", 1.0, 4, np.array(0.6), np.array(1.0)).error == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize(("law", "shape", "m", "count", "share"), ELSEWHERE)
def test_between_the_entries_of_the_table_a_thousandth_is_lost(
    law: LawName, shape: float, m: float, count: int, share: float
) -> None:
    start = float(DENSITIES[law](shape).isf(share / 2))
    exact = solve(law, m, count, np.array(shape), np.array(share))
    found = levels_of(law, m, count, law_of(law, shape), tf.constant(start, tf.float64)).numpy()[0]
    np.testing.assert_allclose(found, exact.value, rtol=0.03)
    assert error(law, shape, m, found, start) < exact.error * 1.001
    wide = Law(*(value[:, None] for value in law_of(law, shape)))
    foretold = errors_of(law, m, (count,), wide, tf.constant([start], tf.float64)).numpy()
    assert foretold.shape == (1, 1, 1) and foretold.item() == pytest.approx(float(exact.error), rel=0.02)


@pytest.mark.parametrize(("law", "shape", "m", "count", "share"), ELSEWHERE)
def test_partial_moments_are_the_integrals(law: LawName, shape: float, m: float, count: int, share: float) -> None:
    start = float(DENSITIES[law](shape).isf(share / 2))
    given = law_of(law, shape)
    moment = float(tf.exp(log_moment(given.order, given.shape, m))[0])
    assert moment == pytest.approx(integral(law, shape, m, 0.0, np.inf), rel=1e-6)
    above = float(beyond(given, tf.constant(start, tf.float64), m)[0])
    assert above == pytest.approx(integral(law, shape, m, start, np.inf) / moment, rel=1e-6)


@pytest.mark.parametrize(
    ("law", "ratio", "shape"),
    [
        ("gennorm", 2.0, 1.0),
        ("gennorm", 10 / 3, 0.5),
        ("gennorm", 1.8, 1.270510),
        ("weibull", 2.588892, 0.8),
        ("weibull", 1.8, 1.119966),
    ],
)
def test_two_moments_give_the_published_shape(law: LawName, ratio: float, shape: float) -> None:
    found = fit(law, tf.constant([2.0], tf.float64), tf.constant([4.0 * ratio], tf.float64))
    assert float(found.shape[0]) == pytest.approx(shape, abs=2e-5)
    density = DENSITIES[law](float(found.shape[0]), scale=float(found.scale[0]))
    assert density.expect(lambda x: 2 * x, lb=0) == pytest.approx(2.0, rel=1e-5)
    assert density.var() == pytest.approx(4.0 * ratio, rel=1e-4)


@pytest.mark.parametrize(("law", "shape"), [("gennorm", 0.5), ("gennorm", 1.1), ("weibull", 0.8), ("weibull", 1.4)])
def test_fits_by_moments_are_near_those_of_maximum_likelihood(law: LawName, shape: float) -> None:
    """Both are right to their standard errors, of which likelihood's is the smaller; by moments it is foretold."""
    scale, n = 3e-4, 40_000
    x = DENSITIES[law](shape, scale=scale).rvs(n, random_state=np.random.default_rng(1))
    moments = [tf.constant([value], tf.float64) for value in (np.abs(x).mean(), (x**2).mean())]
    found = fit(law, *moments)
    likely, _, wide = DENSITIES[law].fit(x, floc=0.0)
    slope = 1e4 * (log_ratio(law, shape + 5e-5) - log_ratio(law, shape - 5e-5))
    off = np.std(x**2 / np.mean(x**2) - 2 * np.abs(x) / np.mean(np.abs(x))) / n**0.5 / abs(slope)
    assert abs(float(found.shape[0]) - likely) < 4.5 * off
    assert abs(float(found.shape[0]) - shape) < 4.5 * off
    drift = abs(np.log(DENSITIES[law](shape + off).expect(lambda x: 2 * x, lb=0) / mean(law, shape)))
    assert abs(float(np.log(found.scale[0] / wide))) < 4.5 * (drift + np.std(np.abs(x)) / np.mean(np.abs(x)) / n**0.5)


def mean(law: LawName, shape: float) -> float:
    return float(DENSITIES[law](shape).expect(lambda x: 2 * x, lb=0))


def log_ratio(law: LawName, shape: float) -> float:
    return float(np.log(DENSITIES[law](shape).var() / mean(law, shape) ** 2))


def test_what_no_law_has_becomes_the_nearest() -> None:
    moments = tf.constant([3.0, 0.0, np.nan, 1.0], tf.float64), tf.constant([9.0, 0.0, np.nan, 1e6], tf.float64)
    found = fit("gennorm", *moments)
    assert np.isclose(found.shape[0], 8.0) and np.isclose(found.shape[3], 0.15)
    assert float(found.scale[1]) == 0.0 and np.isnan(found.shape[2])
    levels = levels_of("gennorm", 1.0, 4, found, tf.constant(0.0, tf.float64)).numpy()
    assert not np.any(levels[1]) and np.all(np.isnan(levels[2])) and np.all(np.isfinite(levels[[0, 3]]))
    above = levels_of("gennorm", 1.0, 4, found, tf.constant(1e30, tf.float64)).numpy()
    assert np.all(above[[0, 1, 3]] >= 1e30)  # beyond what the laws deem possible
