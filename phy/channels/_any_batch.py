"""Channels drawn for a batch whose size is not known when a graph is made, as Keras's ``fit`` makes one.

Some channels serve any batch as they are, and say so with ``any_batch = True``. Others need to know the size: they are
drawn in groups of a fixed size, one after another, and what is too much is dropped.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from .. import keys
from ..keys import Key
from ..link import Paths, Size, Span
from . import Channel

GROUP = 16  # realisations drawn at once


def any_batch(channel: Channel) -> Channel:
    """The channel, able to be drawn for a batch size that is a tensor."""
    return channel if getattr(channel, "any_batch", False) else AnyBatch(channel)


@dataclass(frozen=True)
class AnyBatch:
    """A channel that can also be drawn for a batch whose size is not known when a graph is made."""

    channel: Channel

    @property
    def static(self) -> bool:
        return self.channel.static

    @property
    def longest(self) -> float:
        return self.channel.longest

    @property
    def scales(self) -> bool:
        return self.channel.scales

    @property
    def lasting(self) -> bool:
        return self.channel.lasting

    def correlation(self, then: np.ndarray, now: np.ndarray, seconds: float) -> np.ndarray:
        return self.channel.correlation(then, now, seconds)

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        if isinstance(size.batch, int):
            return self.channel.draw(size, span, key, place)

        def group(number: tf.Tensor) -> Paths:
            some = size._replace(batch=GROUP)
            return self.channel.draw(some, span, keys.fold(key, number), keys.fold(place, number))

        spec = tf.TensorSpec([], tf.int32)
        shapes = tf.function(group, autograph=False).get_concrete_function(spec).structured_outputs
        signature = Paths(*(tf.TensorSpec(each.shape, each.dtype) for each in shapes))
        numbers = tf.range(-(-size.batch // GROUP))
        drawn = tf.map_fn(group, numbers, fn_output_signature=signature, parallel_iterations=1)
        return Paths(*(tf.reshape(each, [-1, *each.shape[2:]])[: size.batch] for each in drawn))
