"""Proportional fair (PF): those whose links carry most of what they carry when they send, r_k / R_k.

R_k <- (1 - 1/W) R_k + r_k/W where k sends, without the second term where it does not; R_k = 1 before the first round.
Devices that are near and far take turns at their own best. Weights are shares of the data that those who send have
together. Yang, Liu, Quek, Poor, "Scheduling policies for federated learning in wireless networks", IEEE Trans.
Communications 2020.
"""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import STRICT
from . import Plan, Sight
from ._some import Some, by_data, largest


@dataclass(frozen=True, config=STRICT)
class ProportionalFair(Some):
    """The state is R, [K]."""

    window: Annotated[float, Ge(1), Le(1e6)] = 10.0
    """Length of the mean R of a device's rates, in rounds."""
    sees_links: ClassVar[bool] = True
    sees_updates: ClassVar[bool] = False
    unbiased: ClassVar[bool] = False

    def init(self, devices: int, key: Key) -> Nest:
        return tf.ones([devices])

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        rates = sight.rates()
        chosen = largest(tf.math.divide_no_nan(rates, state), self.senders, key)
        after = (1.0 - 1.0 / self.window) * state + tf.where(chosen, rates / self.window, 0.0)
        return by_data(chosen, sight.shares), after
