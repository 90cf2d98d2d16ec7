"""Samples of devices that are known by a number, from a pool that all draw from: a device's are the same in any round.

A device has none of them twice; two devices may have the same. Of a sample in position j the class is what a partition
says, and which sample of that class it is stands at place j of an order of that class, which is the device's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ...phy import keys, numbered
from ...phy.keys import Key
from ...phy.numbered import Numbered

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
        own = numbered.hashed(keys.fold(self.key, "samples"), numbers[:, None])  # [C, 1]
        classes = self.classes_of(Numbered(keys.fold(self.key, "classes"), numbers), self.samples)  # [C, S]
        of_class = tf.stack([numbered.hashed(self.key, own, classes), own + tf.zeros_like(classes)], -1)
        places, sizes = tf.range(self.samples, dtype=tf.int64)[None], tf.gather(self.sizes, classes)
        return tf.gather(self.order, tf.gather(self.starts, classes) + numbered.in_order(of_class, places, sizes))


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
    parts = (tf.constant(part, tf.int64) for part in (starts, sizes))
    return Pool(samples, *parts, tf.constant(order, tf.int32), classes_of, keys.key(seed, "partition", purpose))


__all__ = ["Pool", "pooled"]
