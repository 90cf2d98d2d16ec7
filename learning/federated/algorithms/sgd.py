"""Distributed SGD (DSGD): each device sends one gradient a round, g_k = grad f_k(theta)."""

from typing import ClassVar

import tensorflow as tf

from ....phy.keys import Key
from ....phy.strict import dataclass
from .. import batches
from ..batches import Batches
from ..task import Task, Weights
from . import Sample, Stateless


@dataclass(frozen=True)
class Sgd(Stateless):
    """One batch, one gradient: distributed SGD (DSGD).

    Each device sends one gradient a round, g_k = grad f_k(theta), over a batch of ``batch_size`` samples drawn with
    repetition, or over all it has. The server's optimizer applies sum_k w_k g_k with w_k = n_k/n, over pi where devices
    take part with probability pi.

    >>> import tensorflow as tf
    >>> from overair.learning import Sgd
    >>> from overair.phy import keys
    >>> drawn = Sgd().batches(keys.key(0), sizes=tf.constant([4, 9]), largest=9, batch_size=2)
    >>> drawn.positions.shape  # of samples, by devices, steps and batch
    TensorShape([2, 1, 2])
    """

    moves: ClassVar[bool] = False

    def batches(self, key: Key, sizes: tf.Tensor, largest: int, batch_size: int | None) -> Batches:
        if batch_size is None:
            return batches.everything(sizes, largest, 1)
        return batches.with_repetition(key, sizes, 1, batch_size)

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        loss, gradient, after = task.gradient(weights, *sample(tf.constant(0)), key, tf.constant(0))
        return Weights(gradient, [old - new for old, new in zip(weights.statistics, after, strict=True)]), loss
