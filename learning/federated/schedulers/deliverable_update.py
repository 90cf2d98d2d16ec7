"""Deliverable update (BN2-C): all compute, and those send of whose update most would arrive, by n_k/n |Q_k(u_k)|.

Q_k is the compressor of a digital uplink at the bits that the link of device k carries in an equal share of the grant,
as the receiver believes; where packets have fixed bits it is those. Everybody pays for computing and reports a float32.
Weights are shares of the data that those who send have together. Amiri, Gunduz, Kulkarni, Poor, "Convergence of update
aware device scheduling for federated learning at the wireless edge", IEEE Trans. Wireless Communications 2021.
"""

from typing import ClassVar

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import STRICT
from . import Plan, Sight
from ._some import Some, by_data, largest


@dataclass(frozen=True, config=STRICT)
class DeliverableUpdate(Some):
    """What is large and could not be sent does not count."""

    sees_links: ClassVar[bool] = True
    sees_updates: ClassVar[bool] = True
    delivers: ClassVar[bool] = True
    unbiased: ClassVar[bool] = False

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        works = tf.ones_like(sight.shares, tf.bool)
        norms = sight.delivered(works, 1.0 / self.senders)
        return by_data(largest(norms, self.senders, key), sight.shares, works), state
