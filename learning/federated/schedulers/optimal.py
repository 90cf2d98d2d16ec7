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
from . import Plan, Sight
from ._some import Some

SLACK = 1e-6  # of a chance, which is float32


@dataclass(frozen=True, config=STRICT)
class Optimal(Some):
    """Coins by the size of what would be sent; ``senders`` is their mean number."""

    sees_links: ClassVar[bool] = False
    sees_updates: ClassVar[bool] = True
    unbiased: ClassVar[bool] = True

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        works = tf.ones_like(sight.shares, tf.bool)
        chance = inclusion(sight.norms(works), self.senders)
        chosen = keys.uniform(key, tf.shape(chance)) < chance
        return Plan(tf.where(chosen, tf.math.divide_no_nan(sight.shares, chance), 0.0), works), state


def inclusion(norms: tf.Tensor, count: int) -> tf.Tensor:
    """Chances min(1, c a_k) that sum to a count, or 1 wherever a_k > 0 if those are fewer, [K].

    The m largest are certain, with the least m by which the others stay below 1: c = (N - m) / sum of the others.
    """
    order = tf.argsort(norms, direction="DESCENDING", stable=True)
    a = tf.gather(norms, order)
    place = tf.range(tf.size(a))
    left = tf.cumsum(a, reverse=True)  # of a and all that are smaller, [K]
    c = tf.math.divide_no_nan(tf.cast(count - place, a.dtype), left)
    certain = tf.argmax(c * a <= 1.0 + SLACK, output_type=tf.int32)
    chance = tf.where(place < certain, 1.0, tf.minimum(c[certain] * a, 1.0))
    return tf.scatter_nd(order[:, None], chance, tf.shape(norms))
