"""Round robin: consecutive groups of devices in an order that is drawn once; weights n_k/n over N/K."""

from typing import ClassVar

import tensorflow as tf

from ....ota.round import Nest
from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import Some, by_chance, these


@dataclass(frozen=True)
class RoundRobin(Some):
    """Everybody in turn; the state is the order from who is next on, [K].

    Consecutive groups of N = ``senders`` devices in an order that is drawn once; weights are n_k/n over N/K. Unbiased
    over a cycle, after which all have sent equally often.

    Yang, Liu, Quek, Poor, "Scheduling policies for federated learning in wireless networks", IEEE Trans. Communications
    2020.

    >>> import tensorflow as tf
    >>> from overair.learning import RoundRobin, Sight
    >>> from overair.phy import keys
    >>> sight = Sight(tf.fill([4], 0.25), rates=lambda: tf.ones([4]), norms=lambda works: works)
    >>> plan, state = RoundRobin(senders=2).plan(tf.constant([3, 1, 0, 2]), sight, keys.key(0))
    >>> plan.weights.numpy().tolist(), state.numpy().tolist()
    ([0.0, 0.5, 0.0, 0.5], [0, 2, 3, 1])
    """

    sees_links: ClassVar[bool] = False
    sees_updates: ClassVar[bool] = False
    unbiased: ClassVar[bool] = True

    def init(self, devices: int, key: Key) -> Nest:
        return keys.permutation(key, devices)

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        chosen = these(state[: self.senders], sight.shares)
        plan = by_chance(chosen, sight.shares, self.senders / sight.shares.shape[0])
        return plan, tf.roll(state, -self.senders, axis=0)
