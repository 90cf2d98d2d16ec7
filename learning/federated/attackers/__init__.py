"""Attackers: what Byzantine devices send in place of their updates, or learn from in place of their data."""

from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
import tensorflow as tf

from ....phy.documented import documented
from ....phy.keys import Key


@documented
class Others(NamedTuple):
    """What attackers that see everything know of the honest updates of a round.

    Mean and deviation are over the honest devices that take part, by entry, in float32.

    >>> import tensorflow as tf
    >>> from overair.learning import Others
    >>> updates = tf.constant([[1.0, 2.0], [3.0, 2.0]])  # of two honest devices
    >>> others = Others(tf.reduce_mean(updates, 0), tf.math.reduce_std(updates, 0))
    >>> others.mean.numpy().tolist(), others.deviation.numpy().tolist()
    ([2.0, 2.0], [1.0, 0.0])
    """

    mean: tf.Tensor  # [d]
    deviation: tf.Tensor  # standard deviation of each entry, [d]


@documented
@runtime_checkable
class Attacker(Protocol):
    """What Byzantine devices send in place of their updates, or learn from in place of their data.

    At strength 0 an attacker is honest. One of your own is a frozen dataclass with these methods.

    >>> import tensorflow as tf
    >>> from overair.learning import Attacker, SignFlip
    >>> attacker = SignFlip(count=2, strength=0.0)
    >>> isinstance(attacker, Attacker), attacker.count, attacker.obeys
    (True, 2, True)
    >>> attacker.forge(tf.constant([1.0, -2.0]), None, devices=5, key=None).numpy().tolist()
    [1.0, -2.0]
    """

    sees_others: ClassVar[bool]  # whether it asks for the mean and the deviation of the honest updates

    @property
    def count(self) -> int:
        """Of attackers."""
        ...

    @property
    def obeys(self) -> bool:
        """Whether attackers keep to the power rule; else a level is agreed on without them, and they spend it all."""
        ...

    def check(self, devices: int) -> None:
        """Raise ValueError where so many devices are too few."""
        ...

    def forge(self, update: tf.Tensor, others: Others | None, devices: int, key: Key) -> tf.Tensor:
        """What is sent in place of an update, float32 [d], of that shape and type; in graph.

        ``others`` is None unless ``sees_others``, ``devices`` is how many there are, attackers among them, and the key,
        int64 [2], is of the device and the round.
        """
        ...

    def labels(self, labels: np.ndarray, classes: int, random: np.random.Generator) -> np.ndarray:
        """What an attacker's samples are said to be, int32 [n], of their labels [n] from 0 to ``classes`` - 1."""
        ...


FAMILY = Attacker  # what each file of this folder is one of

__all__ = ["Attacker", "Others"]
