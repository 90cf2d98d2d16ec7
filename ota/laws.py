"""Laws of the entries of gradients, fitted by moments, and the least error that bits allow with them.

With unit variance: the generalised normal law (GenNorm) of the shape b, p(x) ~ exp(-|x/a|^b), which is normal for b = 2
and Laplace for b = 1, and the double Weibull law (dWeibull) of the shape c, p(x) ~ |x/a|^(c-1) exp(-|x/a|^c). The shape
is where the ratio of moments E x^2/(E|x|)^2 is that of the law (G: gamma function),

    GenNorm  G(1/b) G(3/b)/G(2/b)^2,        dWeibull  G(1 + 2/c)/G(1 + 1/c)^2.

A source of density p and differential entropy h, in nats, errs at R bits an entry by at least N 4^-R (Shannon's lower
bound) with its entropy power N = exp(2 h)/(2 pi e), which is the variance where it is normal and less elsewhere. Of
GenNorm h = 1/b + ln(2 a G(1/b)/b). Several layers share bits best by reverse water-filling of entropy powers: no entry
errs by more than t, D_l = min(t, N_l), and (1/2) log2(N_l/D_l) bits an entry add up to what there is. Shannon, "A
mathematical theory of communication", 1948; Cover, Thomas, "Elements of information theory", ch. 10.
"""

from collections.abc import Callable, Sequence

import numpy as np
import scipy.optimize
import scipy.stats
from scipy.special import gammaln

from .allocation import water_filling

SHAPES = 0.1, 10.0  # least and largest shape that is fitted


def gennorm(shape: float) -> scipy.stats.rv_continuous:
    """Of unit variance."""
    scale = np.exp((gammaln(1 / shape) - gammaln(3 / shape)) / 2)
    return scipy.stats.gennorm(shape, scale=scale)


def weibull(shape: float) -> scipy.stats.rv_continuous:
    """Double Weibull of unit variance."""
    return scipy.stats.dweibull(shape, scale=np.exp(-gammaln(1 + 2 / shape) / 2))


def gennorm_shape(ratio: float) -> float:
    """Of E x^2/(E|x|)^2; the nearest of ``SHAPES`` where none has it, NaN of NaN."""
    return _shape(lambda b: gammaln(1 / b) + gammaln(3 / b) - 2 * gammaln(2 / b), ratio)


def weibull_shape(ratio: float) -> float:
    """Of E x^2/(E|x|)^2; the nearest of ``SHAPES`` where none has it, NaN of NaN."""
    return _shape(lambda c: gammaln(1 + 2 / c) - 2 * gammaln(1 + 1 / c), ratio)


def moment_ratio(entries: np.ndarray) -> float:
    """E x^2/(E|x|)^2 of entries of any scale, NaN where all are 0."""
    size = np.abs(np.asarray(entries, np.float64))
    unit = size / peak if (peak := size.max(initial=0.0)) > 0 else size
    with np.errstate(invalid="ignore"):
        return float(np.mean(unit**2) / np.mean(unit) ** 2)


def entropy_power(shape: float) -> float:
    """Of GenNorm of unit variance, at most 1."""
    a = (gammaln(1 / shape) - gammaln(3 / shape)) / 2  # its logarithm
    entropy = 1 / shape + np.log(2 / shape) + a + gammaln(1 / shape)
    return float(np.exp(2 * entropy - 1) / (2 * np.pi))


def least_error(powers: Sequence[float], counts: Sequence[int], bits: float) -> float:
    """The least squared error of all entries together, of layers of so many entries each of an entropy power."""
    power, count = np.asarray(powers, np.float64), np.asarray(counts, np.float64)
    power, count = power[power > 0], count[power > 0]
    if not power.size:
        return 0.0
    level = float(water_filling(count * power, 1.0 / count, bits).level)
    return float(count @ np.minimum(level, power))


def error_bound(vector: np.ndarray, counts: Sequence[int], bits: Sequence[float]) -> np.ndarray:
    """The least relative error for each of so many bits, if entries were drawn from the laws fitted to the layers."""
    parts = np.split(np.asarray(vector, np.float64), np.cumsum(counts)[:-1])
    energy = np.array([np.sum(part**2) for part in parts])
    shapes = [gennorm_shape(moment_ratio(part)) for part in parts]
    powers = [e / n * entropy_power(b) if e else 0.0 for e, n, b in zip(energy, counts, shapes, strict=True)]
    with np.errstate(invalid="ignore"):
        return np.array([least_error(powers, counts, each) for each in bits]) / energy.sum()


def _shape(log_ratio: Callable[[float], float], ratio: float) -> float:
    if np.isnan(ratio):
        return float("nan")
    wanted, (low, high) = np.log(ratio), SHAPES
    if wanted >= log_ratio(low):
        return low
    if wanted <= log_ratio(high):
        return high
    return float(np.exp(scipy.optimize.brentq(lambda s: log_ratio(np.exp(s)) - wanted, np.log(low), np.log(high))))
