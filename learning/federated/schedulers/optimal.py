"""Optimal inclusion: all compute, and each sends with chance min(1, c n_k/n |u_k|); weights n_k/n over that chance."""

from typing import ClassVar

import tensorflow as tf

from ....ota.round import Nest
from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..planning import inclusion
from . import Plan, Sight
from ._some import Some


@dataclass(frozen=True)
class Optimal(Some):
    """Coins by the size of what would be sent; ``senders`` is their mean number.

    All compute, and each sends with chance pi_k = min(1, c n_k/n |u_k|); weights are n_k/n over that chance. The
    chances sum to N = ``senders``. Unbiased, and of all independent chances with this sum those with the least variance
    of what is received, sum_k (1/pi_k - 1) |w_k u_k|^2. Everybody pays for computing and reports a float32; the server
    answers with c. Fewer than N send if fewer have anything to say.

    Chen, Horvath, Richtarik, "Optimal client sampling for federated learning", TMLR 2022.

    >>> import tensorflow as tf
    >>> from overair.learning import Optimal, Sight
    >>> from overair.phy import keys
    >>> norms = tf.constant([0.0, 0.0, 0.5, 0.0])
    >>> sight = Sight(tf.fill([4], 0.25), lambda: tf.ones([4]), lambda works: norms)
    >>> plan, _ = Optimal(senders=1).plan((), sight, keys.key(0))
    >>> plan.weights.numpy().tolist()
    [0.0, 0.0, 0.25, 0.0]
    """

    sees_links: ClassVar[bool] = False
    sees_updates: ClassVar[bool] = True
    unbiased: ClassVar[bool] = True

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        works = tf.ones_like(sight.shares, tf.bool)
        chance = tf.cast(inclusion.optimal(sight.norms(works), self.senders), tf.float32)
        chosen = keys.uniform(key, tf.shape(chance)) < chance
        return Plan(tf.where(chosen, tf.math.divide_no_nan(sight.shares, chance), 0.0), works), state
