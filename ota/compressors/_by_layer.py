"""Layers of an update, one by one; those without entries are passed over."""

import math

import tensorflow as tf

from ..layers import Layers


def sizes(layers: Layers) -> list[int]:
    """Entries of each layer that has any."""
    return [count for count in map(math.prod, layers) if count]


def parts(update: tf.Tensor, layers: Layers) -> list[tf.Tensor]:
    """The layers of an update [d]."""
    return list(tf.split(update, sizes(layers)))


def spread(values: tf.Tensor, layers: Layers) -> tf.Tensor:
    """A number of each layer [L] in all its entries, [d]."""
    each = zip(sizes(layers), tf.unstack(values, len(sizes(layers))), strict=True)
    return tf.concat([tf.fill([count], value) for count, value in each], 0)
