"""Optimal inclusion: all compute, and each sends with chance min(1, c n_k/n |u_k|); weights n_k/n over that chance.

The chances pi_k sum to N. Unbiased, and of all independent chances with this sum those with the least variance of what
is received, sum_k (1/pi_k - 1) |w_k u_k|^2. Everybody pays for computing and reports a float32; the server answers with
c. Fewer than N send if fewer have anything to say. Chen, Horvath, Richtarik, "Optimal client sampling for federated
learning", TMLR 2022.
"""

from typing import ClassVar

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ....ota.round import Nest
from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import STRICT
from ..planning import inclusion
from . import Plan, Sight
from ._some import Some


@dataclass(frozen=True, config=STRICT)
class Optimal(Some):
    """Coins by the size of what would be sent; ``senders`` is their mean number."""

    sees_links: ClassVar[bool] = False
    sees_updates: ClassVar[bool] = True
    unbiased: ClassVar[bool] = True

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        works = tf.ones_like(sight.shares, tf.bool)
        chance = tf.cast(inclusion.optimal(sight.norms(works), self.senders), tf.float32)
        chosen = keys.uniform(key, tf.shape(chance)) < chance
        return Plan(tf.where(chosen, tf.math.divide_no_nan(sight.shares, chance), 0.0), works), state
