"""Confidence of error rates: intervals of a share of blocks, and of the bits in error, which come in blocks.

Blocks are independent, the bits of one are not: where a code fails or fading is deep many are wrong at once. So the
share of wrong blocks has the interval of Clopper and Pearson (Biometrika 1934), which holds whether blocks were counted
up to a number of blocks or up to a number of errors; and the mean of wrong bits, known to a standard error s that
follows from the blocks, has the gamma interval of Fay and Feuer (Statistics in Medicine 1997), as a count of m = (mean
/ s)^2 independent errors would have it. Of independent rare bits m is the number of wrong bits, and the interval is
Poisson's.
"""

import numpy as np
from scipy.stats import beta, chi2

LEVEL = 0.95


def of_share(wrong: int, total: int, level: float = LEVEL) -> tuple[float, float]:
    """Of the chance that a block is wrong."""
    tail = (1 - level) / 2
    low = beta.ppf(tail, wrong, total - wrong + 1) if wrong else 0.0
    high = beta.ppf(1 - tail, wrong + 1, total - wrong) if wrong < total else 1.0
    return float(low), float(high)


def of_bits(wrong: int, squares: int, blocks: int, bits: int, level: float = LEVEL) -> tuple[float, float]:
    """Of the chance that a bit is wrong, of so many wrong bits in blocks of ``bits``; ``squares``: of those of a block.

    Bits are taken to be at least as uneven over blocks as independent ones. Where none is wrong, or there is one block
    only, the bound is that of blocks, in which every bit may be wrong.
    """
    if wrong == 0 or blocks < 2:
        return 0.0, of_share(min(wrong, blocks), blocks, level)[1]
    mean = wrong / blocks
    spread = max((squares - blocks * mean**2) / (blocks - 1), mean * (1 - mean / bits))
    rate, tail = mean / bits, (1 - level) / 2
    if spread == 0:
        return rate, rate
    errors = blocks * mean**2 / spread
    low, high = chi2.ppf(tail, 2 * errors) / 2, chi2.ppf(1 - tail, 2 * errors + 2) / 2
    return float(rate * low / errors), float(np.minimum(rate * high / errors, 1.0))
