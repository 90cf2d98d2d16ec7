"""Laws of gradients have the moments, fits and distances of their densities; the least error is a bound that is met."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special
import scipy.stats

from overair.ota import laws

GAMMA = scipy.special.gamma


def density(kind: str, shape: float, x: np.ndarray) -> np.ndarray:
    """Of unit variance, written out."""
    if kind == "gennorm":
        a = (GAMMA(1 / shape) / GAMMA(3 / shape)) ** 0.5
        return np.asarray(shape / (2 * a * GAMMA(1 / shape)) * np.exp(-((np.abs(x) / a) ** shape)))
    a = GAMMA(1 + 2 / shape) ** -0.5
    unit = np.abs(x) / a
    return np.asarray(shape / (2 * a) * unit ** (shape - 1) * np.exp(-(unit**shape)))


def moment(kind: str, shape: float, power: float) -> float:
    """E|x|^power by integration over log x."""

    def inner(t: float) -> float:
        return float(2 * np.exp(t * (power + 1)) * density(kind, shape, np.exp(t)))

    return float(scipy.integrate.quad(inner, -60, 12, limit=500, points=[-5, 0, 3])[0])


CASES = [("gennorm", 0.5), ("gennorm", 0.8), ("gennorm", 1.0), ("gennorm", 1.5), ("gennorm", 2.7)]
CASES += [("weibull", 0.8), ("weibull", 0.55), ("weibull", 1.4)]


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_laws_have_unit_variance_and_the_kurtosis_of_their_density(kind: str, shape: float) -> None:
    law = getattr(laws, kind)(shape)
    assert abs(moment(kind, shape, 0) - 1) < 1e-6 and abs(moment(kind, shape, 2) - 1) < 1e-6
    x = np.array([-2.0, -0.3, 0.01, 1.0, 4.0])
    np.testing.assert_allclose(law.pdf(x), density(kind, shape, x), rtol=1e-9)
    np.testing.assert_allclose(law.stats("k"), moment(kind, shape, 4) - 3, rtol=1e-6)


def test_excess_kurtosis_is_as_published() -> None:
    for shape, kurtosis in ((0.5, 22.2), (0.8, 5.565144), (1.0, 3.0), (1.5, 0.761954), (2.0, 0.0)):
        assert abs(float(laws.gennorm(shape).stats("k")) - kurtosis) < 1e-6
        closed = GAMMA(5 / shape) * GAMMA(1 / shape) / GAMMA(3 / shape) ** 2 - 3
        assert abs(closed - kurtosis) < 1e-6
    assert abs(float(laws.weibull(0.8).stats("k")) - 7.864977) < 1e-6


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_a_shape_is_found_from_the_ratio_of_moments(kind: str, shape: float) -> None:
    ratio = moment(kind, shape, 2) / moment(kind, shape, 1) ** 2
    assert abs(getattr(laws, f"{kind}_shape")(ratio) - shape) < 1e-5 * shape


def test_fits_are_as_published() -> None:
    assert abs(laws.gennorm_shape(2.0) - 1) < 1e-9 and abs(laws.gennorm_shape(10 / 3) - 0.5) < 1e-9
    assert abs(laws.weibull_shape(2.588892) - 0.8) < 1e-6
    assert abs(laws.gennorm_shape(1.8) - 1.270510) < 1e-6 and abs(laws.weibull_shape(1.8) - 1.119966) < 1e-6


def test_ratios_that_no_law_has_give_the_nearest_shape() -> None:
    least, largest = laws.SHAPES
    assert laws.gennorm_shape(1.0) == largest and laws.gennorm_shape(1e9) == least
    assert laws.weibull_shape(1.0) == largest and laws.weibull_shape(np.inf) == least
    assert np.isnan(laws.gennorm_shape(float("nan"))) and np.isnan(laws.moment_ratio(np.zeros(5)))


@pytest.mark.parametrize("shape", [0.6, 1.0, 1.7])
def test_fits_of_samples_are_close_to_the_likeliest_shape(shape: float) -> None:
    """Within 5 standard errors, by the delta method, of moments; scipy's fit has another error of the same size."""
    size, law = 20_000, laws.gennorm(shape)
    x = law.rvs(size, random_state=3)
    m1, kurtosis = moment("gennorm", shape, 1), moment("gennorm", shape, 4)
    third = moment("gennorm", shape, 3)
    variance = kurtosis - 1 + 4 * (1 / m1**2 - 1) - 4 * (third / m1 - 1)  # of log m2 - 2 log m1, times n
    step = 1e-4
    log_ratio = [np.log(moment("gennorm", b, 2) / moment("gennorm", b, 1) ** 2) for b in (shape - step, shape + step)]
    error = (variance / size) ** 0.5 / abs((log_ratio[1] - log_ratio[0]) / (2 * step))
    found = laws.gennorm_shape(laws.moment_ratio(1e-20 * x.astype(np.float32)))
    assert abs(found - shape) < 5 * error
    likeliest, _, _ = scipy.stats.gennorm.fit(x, floc=0)
    assert abs(found - likeliest) < 10 * error


