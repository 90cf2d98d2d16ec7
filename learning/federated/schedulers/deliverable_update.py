"""Deliverable update (BN2-C): all compute, and those send of whose update most would arrive, by n_k/n |Q_k(u_k)|."""

from typing import ClassVar

import tensorflow as tf

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import Some, by_data, largest


@dataclass(frozen=True)
class DeliverableUpdate(Some):
    """What is large and could not be sent does not count: those send of whose update most would arrive (BN2-C).

    All compute, and the N = ``senders`` with the largest n_k/n |Q_k(u_k)| send. Q_k is the compressor of a digital
    uplink at the bits that the link of device k carries in an equal share of the grant, as the receiver believes; where
    packets have fixed bits it is those. Everybody pays for computing and reports a float32. Weights are shares of the
    data that those who send have together.

    Amiri, Gunduz, Kulkarni, Poor, "Convergence of update aware device scheduling for federated learning at the wireless
    edge", IEEE Trans. Wireless Communications 2021.

    >>> import tensorflow as tf
    >>> from overair.learning import DeliverableUpdate, Sight
    >>> from overair.phy import keys
    >>> def arriving(works, share):
    ...     return share * tf.constant([1.0, 4.0, 2.0])
    >>> sight = Sight(tf.fill([3], 1 / 3), rates=lambda: tf.ones([3]), norms=lambda works: works, delivered=arriving)
    >>> plan, _ = DeliverableUpdate(senders=1).plan((), sight, keys.key(0))
    >>> plan.works.numpy().tolist(), plan.weights.numpy().tolist()
    ([True, True, True], [0.0, 1.0, 0.0])
    """

    sees_links: ClassVar[bool] = True
    sees_updates: ClassVar[bool] = True
    delivers: ClassVar[bool] = True
    unbiased: ClassVar[bool] = False

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        works = tf.ones_like(sight.shares, tf.bool)
        norms = sight.delivered(works, 1.0 / self.senders)
        return by_data(largest(norms, self.senders, key), sight.shares, works), state
