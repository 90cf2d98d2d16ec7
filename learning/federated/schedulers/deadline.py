"""Deadline (FedCS): as many devices as end before a deadline; they compute at once and send one after another."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ....ota.round import Nest
from ....ota.terms import Access
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..planning.fedcs import fedcs
from . import Plan, Sight
from ._timed import Timed, by_data

_greedy = tf.function(fedcs, autograph=False, jit_compile=True)  # device after device on a few numbers


@dataclass(frozen=True)
class Deadline(Timed):
    """Computing, sending and the broadcast back all count: as many devices as end before a deadline (FedCS).

    They compute at once and send one after another. Greedy: whoever lengthens the round least comes next. With
    ``grant.bits`` a device sends on the whole band in its turn, for S bits over what its link carries, as the receiver
    believes; with a fixed grant all send at once, and those take part who are ready before it begins. What computing
    will take is known beforehand. A round in which nobody would end in time, or all are lost, lasts until the deadline.
    Weights are shares of the data that those who send have together, biased toward the fast and the near.

    Nishio, Yonetani, "Client selection for federated learning with heterogeneous resources in mobile edge", ICC 2019.

    >>> import tensorflow as tf
    >>> from overair.learning import Deadline, Sight
    >>> from overair.phy import keys
    >>> def computed():
    ...     return tf.constant([1.0, 4.0, 2.0], tf.float64)  # seconds
    >>> sight = Sight(tf.fill([3], 1 / 3), lambda: tf.ones([3]), lambda works: works, ready=computed, airtime=1.0)
    >>> plan, _ = Deadline(seconds=3.5).plan((), sight, keys.key(0))
    >>> plan.weights.numpy().tolist()
    [0.5, 0.0, 0.5]
    """

    seconds: Annotated[float, Gt(0), Le(1e9)] = 1.0
    """Latest end of a round, in seconds."""
    sees_links: ClassVar[bool] = True
    access: ClassVar[Access] = "turns"

    def check_times(self, least: float, besides: float, fixed_bits: bool) -> None:
        if not least + besides < self.seconds:
            raise ValueError(
                f"scheduler.seconds: expected more than {least + besides:.4g} s, which a round of the fastest device "
                f"takes, received {self.seconds:g}; take a later deadline, or faster hardware"
            )

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        queue = _greedy(sight.ready(), sight.uploads(), self.seconds - sight.besides)
        wait = tf.constant(self.seconds, tf.float64)
        return by_data(queue.chosen, sight.shares)._replace(turn=queue.turn, wait=wait), state
