"""Unbalanced: samples at random, log-normal sizes: n_k - 1 in proportion to exp(spread z_k), z_k ~ N(0, 1)."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from ...phy.strict import dataclass
from . import check, generator


@dataclass(frozen=True)
class Unbalanced:
    """Log-normal sizes, of samples at random.

    A device has n_k samples, n_k - 1 in proportion to exp(spread z_k), z_k ~ N(0, 1). All samples are dealt and each
    device has at least one. ``spread`` 0 is IID with equal sizes; with 1, the middle 95 % of devices span a factor of
    50.

    >>> import numpy as np
    >>> from overair.learning.partitions.unbalanced import Unbalanced
    >>> shares = Unbalanced(spread=1.0).split(np.zeros(100, int), devices=4, seed=0)
    >>> sum(share.size for share in shares), min(share.size for share in shares) >= 1
    (100, True)
    """

    spread: Annotated[float, Ge(0), Le(100)] = 1.0
    """Standard deviation of the logarithm of a device's size."""

    def split(self, labels: np.ndarray, devices: int, seed: int) -> list[np.ndarray]:
        check(len(labels), devices)
        random = generator(seed, "unbalanced")
        normal = random.standard_normal(devices)
        weights = np.exp(self.spread * (normal - normal.max()))  # [K], at most 1: nothing overflows
        reached = np.cumsum(weights) / np.sum(weights)
        ends = np.rint(reached * (len(labels) - devices)).astype(np.int64) + np.arange(1, devices + 1)
        return np.split(random.permutation(len(labels)).astype(np.int64), ends[:-1])
