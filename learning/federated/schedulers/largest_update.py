"""Largest update (BN2): all compute, and those with the largest n_k/n |u_k| send."""

from typing import ClassVar

import tensorflow as tf

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import Some, by_data, largest


@dataclass(frozen=True)
class LargestUpdate(Some):
    """Whatever the channel: all compute, and those with the largest updates send (BN2).

    The N = ``senders`` with the largest n_k/n |u_k| send. Everybody pays for computing and reports a float32. Weights
    are shares of the data that those who send have together.

    Amiri, Gunduz, Kulkarni, Poor, "Convergence of update aware device scheduling for federated learning at the wireless
    edge", IEEE Trans. Wireless Communications 2021.

    >>> import tensorflow as tf
    >>> from overair.learning import LargestUpdate, Sight
    >>> from overair.phy import keys
    >>> norms = tf.constant([0.1, 0.4, 0.2, 0.3])
    >>> sight = Sight(tf.fill([4], 0.25), lambda: tf.ones([4]), lambda works: tf.where(works, norms, 0.0))
    >>> plan, _ = LargestUpdate(senders=2).plan((), sight, keys.key(0))
    >>> plan.works.numpy().tolist(), plan.weights.numpy().tolist()
    ([True, True, True, True], [0.0, 0.5, 0.0, 0.5])
    """

    sees_links: ClassVar[bool] = False
    sees_updates: ClassVar[bool] = True
    unbiased: ClassVar[bool] = False

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        works = tf.ones_like(sight.shares, tf.bool)
        return by_data(largest(sight.norms(works), self.senders, key), sight.shares, works), state
