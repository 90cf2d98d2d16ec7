"""What schedulers of a given number of devices share: that number, its check, and the choice of the largest scores."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ....ota.round import Nest
from ....ota.terms import Access
from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan


@dataclass(frozen=True)
class Some:
    """So many of all devices send; nothing is remembered."""

    senders: Annotated[int, Gt(0), Le(10**6)] = 1
    """Devices that send in a round."""
    sees_times: ClassVar[bool] = False
    delivers: ClassVar[bool] = False
    access: ClassVar[Access] = "equal"
    stale: ClassVar[bool] = False

    @property
    def participation(self) -> float | None:
        return None

    def check(self, devices: int) -> None:
        if self.senders > devices:
            raise ValueError(
                f"scheduler.senders: expected at most all {devices} devices, received {self.senders}; "
                f"set scheduler.senders = {devices} or fewer, or take more devices"
            )

    def init(self, devices: int, key: Key) -> Nest:
        return ()

    def learn(self, state: Nest, decoded: tf.Tensor) -> Nest:
        return state


def largest(scores: tf.Tensor, count: int, key: Key) -> tf.Tensor:
    """Who has the largest scores, bool [K]; of those that are equal, lots decide."""
    lots = tf.argsort(keys.uniform(keys.fold(key, "lots"), tf.shape(scores)))
    best = tf.gather(lots, tf.math.top_k(tf.gather(scores, lots), count).indices)
    return these(best, scores)


def these(devices: tf.Tensor, everybody: tf.Tensor) -> tf.Tensor:
    """Whether a device is one of some [C], bool [K] as ``everybody``."""
    return tf.scatter_nd(devices[:, None], tf.ones_like(devices), tf.shape(everybody, devices.dtype)) > 0


def by_chance(chosen: tf.Tensor, shares: tf.Tensor, chance: tf.Tensor | float) -> Plan:
    """Those chosen send by their shares of the data over their chance of being chosen."""
    return Plan(tf.where(chosen, shares / chance, 0.0), chosen)


def by_data(chosen: tf.Tensor, shares: tf.Tensor, works: tf.Tensor | None = None) -> Plan:
    """Those chosen send by their shares of the data that they have together, as no chance is known."""
    weights = tf.where(chosen, shares, 0.0)
    return Plan(weights / tf.reduce_sum(weights), chosen if works is None else works)
