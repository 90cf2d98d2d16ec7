"""Dirichlet (non-IID): each class is shared among the devices in proportions p_c ~ Dir(alpha, ..., alpha).

A small alpha gives a class to few devices, a large one to all alike; sizes are as they come. All samples are dealt.
Devices left with fewer than ``minimum`` then receive one sample at a time from whoever has most, out of that device's
largest class. Yurochkin et al., "Bayesian nonparametric federated learning of neural networks", ICML 2019, whose
program draws again until no device is small instead, which need not end.
"""

from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from pydantic.dataclasses import dataclass

from ...phy.strict import STRICT
from . import check, deal, generator


@dataclass(frozen=True, config=STRICT)
class Dirichlet:
    """Random proportions of classes."""

    alpha: Annotated[float, Gt(0), Le(1e9)] = 0.5
    """Concentration; small is far from IID."""
    minimum: Annotated[int, Gt(0), Le(10**9)] = 1
    """Fewest samples of a device."""

    def split(self, labels: np.ndarray, devices: int, seed: int) -> list[np.ndarray]:
        check(len(labels), devices, self.minimum, "minimum")
        random = generator(seed, "dirichlet")
        sizes = np.unique(labels, return_counts=True)[1]  # [C]
        proportions = random.dirichlet(np.full(devices, self.alpha), len(sizes))  # [C, K]
        reached = np.rint(np.cumsum(proportions, axis=1) * sizes[:, None]).astype(np.int64)
        counts = np.diff(reached, axis=1, prepend=0).T  # [K, C]
        _lift(counts, self.minimum)
        return deal(labels, counts, random)


def _lift(counts: np.ndarray, minimum: int) -> None:
    """Moves samples, in place, until every row of counts [K, C] adds to the minimum."""
    sizes = counts.sum(axis=1)
    for poor in np.flatnonzero(sizes < minimum):
        while sizes[poor] < minimum:
            rich = np.argmax(sizes)
            given = np.argmax(counts[rich])
            counts[[rich, poor], given] += [-1, 1]
            sizes[[rich, poor]] += [-1, 1]