@pytest.mark.parametrize(("kind", "shape", "expected"), [("gennorm", 1.0, 0.19316), ("gennorm", 0.5, 0.48074)])
def test_distances_from_the_normal_law_are_as_published(kind: str, shape: float, expected: float) -> None:
    """W2^2 = 2 - 2 E[q(F(x)) x] over the standard normal x: the optimal map keeps the order."""

    def inner(x: float) -> float:
        return float(x * getattr(laws, kind)(shape).isf(scipy.special.ndtr(-x)) * np.exp(-(x**2) / 2))

    half = scipy.integrate.quad(inner, 0, 12, limit=200)[0] / (2 * np.pi) ** 0.5
    assert abs((2 - 4 * half) ** 0.5 - expected) < 1e-5


@pytest.mark.parametrize("shape", [0.4, 0.7, 1.0, 1.6, 2.0, 4.0])
def test_entropy_powers_are_those_of_the_density(shape: float) -> None:
    def inner(t: float) -> float:
        p = float(density("gennorm", shape, np.exp(t)))
        return -2 * np.exp(t) * p * np.log(p) if p > 0 else 0.0

    entropy = scipy.integrate.quad(inner, -40, 9, limit=500, points=[-3, 0, 2])[0]
    assert abs(laws.entropy_power(shape) - np.exp(2 * entropy) / (2 * np.pi * math.e)) < 1e-6
    assert laws.entropy_power(shape) <= 1 + 1e-12


def test_the_normal_law_has_its_variance_and_laplace_e_over_pi() -> None:
    assert abs(laws.entropy_power(2.0) - 1) < 1e-12 and abs(laws.entropy_power(1.0) - math.e / np.pi) < 1e-12


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.0, 3.0])
def test_an_entropy_coded_quantiser_is_a_quarter_bit_above_the_least_error_at_fine_steps(shape: float) -> None:
    """D = step^2/12 of uniform cells and H = h - log2 step, so D/(N 4^-H) = pi e/6 (Gish, Pierce, 1968)."""
    law, step = laws.gennorm(shape), 1e-3
    edges = np.arange(-40_000, 40_001) * step + step / 2
    mass = np.diff(law.cdf(edges))
    mass = mass[mass > 0]
    bits = float(-(mass * np.log2(mass)).sum())
    least = laws.least_error([laws.entropy_power(shape)], [1], bits)
    assert abs(step**2 / 12 / least / (np.pi * math.e / 6) - 1) < 0.01


@pytest.mark.parametrize(
    ("counts", "powers", "bits", "error"),
    [((100, 200, 50), (4.0, 1.0, 0.25), 300, 131.55508), ((10, 10, 10), (1.0, 0.01, 0.0001), 15, 1.351)],
)
def test_reverse_water_filling_is_as_published(counts: tuple, powers: tuple, bits: float, error: float) -> None:
    assert abs(laws.least_error(powers, counts, bits) - error) < 5e-6


def test_water_is_where_a_search_finds_it() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        counts, powers, bits = rng.integers(1, 50, 4), rng.lognormal(sigma=2, size=4), rng.uniform(0, 300)

        def over(level: float, counts: np.ndarray = counts, powers: np.ndarray = powers, bits: float = bits) -> float:
            return float(counts @ np.log2(powers / np.minimum(2.0**level, powers)) / 2 - bits)

        level = 2.0 ** scipy.optimize.brentq(over, -700, np.log2(powers.max()) + 1e-9)
        expected = counts @ np.minimum(level, powers)
        np.testing.assert_allclose(laws.least_error(powers.tolist(), counts.tolist(), bits), expected, rtol=1e-6)
    assert laws.least_error([0.0, 0.0], [3, 4], 10) == 0 and laws.least_error([2.0, 0.0], [3, 4], 0) == 6


def test_the_bound_of_a_vector_is_that_of_its_layers() -> None:
    rng = np.random.default_rng(1)
    parts = [3 * rng.normal(size=4000), rng.laplace(size=2000), np.zeros(10)]
    vector, counts = np.concatenate(parts).astype(np.float32), [4000, 2000, 10]
    energies = [float(np.sum(part**2)) for part in parts]
    shapes = [laws.gennorm_shape(np.mean(part**2) / np.mean(np.abs(part)) ** 2) for part in parts[:2]]
    powers = [total / n * laws.entropy_power(b) for total, n, b in zip(energies, counts, shapes, strict=False)]
    found = laws.error_bound(vector, counts, [0.0, 6000.0, 30_000.0])
    for bits, value in zip((0.0, 6000.0, 30_000.0), found, strict=True):
        np.testing.assert_allclose(value, laws.least_error(powers, counts[:2], bits) / sum(energies), rtol=1e-5)
    assert abs(found[0] - (energies[0] + energies[1] * math.e / np.pi) / sum(energies)) < 0.01
    assert np.isnan(laws.error_bound(np.zeros(8), [8], [4.0])).all()
