"""Samples of devices that are known by a number, from a pool that all draw from: a device's are the same in any round.

A device has none of them twice; two devices may have the same. Of a sample in position j the class is what a partition
says, and which sample of that class it is stands at place j of an order that is the device's own, and that begins
somewhere else in every class.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ...phy import keys, numbered
from ...phy.keys import Key
from ...phy.numbered import Numbered

ROUNDS = 6  # of orders, in place of ten: of twenty samples all come as often, to less than can be measured
ClassesOf = Callable[[Numbered, int], tf.Tensor]  # from devices [C] and how many samples to their classes, int64 [C, S]


@dataclass(frozen=True)
class Pool:
    """What a device of any number has."""

    samples: int  # of a device
    starts: tf.Tensor  # where each class begins in the order, int64 [classes]
    sizes: tf.Tensor  # samples of each class, int64 [classes]
    order: tf.Tensor  # samples of one class after another, int32 [N]
    classes_of: ClassesOf
    key: Key

    def indices(self, numbers: tf.Tensor) -> tf.Tensor:
        """Which samples devices [C] have, int32 [C, S]."""
        own = Numbered(keys.fold(self.key, "samples"), numbers)
        begin = Numbered(keys.fold(self.key, "begin"), numbers).bits(self.sizes.shape[0]) % self.sizes  # [C, classes]
        classes = self.classes_of(Numbered(keys.fold(self.key, "classes"), numbers), self.samples)  # [C, S]
        sizes = self.sizes if self.sizes.shape[0] == 1 else tf.gather(self.sizes, classes)
        place = numbered.in_order(own.bits(2)[:, None], tf.range(self.samples)[None], sizes, ROUNDS)
        place = (place + tf.gather(begin, classes, batch_dims=1)) % sizes
        return tf.gather(self.order, tf.gather(self.starts, classes) + place)


def pooled(labels: np.ndarray, samples: int | None, seed: int, purpose: str, classes_of: ClassesOf) -> Pool:
    """So many samples a device of the classes that labels [N] tell apart."""
    _, sizes = np.unique(labels, return_counts=True)
    if samples is None:
        raise ValueError(
            "samples_per_device: expected a number with a cohort, as devices draw from one pool of samples, received "
            f"none; set partition.samples_per_device, {sizes.min()} at most"
        )
    if samples > sizes.min():
        raise ValueError(
            f"samples_per_device: expected at most {sizes.min()} with a cohort, as many as the smallest class of the "
            f"pool has, received {samples}; ask for fewer"
        )
    starts = np.cumsum(sizes) - sizes
    order = np.argsort(labels, kind="stable")
    first, many = tf.constant(starts, tf.int64), tf.constant(sizes, tf.int64)
    return Pool(samples, first, many, tf.constant(order, tf.int32), classes_of, keys.key(seed, "partition", purpose))


__all__ = ["Pool", "pooled"]
