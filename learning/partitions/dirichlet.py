"""Dirichlet (non-IID): each class is shared among the devices in proportions p_c ~ Dir(alpha, ..., alpha)."""

from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Gt, Le

from ...phy import keys, numbered
from ...phy.numbered import Numbered
from ...phy.strict import dataclass
from . import check, deal, generator
from ._by_number import Pool, pooled
from ._gamma import log_gamma_draws


@dataclass(frozen=True)
class Dirichlet:
    """Random proportions of classes (non-IID).

    Each class c is shared among the devices in proportions p_c ~ Dir(alpha, ..., alpha). A small alpha gives a class to
    few devices, a large one to all alike; sizes are as they come. All samples are dealt. Devices left with fewer than
    ``minimum`` then receive one sample at a time from whoever has most, out of that device's largest class.

    Of a cohort, each device draws ``samples_per_device`` samples whose classes have chances in proportion to N_c g_c,
    g_c ~ Gamma(alpha) and N_c the samples of class c: the law of a device's share above as their number grows, which
    for classes of one size is Dir(alpha, ..., alpha) over classes.

    Yurochkin et al., "Bayesian nonparametric federated learning of neural networks", ICML 2019, whose program draws
    again until no device is small instead, which need not end; Hsu, Qi, Brown, "Measuring the effects of non-identical
    data distribution for federated visual classification", 2019.

    >>> import numpy as np
    >>> from overair.learning.partitions.dirichlet import Dirichlet
    >>> labels = np.arange(20) % 4
    >>> shares = Dirichlet(alpha=0.5, minimum=2).split(labels, devices=4, seed=0)
    >>> sum(share.size for share in shares), min(share.size for share in shares) >= 2
    (20, True)
    """

    alpha: Annotated[float, Gt(0), Le(1e9)] = 0.5
    """Concentration; small is far from IID."""
    minimum: Annotated[int, Gt(0), Le(10**9)] = 1
    """Fewest samples of a device."""
    samples_per_device: Annotated[int, Gt(0), Le(10**9)] | None = None
    """Samples on a device of a cohort; other devices have as it comes."""

    def split(self, labels: np.ndarray, devices: int, seed: int) -> list[np.ndarray]:
        if self.samples_per_device is not None:
            raise ValueError(
                "samples_per_device: expected none but with a cohort, as all samples are dealt and sizes are as they "
                f"come, received {self.samples_per_device}; leave it out"
            )
        check(len(labels), devices, self.minimum, "minimum")
        random = generator(seed, "dirichlet")
        sizes = np.unique(labels, return_counts=True)[1]  # [C]
        proportions = random.dirichlet(np.full(devices, self.alpha), len(sizes))  # [C, K]
        reached = np.rint(np.cumsum(proportions, axis=1) * sizes[:, None]).astype(np.int64)
        counts = np.diff(reached, axis=1, prepend=0).T  # [K, C]
        _lift(counts, self.minimum)
        return deal(labels, counts, random)

    def by_number(self, labels: np.ndarray, seed: int) -> Pool:
        """What devices of any number have."""
        sizes = np.unique(labels, return_counts=True)[1].astype(float)

        def classes_of(devices: Numbered, samples: int) -> tf.Tensor:
            drawn = log_gamma_draws(devices, self.alpha, len(sizes)) + np.log(sizes)  # [C, classes]
            reached = tf.cumsum(tf.nn.softmax(drawn), axis=1)
            coins = numbered.unit(devices._replace(key=keys.fold(devices.key, "coins")).bits(samples))
            return tf.minimum(tf.searchsorted(reached, coins, "right", tf.int64), len(sizes) - 1)

        return pooled(labels, self.samples_per_device, seed, "dirichlet", classes_of)


def _lift(counts: np.ndarray, minimum: int) -> None:
    """Moves samples, in place, until every row of counts [K, C] adds to the minimum."""
    sizes = counts.sum(axis=1)
    for poor in np.flatnonzero(sizes < minimum):
        while sizes[poor] < minimum:
            rich = np.argmax(sizes)
            given = np.argmax(counts[rich])
            counts[[rich, poor], given] += [-1, 1]
            sizes[[rich, poor]] += [-1, 1]
