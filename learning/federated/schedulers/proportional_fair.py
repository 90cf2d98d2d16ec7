"""Proportional fair (PF): those whose links carry most of what they carry when they send, r_k / R_k."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import Some, by_data, largest

LEAST = 1e-30  # of R: who was silent for long comes first, however short the window


@dataclass(frozen=True)
class ProportionalFair(Some):
    """The state is R, [K]; those send whose links carry most of what they carry when they send, r_k / R_k (PF).

    With r_k the rate of device k in bits an element and W = ``window`` rounds,

        R_k <- (1 - 1/W) R_k + r_k/W    where k sends,        R_k <- (1 - 1/W) R_k    where it does not,

    and R_k = 1 before the first round. Devices that are near and far take turns at their own best. Weights are shares
    of the data that those who send have together.

    Yang, Liu, Quek, Poor, "Scheduling policies for federated learning in wireless networks", IEEE Trans. Communications
    2020.

    >>> import tensorflow as tf
    >>> from overair.learning import ProportionalFair, Sight
    >>> from overair.phy import keys
    >>> sight = Sight(tf.fill([2], 0.5), rates=lambda: tf.constant([4.0, 1.0]), norms=lambda works: works)
    >>> scheduler = ProportionalFair(senders=1, window=2.0)
    >>> plan, state = scheduler.plan(scheduler.init(2, keys.key(0)), sight, keys.key(0))
    >>> plan.weights.numpy().tolist(), state.numpy().tolist()
    ([1.0, 0.0], [2.5, 0.5])
    """

    window: Annotated[float, Ge(1), Le(1e6)] = 10.0
    """Length of the mean R of a device's rates, in rounds."""
    sees_links: ClassVar[bool] = True
    sees_updates: ClassVar[bool] = False
    unbiased: ClassVar[bool] = False

    def init(self, devices: int, key: Key) -> Nest:
        return tf.ones([devices])

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        rates = sight.rates()
        chosen = largest(rates / tf.maximum(state, LEAST), self.senders, key)
        after = (1.0 - 1.0 / self.window) * state + tf.where(chosen, rates / self.window, 0.0)
        return by_data(chosen, sight.shares), after
