"""Cohort: a few of very many devices, drawn without replacement; nothing of a round costs more for all the others."""

from typing import ClassVar

import tensorflow as tf

from ....ota.round import Nest
from ....phy import numbered
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import Some, by_chance, these


@dataclass(frozen=True)
class Cohort(Some):
    """The first numbers of a pseudo-random order of all: a few of very many devices, drawn without replacement.

    Nothing of a round costs more for all the others. Their data, places and clocks are functions of their numbers, so
    that partitions, channels and impairments are those that say so (see ``Population``), and nothing can be kept of a
    device. Weights are n_k/n over the chance C/K for C = ``senders`` of K devices. Unbiased; with S^2 the variance
    among all K updates, that of the mean of C is S^2 (1/C - 1/K). Of all that take part in R rounds the share 1 - K (1
    - (1 - C/K)^R)/(C R) was met before.

    >>> import tensorflow as tf
    >>> from overair.learning import Cohort, Sight
    >>> from overair.phy import keys
    >>> sight = Sight(tf.fill([8], 1 / 8), rates=lambda: tf.ones([8]), norms=lambda works: works)
    >>> plan, _ = Cohort(senders=2).plan((), sight, keys.key(0))
    >>> sorted(plan.weights.numpy().tolist())
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5]
    """

    sees_links: ClassVar[bool] = False
    sees_updates: ClassVar[bool] = False
    unbiased: ClassVar[bool] = True
    by_number: ClassVar[bool] = True

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        devices = sight.shares.shape[0]
        if devices == self.senders:
            return Plan(sight.shares, sight.shares > 0), state
        chosen = these(numbered.in_order(key, tf.range(self.senders), devices), sight.shares)
        return by_chance(chosen, sight.shares, self.senders / devices), state
