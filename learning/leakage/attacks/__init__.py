"""Attacks: what of pictures can be made out of a gradient, by whoever knows the network and how many they are."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from ....phy.keys import Key
from ...federated.task import Task, Weights


class Found(NamedTuple):
    """Pictures made out, and what each is said to show."""

    pictures: np.ndarray  # [N, *shape]
    labels: np.ndarray  # [N]


Ready = Callable[[Weights, np.ndarray, Key], Found]  # from weights and a gradient [d] of the mean loss


@runtime_checkable
class Attack(Protocol):
    """A gradient of zeros gives no picture: grey ones of zeros, of label 0."""

    def check(self, task: Task) -> None:
        """Raise ValueError where a network is none that can be attacked so."""
        ...

    def ready(self, task: Task, count: int) -> Ready:
        """What is made once for a network and so many pictures behind one gradient."""
        ...


def nothing(task: Task, count: int) -> Found:
    """Of a gradient of zeros."""
    return Found(np.zeros([count, *task.model.input_shape[1:]], np.float32), np.zeros(count, int))


FAMILY = Attack  # what each file of this folder is one of

__all__ = ["Attack", "Found", "Ready", "nothing"]
