"""Random: a given number of devices drawn without replacement; weights n_k/n over their chance N/K."""

from typing import ClassVar

from ....ota.round import Nest
from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import Some, by_chance, these


@dataclass(frozen=True)
class Random(Some):
    """All devices are as likely as any other: a given number is drawn without replacement.

    Weights are n_k/n over the chance N/K of N = ``senders`` among K devices. Unbiased; the sum of w_k u_k has variance
    K (K - N) / (N (K - 1)) sum_k |w_k u_k - s/K|^2, with w_k = n_k/n and s the sum of all.

    >>> import tensorflow as tf
    >>> from overair.learning import Random, Sight
    >>> from overair.phy import keys
    >>> sight = Sight(tf.fill([4], 0.25), rates=lambda: tf.ones([4]), norms=lambda works: works)
    >>> plan, _ = Random(senders=2).plan((), sight, keys.key(0))
    >>> sorted(plan.weights.numpy().tolist())
    [0.0, 0.0, 0.5, 0.5]
    """

    sees_links: ClassVar[bool] = False
    sees_updates: ClassVar[bool] = False
    unbiased: ClassVar[bool] = True

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        devices = sight.shares.shape[0]
        chosen = these(keys.permutation(key, devices)[: self.senders], sight.shares)
        return by_chance(chosen, sight.shares, self.senders / devices), state
