"""What schedulers by time share: nothing is remembered, and a plan that may be of nobody."""

from typing import ClassVar

import tensorflow as tf

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan


@dataclass(frozen=True)
class Timed:
    """As many send as there is time for."""

    sees_updates: ClassVar[bool] = False
    sees_times: ClassVar[bool] = True
    delivers: ClassVar[bool] = False
    unbiased: ClassVar[bool] = False
    stale: ClassVar[bool] = False

    @property
    def participation(self) -> float | None:
        return None

    def check(self, devices: int) -> None:
        pass

    def init(self, devices: int, key: Key) -> Nest:
        return ()

    def learn(self, state: Nest, decoded: tf.Tensor) -> Nest:
        return state


def by_data(chosen: tf.Tensor, shares: tf.Tensor) -> Plan:
    """Those chosen send by their shares of the data that they have together; nobody by none."""
    weights = tf.where(chosen, shares, 0.0)
    return Plan(tf.math.divide_no_nan(weights, tf.reduce_sum(weights)), chosen)
