"""Oldest first: those that were not decoded for longest; of those as old, lots decide."""

from typing import ClassVar

import tensorflow as tf

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import Some, by_data, largest


@dataclass(frozen=True)
class Oldest(Some):
    """The state is the rounds since each was decoded, [K]; those send that were not decoded for longest.

    Of those as old, lots decide. The least mean age of all schedules without sight of links: (K + 1 - 2q)/(2q) rounds
    for one of K a round that is decoded with chance q, where turns have (K (2 - q)/q - 1)/2 and lots K/q - 1. Weights
    are shares of the data that those who send have together.

    Yang, Arafa, Quek, Poor, "Age-based scheduling policy for federated learning in mobile edge networks", ICASSP 2020.

    >>> import tensorflow as tf
    >>> from overair.learning import Oldest, Sight
    >>> from overair.phy import keys
    >>> sight = Sight(tf.fill([4], 0.25), rates=lambda: tf.ones([4]), norms=lambda works: works)
    >>> plan, state = Oldest(senders=1).plan(tf.constant([0.0, 3.0, 1.0, 2.0]), sight, keys.key(0))
    >>> plan.weights.numpy().tolist()
    [0.0, 1.0, 0.0, 0.0]
    >>> Oldest(senders=1).learn(state, decoded=plan.weights > 0).numpy().tolist()
    [1.0, 0.0, 2.0, 3.0]
    """

    sees_links: ClassVar[bool] = False
    sees_updates: ClassVar[bool] = False
    unbiased: ClassVar[bool] = False

    def init(self, devices: int, key: Key) -> Nest:
        return tf.zeros([devices])

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        return by_data(largest(state, self.senders, key), sight.shares), state

    def learn(self, state: Nest, decoded: tf.Tensor) -> Nest:
        return tf.where(decoded, 0.0, state + 1.0)
