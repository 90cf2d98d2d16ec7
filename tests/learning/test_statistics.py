"""Statistics of entries are those of scipy and of their definitions; nulls and critical values are as derived."""

import numpy as np
import pytest
import scipy.stats
from scipy.special import gammaln

from overair.learning import statistics
from overair.ota import laws


def kolmogorov(n: int, k: int) -> float:
    """P(D >= k/n) of two samples of n each, exactly (Gnedenko, Korolyuk, 1951)."""
    i = np.arange(1, n // k + 1)
    log_ratio = 2 * gammaln(n + 1) - gammaln(n - i * k + 1) - gammaln(n + i * k + 1)  # of binom(2n, n - ik) to (2n, n)
    return float(2 * np.sum((-1.0) ** (i + 1) * np.exp(log_ratio)))


def rows(draws: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    one, other = np.random.default_rng(seed).standard_t(3, size=[2, draws, n])
    return one, other


def test_entries_are_described_about_their_mean() -> None:
    x = np.random.default_rng(0).laplace(size=5000).astype(np.float32) * 1e-6 + 3e-7
    x[:400] = 0
    found, z = statistics.described(x), (x - x.mean(dtype=float)) / x.std(dtype=float)
    np.testing.assert_allclose(found.kurtosis, scipy.stats.kurtosis(x.astype(float)), rtol=1e-9)
    assert found.zeros == 0.08
    ratio = 1 / np.mean(np.abs(z)) ** 2
    np.testing.assert_allclose([found.gennorm, found.weibull], [laws.gennorm_shape(ratio), laws.weibull_shape(ratio)])


@pytest.mark.parametrize("entries", [np.zeros(50), np.full(50, 0.1, np.float32), np.full(50, np.nan)], ids=str)
def test_equal_entries_say_nothing(entries: np.ndarray) -> None:
    found = statistics.described(entries)
    assert np.isnan([found.kurtosis, found.gennorm, found.weibull]).all()
    assert found.zeros == float(not entries.any())
    assert np.isnan(statistics.tested(entries[None], entries[None])).all()


@pytest.mark.parametrize("law", [laws.gennorm(2.0), laws.gennorm(0.7), laws.weibull(0.8)])
def test_a_distance_is_that_to_the_quantiles(law: scipy.stats.rv_continuous) -> None:
    samples, n = rows(3, 400, 1)[0], 400
    expected = []
    for sample in samples:
        z = np.sort((sample - sample.mean()) / sample.std())
        expected.append(np.sqrt(sum((z[i] - law.ppf((i + 0.5) / n)) ** 2 for i in range(n)) / n))
    np.testing.assert_allclose(statistics.distance(samples, law), np.mean(expected))


def test_draws_of_equal_entries_are_left_out_of_distances() -> None:
    samples, law = rows(3, 50, 4)[0], laws.gennorm(1.0)
    flat = np.concatenate([samples, np.zeros([1, 50]), np.full([1, 50], 0.1)])
    assert statistics.distance(flat, law) == statistics.distance(samples, law) > 0
    assert np.isnan(statistics.distance(flat[3:], law))
    assert np.isnan(statistics.distance(np.full([2, 50], np.nan), law))  # what is no number is not left out


def test_distances_of_many_entries_are_those_between_laws() -> None:
    """Of normal and Laplace .19316, of normal and GenNorm .5 .48074; at n = 200,000 their floors are below .02."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=[4, 200_000])
    for shape, expected in ((1.0, 0.19316), (0.5, 0.48074)):
        assert abs(statistics.distance(x, laws.gennorm(shape)) - expected) < 0.005


@pytest.mark.parametrize(("shape", "low", "high"), [(2.0, 0.02, 0.04), (1.0, 0.035, 0.055), (0.6, 0.06, 0.1)])
def test_floors_are_those_of_other_draws(shape: float, low: float, high: float) -> None:
    """Of 3,000 entries about .024, .043 and .078, by inverting uniform numbers; within 4.5 standard errors."""
    law, n, rng = laws.gennorm(shape), 3000, np.random.default_rng(3)
    drawn = np.sort(law.ppf(rng.uniform(size=[200, n])), axis=1)
    z = (drawn - drawn.mean(axis=1, keepdims=True)) / drawn.std(axis=1, keepdims=True)
    own = np.sqrt(np.mean((z - law.ppf((np.arange(n) + 0.5) / n)) ** 2, axis=1))
    found = statistics.floor(law, n, 200, rng)
    assert low < found < high and abs(found - own.mean()) < 4.5 * own.std() * (2 / 200) ** 0.5


@pytest.mark.parametrize("n", [100, 700])
def test_tests_are_those_of_scipy_row_by_row(n: int) -> None:
    one, other = rows(12, n, 4)
    other[:6] += 0.5 * one[:6]
    other[:4] *= 3
    other[0, : n // 2] = one[0, : n // 2] = 0  # ties, as of dead units
    ks = [scipy.stats.ks_2samp(a, b) for a, b in zip(one, other, strict=True)]
    spearman = [scipy.stats.spearmanr(a, b) for a, b in zip(one, other, strict=True)]
    found = statistics.tested(one, other)
    expected = [np.mean([t.statistic for t in ks]), np.mean([t.pvalue > 0.05 for t in ks])]
    expected += [np.mean([t.statistic for t in spearman]), np.mean([t.pvalue > 0.05 for t in spearman])]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert 0 < found.ks_passed < 1 and 0 < found.spearman_passed < 1


def test_draws_whose_entries_are_all_equal_do_not_count() -> None:
    one, other = rows(3, 60, 5)
    whole = statistics.tested(one[1:], other[1:])
    one[0] = 0
    np.testing.assert_array_equal(statistics.tested(one, other), whole)


@pytest.mark.parametrize(("n", "mean", "critical"), [(100, 0.118011, 0.1921), (3000, 0.022265, 0.0351), (40, 0, 0)])
def test_the_null_of_kolmogorov_and_smirnov_is_as_derived(n: int, mean: float, critical: float) -> None:
    """Mean = sum_k P(D >= k/n)/n; passed as often as the exact law of D says, which is at least .95.

    For 100 and 3,000 entries the mean is also given as .1166 and .0222, as simulated: the exact one is 1 % above.
    """
    tails = np.array([kolmogorov(n, k) for k in range(1, n + 1 if n < 1000 else 600)])
    expected = tails.sum() / n
    passes = 1 - tails[tails <= 0.05].max()  # p > .05
    if critical:
        assert abs(expected - mean) < 1e-6
        assert abs((-np.log(0.05 / 2) / n) ** 0.5 - critical) < 5e-5  # of large samples
        assert abs(np.argmax(tails <= 0.05) + 1 - critical * n) <= 1.5
    square = sum((2 * k - 1) * tail for k, tail in enumerate(tails, 1)) / n**2
    draws = 300
    found = statistics.tested(*rows(draws, n, 6))
    assert abs(found.ks - expected) < 4.5 * ((square - expected**2) / draws) ** 0.5
    assert abs(found.ks_passed - passes) < 4.5 * (passes * (1 - passes) / draws) ** 0.5


@pytest.mark.parametrize(("n", "deviation", "critical"), [(100, 0.1005, 0.1970), (3000, 0.01826, 0.0358), (40, 0, 0)])
def test_the_null_of_spearman_is_as_derived(n: int, deviation: float, critical: float) -> None:
    """Ranks in random order have correlations of mean 0 and deviation 1/sqrt(n - 1)."""
    expected = (n - 1) ** -0.5
    if deviation:
        assert abs(expected - deviation) < 5e-5 and abs(1.959964 * expected - critical) < 5e-5
    draws = 400
    found = statistics.tested(*rows(draws, n, 7))
    assert abs(found.spearman) < 4.5 * expected / draws**0.5
    assert abs(found.spearman_passed - 0.95) < 4.5 * (0.95 * 0.05 / draws) ** 0.5


def test_places_are_different_and_all_where_there_are_fewer() -> None:
    rng = np.random.default_rng(8)
    some = statistics.places(500, 100, 7, rng)
    assert some.shape == (7, 100) and all(len({*row}) == 100 for row in some.tolist()) and some.max() < 500
    assert sorted(statistics.places(30, 100, 1, rng)[0].tolist()) == list(range(30))
