"""What schedulers that wait for nobody share: when devices under way will be ready, and the ages of their models."""

from typing import Annotated, ClassVar, NamedTuple

import tensorflow as tf
from annotated_types import Ge, Le

from ....ota.terms import Access
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..planning.staleness import polynomial
from ._timed import Timed


class Underway(NamedTuple):
    """Of devices, [K]."""

    begins: tf.Tensor  # whether it has begun anew since the last round, bool
    left: tf.Tensor  # seconds until it is ready; of one that has begun, less those since it did; float64
    age: tf.Tensor  # steps of the server since the model that it began with


@dataclass(frozen=True)
class Stale(Timed):
    """Every device is always busy."""

    exponent: Annotated[float, Ge(0), Le(100)] = 0.5
    """Power of one plus its age, in server steps, by which an update counts less."""
    stale: ClassVar[bool] = True
    access: ClassVar[Access] = "equal"

    def init(self, devices: int, key: Key) -> Underway:
        return Underway(tf.ones([devices], tf.bool), tf.zeros([devices], tf.float64), tf.zeros([devices]))

    def ready(self, state: Underway, durations: tf.Tensor) -> tf.Tensor:
        """Seconds until each is ready, from those that what begins now takes, [K]; never below 0."""
        return tf.maximum(tf.where(state.begins, durations + state.left, state.left), 0.0)

    def counted(self, age: tf.Tensor) -> tf.Tensor:
        """By how much updates of some age count."""
        return polynomial(age, self.exponent)
