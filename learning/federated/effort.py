"""Effort: how many of its local steps a device manages in a round, and whether what it computed arrives at all."""

from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le, Lt

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from .batches import Batches
from .schedulers import Plan


@dataclass(frozen=True)
class Effort:
    """Partial work and dropout: how many of its steps a device manages, and whether what it computed arrives.

    A device that manages fewer takes its first steps and sends what it has: the rest of its samples are masked, so that
    one compiled round serves all. What each manages is planned, so that the server knows it. One that is lost after
    computing is silent: the weights of others stay, and what it owes or remembers stays as it was.

    Li, Sahu, Zaheer, Sanjabi, Talwalkar, Smith, "Federated optimization in heterogeneous networks", MLSys 2020.

    >>> import tensorflow as tf
    >>> from overair.learning import Effort, Fedavg
    >>> from overair.phy import keys
    >>> batches = Fedavg(steps=4).batches(keys.key(0), sizes=tf.constant([9, 9]), largest=9, batch_size=2)
    >>> Effort(paces=(1.0, 0.5)).managed(batches, keys.key(0)).steps.numpy().tolist()
    [4.0, 2.0]
    """

    stragglers: Annotated[float, Ge(0), Le(1)] = 0.0
    """Chance of a device to manage only some of its steps in a round; at least one, all numbers alike likely."""
    paces: tuple[Annotated[float, Gt(0), Le(1)], ...] = ()
    """Shares of their steps that single devices manage; for devices 0, 1 and so on, and again from the first."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Chance of a device to be lost after it has computed."""

    def check(self, devices: int) -> None:
        """Raise ValueError where there are more paces than devices."""
        if len(self.paces) > devices:
            raise ValueError(
                f"effort.paces: expected one for each of {devices} devices or fewer to repeat, "
                f"received {len(self.paces)}; leave out the last {len(self.paces) - devices}"
            )

    def managed(self, batches: Batches, key: Key) -> Batches:
        """What devices get through of their batches, the rest masked; the key is the round's."""
        if not (self.stragglers or self.paces):
            return batches
        full, key = batches.steps, keys.fold(key, "effort")  # [K]
        most = self._most(full)
        some = 1.0 + tf.floor(keys.uniform(keys.fold(key, "steps"), [full.shape[0]]) * most)
        late = keys.uniform(keys.fold(key, "late"), [full.shape[0]]) < self.stragglers
        most = tf.where(late, tf.minimum(some, most), most)
        return _first(batches, most)

    def fewest(self, batches: Batches) -> Batches:
        """The least that devices may get through."""
        if not (self.stragglers or self.paces):
            return batches
        return _first(batches, tf.ones_like(batches.steps) if self.stragglers else self._most(batches.steps))

    def arriving(self, plan: Plan, key: Key) -> Plan:
        """The plan with weights of zero for those that are lost; they have computed. The key is the round's."""
        if not self.dropout:
            return plan
        there = keys.uniform(keys.fold(key, "dropout"), tf.shape(plan.weights)) >= self.dropout
        return plan._replace(weights=tf.where(there, plan.weights, 0.0))

    def _most(self, full: tf.Tensor) -> tf.Tensor:
        """Steps that devices manage of all theirs, [K]."""
        paces = tf.constant(np.resize(self.paces or (1.0,), full.shape[0]), tf.float32)
        return tf.math.ceil(full * paces - 1e-4)  # of what float32 makes of whole numbers


def _first(batches: Batches, most: tf.Tensor) -> Batches:
    """Only so many steps that have samples, [K]."""
    there = tf.reduce_max(batches.mask, axis=2)  # [K, S]
    mask = batches.mask * tf.cast(tf.cumsum(there, axis=1) <= most[:, None], tf.float32)[:, :, None]
    return batches._replace(mask=mask, whole=False)
