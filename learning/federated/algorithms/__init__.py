"""Algorithms: what a device computes from its samples in a round."""

from collections.abc import Callable
from typing import ClassVar, Protocol, runtime_checkable

import tensorflow as tf

from ....phy.keys import Key
from ..batches import Batches
from ..task import Task, Weights

Sample = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]  # step -> x [B, ...], y [B], mask [B]


@runtime_checkable
class Algorithm(Protocol):
    """An update points uphill like a gradient: the server's optimizer subtracts it."""

    moves: ClassVar[bool]  # whether devices compute on weights of their own, away from the server's

    def batches(self, key: Key, sizes: tf.Tensor, largest: int, batch_size: int | None) -> Batches:
        """The samples all devices use in a round; ``sizes`` [K] are those of their shares, ``largest`` the longest."""
        ...

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        """One device's update and its mean training loss."""
        ...


FAMILY = Algorithm  # what each file of this folder is one of

__all__ = ["Algorithm", "Sample"]
