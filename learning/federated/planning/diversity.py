"""Multiuser diversity: what the best channels gain, and how little of it a wide band leaves.

Gains are means over L coherence blocks that fade independently (Rayleigh), Gamma variables of shape L and mean 1. Of
the N best of K, a random one has the density (K/N) f(g) P[Bin(K - 1, 1 - F(g)) < N]; for one block its mean is 1 + H_K
- H_N. Its mean inverse, what inverting the channel costs, is finite as soon as L (K - N + 1) > 1: one device that
stays silent is enough. The best of ten has 2.93 times the mean gain over one block, 1.89 over four, 1.42 over sixteen.
"""

import math
from collections.abc import Callable

import numpy as np
import scipy.integrate
import scipy.stats


def mean_gain(best: int, devices: int, blocks: float = 1.0) -> float:
    """Of the best channels of all, over so many coherence blocks."""
    _check(best, devices, blocks)
    return _mean(lambda gain: gain, best, devices, blocks)


def mean_inverse(best: int, devices: int, blocks: float = 1.0) -> float:
    """E[1/g] of those that send, the best channels of all; infinite where a mean does not exist."""
    _check(best, devices, blocks)
    if blocks * (devices - best + 1) <= 1:
        return math.inf
    return _mean(lambda gain: 1.0 / gain, best, devices, blocks)


def decoded(best: int, devices: int, threshold: float, blocks: float = 1.0) -> tuple[float, float]:
    """How many are decoded on average that need a gain above a threshold: of as many at random, and of the best."""
    _check(best, devices, blocks)
    chance = float(scipy.stats.gamma.sf(threshold, blocks, scale=1 / blocks))
    counts = np.arange(devices + 1)
    return best * chance, float(np.minimum(best, counts) @ scipy.stats.binom.pmf(counts, devices, chance))


def coherence_blocks(correlation: np.ndarray) -> float:
    """L of a band whose responses have these correlations between any two elements, complex [M, M]: 1 over E |r|^2."""
    return float(1.0 / np.mean(np.abs(correlation) ** 2))


def _mean(of: Callable[[float], float], best: int, devices: int, blocks: float) -> float:
    law = scipy.stats.gamma(blocks, scale=1 / blocks)

    def weighed(u: float) -> float:  # over quantiles, from 0 to 1
        return of(law.ppf(u)) * float(scipy.stats.binom.cdf(best - 1, devices - 1, 1 - u))

    breaks = [max(1 - spread * best / devices, 0.0) for spread in (0.1, 1.0, 3.0)]
    total = scipy.integrate.quad(weighed, 0, 1, points=breaks, limit=400, epsabs=1e-12, epsrel=1e-10)[0]
    return float(total) * devices / best


def _check(best: int, devices: int, blocks: float) -> None:
    if not 1 <= best <= devices:
        raise ValueError(f"best: expected 1 to {devices}, the devices that there are, received {best}")
    if not 0 < blocks < math.inf:
        raise ValueError(f"blocks: expected a number above 0, received {blocks}")
