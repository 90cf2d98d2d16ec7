"""Which samples each device uses in a round: indices into its own share, drawn for all devices from one key.

A device of n_k samples draws a batch of each step uniformly with repetition, or goes through its share in a fresh
random order each epoch, or (no batch size) takes all of it. Everything is drawn at once for all devices, so it does
not depend on how devices are processed. ``mask`` is 0 on the padding of devices that have fewer samples than others.
"""

from typing import NamedTuple

import tensorflow as tf

from ...phy import keys
from ...phy.documented import documented
from ...phy.keys import Key


@documented
class Batches(NamedTuple):
    """Positions within each device's share, and 1 where a position counts.

    Of K devices in S local steps of B samples; a step in which none of a device's counts is none of its steps.

    >>> import tensorflow as tf
    >>> from overair.learning.federated.batches import Batches
    >>> batches = Batches(tf.zeros([2, 2, 1], tf.int32), tf.constant([[[1.0], [1.0]], [[1.0], [0.0]]]))
    >>> batches.steps.numpy().tolist(), batches.samples.numpy().tolist()
    ([2.0, 1.0], [2.0, 1.0])
    """

    positions: tf.Tensor  # int32 [K, S, B]
    mask: tf.Tensor  # float32 [K, S, B]
    whole: bool = False  # whether it is known that every device has samples in every step

    @property
    def steps(self) -> tf.Tensor:
        """How many steps of each device have samples, [K]."""
        return tf.reduce_sum(tf.reduce_max(self.mask, axis=2), axis=1)

    @property
    def samples(self) -> tf.Tensor:
        """How many samples each device processes, each as often as it is passed, [K]."""
        return tf.reduce_sum(self.mask, axis=[1, 2])


def everything(sizes: tf.Tensor, largest: int, steps: int) -> Batches:
    """Every step sees the whole share."""
    positions = tf.range(largest)[None, None, :]
    mask = tf.cast(positions < sizes[:, None, None], tf.float32)  # [K, 1, n]
    shape = [sizes.shape[0], steps, largest]
    positions = tf.minimum(positions, sizes[:, None, None] - 1)
    return Batches(tf.broadcast_to(positions, shape), tf.broadcast_to(mask, shape), whole=True)


def with_repetition(key: Key, sizes: tf.Tensor, steps: int, batch_size: int) -> Batches:
    """Independent uniform draws from each share."""
    unit = keys.uniform(key, [sizes.shape[0], steps, batch_size])
    scale = tf.cast(sizes, tf.float32)[:, None, None]
    positions = tf.minimum(tf.cast(unit * scale, tf.int32), sizes[:, None, None] - 1)
    return Batches(positions, tf.ones_like(unit), whole=True)


def epochs(key: Key, sizes: tf.Tensor, largest: int, count: int, batch_size: int) -> Batches:
    """Every share in a new random order each epoch, the last batch of an epoch cut short."""
    steps = -(-largest // batch_size)
    devices = sizes.shape[0]
    place = keys.uniform(key, [devices, count, largest])
    outside = tf.range(largest)[None, None, :] >= sizes[:, None, None]
    order = tf.argsort(tf.where(outside, 2.0, place), axis=-1)  # own samples first, in random order
    inside = tf.cast(tf.broadcast_to(~outside, tf.shape(place)), tf.float32)  # [K, E, n]
    padding = [[0, 0], [0, 0], [0, steps * batch_size - largest]]
    shape = [devices, count * steps, batch_size]
    order = tf.minimum(order, sizes[:, None, None] - 1)
    return Batches(tf.reshape(tf.pad(order, padding), shape), tf.reshape(tf.pad(inside, padding), shape))
