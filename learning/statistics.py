"""Statistics of the entries of gradients: kurtosis, laws fitted to them, and tests between entries of two gradients.

W2, the Wasserstein distance of order 2 of n entries to a law, is sqrt(mean (z_i - q_i)^2) with the entries z in
ascending order, less their mean and over their deviation, and the quantiles q of the law at (i + 1/2)/n. Entries drawn
from the law itself have a distance that is not 0: the floor. Draws of equal entries, as of zeros alone, have no
deviation and are left out of means.

Two tests are made between n entries of a gradient and n of another: Kolmogorov and Smirnov's, whether they have one
law, and Spearman's, whether their ranks are correlated. One is passed where p > 0.05. Entries of one gradient depend on
each other, so p is that of independent ones, which disjoint entries of a single gradient nearly are: the null.
"""

from typing import NamedTuple

import numpy as np
import scipy.stats

from ..ota import laws

LEVEL = 0.05
FEWEST = 16  # entries that say anything


class Described(NamedTuple):
    """What all entries of a layer say."""

    kurtosis: float  # in excess of the normal law's
    zeros: float  # share of entries that are 0
    gennorm: float  # shape
    weibull: float  # shape


class Tested(NamedTuple):
    """Means over draws; NaN where all entries of one side are equal."""

    ks: float
    ks_passed: float
    spearman: float
    spearman_passed: float


UNKNOWN = Tested(*[float("nan")] * 4)


def described(entries: np.ndarray) -> Described:
    """Entries [N] about their mean; NaN where all are equal."""
    z = standard(entries)
    ratio = laws.moment_ratio(z)
    kurtosis = float(np.mean(z**4)) - 3.0
    return Described(kurtosis, float(np.mean(entries == 0)), laws.gennorm_shape(ratio), laws.weibull_shape(ratio))


def standard(samples: np.ndarray) -> np.ndarray:
    """Samples [..., n] less their mean and over their deviation; NaN where all are equal."""
    samples = np.asarray(samples, np.float64)
    centred = samples - samples.mean(axis=-1, keepdims=True)
    deviation = centred.std(axis=-1, keepdims=True)
    flat = np.ptp(samples, axis=-1, keepdims=True) == 0
    return centred / np.where(flat, np.nan, deviation)


def distance(samples: np.ndarray, law: scipy.stats.rv_continuous) -> float:
    """W2 of samples [draws, n] to a law of unit variance, mean over draws whose entries differ; NaN if none do."""
    samples = samples[np.ptp(samples, axis=-1) != 0]
    if not len(samples):
        return float("nan")
    z, size = np.sort(standard(samples)), samples.shape[-1]
    quantiles = law.ppf((np.arange(size) + 0.5) / size)
    return float(np.sqrt(np.mean((z - quantiles) ** 2, axis=-1)).mean())


def floor(law: scipy.stats.rv_continuous, size: int, draws: int, rng: np.random.Generator) -> float:
    """W2 of entries drawn from the law itself, mean over draws."""
    return distance(law.rvs([draws, size], random_state=rng), law)


def tested(one: np.ndarray, other: np.ndarray) -> Tested:
    """Two sides [draws, n], each draw tested alone."""
    moves = (np.ptp(one, axis=1) > 0) & (np.ptp(other, axis=1) > 0)
    if not moves.any():
        return UNKNOWN
    one, other = one[moves], other[moves]
    ks = scipy.stats.ks_2samp(one, other, axis=1)
    ranks = (scipy.stats.rankdata(side, axis=1) for side in (one, other))
    spearman = scipy.stats.pearsonr(*ranks, axis=1)  # whose p of ranks is Spearman's
    return Tested(*(float(np.mean(each)) for test in (ks, spearman) for each in (test.statistic, test.pvalue > LEVEL)))


def places(size: int, count: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Different places of so many entries for each draw, or of all there are, [draws, n]."""
    return np.stack([rng.choice(size, min(count, size), replace=False) for _ in range(draws)])
