"""Attackers: what Byzantine devices send in place of their updates, or learn from in place of their data."""

from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
import tensorflow as tf

from ....phy.keys import Key


class Others(NamedTuple):
    """What attackers that see everything know of the honest updates of a round."""

    mean: tf.Tensor  # [d]
    deviation: tf.Tensor  # standard deviation of each entry, [d]


@runtime_checkable
class Attacker(Protocol):
    """At strength 0 an attacker is honest."""

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
        """What is sent in place of an update [d]; the key is of the device and the round."""
        ...

    def labels(self, labels: np.ndarray, classes: int, random: np.random.Generator) -> np.ndarray:
        """What an attacker's data is said to be, int32 [n]."""
        ...


FAMILY = Attacker  # what each file of this folder is one of

__all__ = ["Attacker", "Others"]
