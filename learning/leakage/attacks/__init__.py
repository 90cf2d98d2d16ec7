"""Attacks: what of pictures can be made out of a gradient, by whoever knows the network and how many they are."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from ....phy.documented import documented
from ....phy.keys import Key
from ...federated.task import Task, Weights


@documented
class Found(NamedTuple):
    """Pictures made out of a gradient, and what each is said to show.

    In whatever order an attack has them: which is of which sample no gradient tells.

    >>> import numpy as np
    >>> from overair.learning.leakage.attacks import Found
    >>> Found(pictures=np.zeros([2, 8, 8, 1], np.float32), labels=np.array([3, 5])).labels.tolist()
    [3, 5]
    """

    pictures: np.ndarray  # [N, *shape]
    labels: np.ndarray  # [N]


Ready = Callable[[Weights, np.ndarray, Key], Found]  # from weights and a gradient [d] of the mean loss


@runtime_checkable
class Attack(Protocol):
    """What of pictures can be made out of a gradient, by whoever knows the network and how many they are.

    A gradient of zeros gives no picture: grey ones of zeros, of label 0. One of your own is a frozen dataclass with
    these methods.

    >>> from overair.learning.leakage.attacks import Attack
    >>> from overair.learning.leakage.attacks.dense import Dense
    >>> isinstance(Dense(), Attack)
    True
    """

    def check(self, task: Task) -> None:
        """Raise ValueError where a network is none that can be attacked so."""
        ...

    def ready(self, task: Task, count: int) -> Ready:
        """What is made once for a network and ``count`` pictures behind one gradient.

        It takes ``(weights, seen, key)`` and gives ``Found``: ``seen`` is the gradient of the mean loss, float32 [d],
        and the key decides where a search begins.
        """
        ...


def nothing(task: Task, count: int) -> Found:
    """Of a gradient of zeros."""
    return Found(np.zeros([count, *task.model.input_shape[1:]], np.float32), np.zeros(count, int))


FAMILY = Attack  # what each file of this folder is one of

__all__ = ["Attack", "Found", "Ready", "nothing"]
