"""Entries that share a scale: an update cut at its layers, and every layer into buckets of so many entries."""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..layers import Layers

Cuts = tuple[tuple[int, int], ...]  # entries of each layer, and of its buckets


def cut(layers: Layers, buckets: Sequence[int]) -> Cuts:
    """Buckets of so many entries layer after layer, and again from the first; a layer is one where none are given."""
    sizes = [math.prod(layer) for layer in layers]
    widths = [buckets[place % len(buckets)] if buckets else size for place, size in enumerate(sizes)]
    return tuple((size, max(min(size, width), 1)) for size, width in zip(sizes, widths, strict=True))


def entries(cuts: Cuts) -> np.ndarray:
    """Of each bucket, [B]; the last of a layer may be shorter."""
    return np.array([min(width, size - at) for size, width in cuts for at in range(0, size, width)], np.float32)


def layer_of(cuts: Cuts) -> np.ndarray:
    """The layer each bucket belongs to, [B]."""
    return np.repeat(np.arange(len(cuts)), [-(-size // width) for size, width in cuts])


def parts(values: tf.Tensor, cuts: Cuts) -> list[tf.Tensor]:
    """An update's values [d] layer by layer."""
    return tf.split(values, [size for size, _ in cuts])


def largest(values: tf.Tensor, cuts: Cuts) -> tf.Tensor:
    """The largest magnitude in each bucket, [B]."""
    found = []
    for part, (size, width) in zip(parts(tf.abs(values), cuts), cuts, strict=True):
        found.append(tf.reduce_max(tf.reshape(tf.pad(part, [[0, -size % width]]), [-1, width]), axis=1))
    return tf.concat(found, axis=0)


def at_entries(values: tf.Tensor, cuts: Cuts) -> tf.Tensor:
    """Values of buckets [B] at each of their entries, [d]."""
    counts = [-(-size // width) for size, width in cuts]
    found = []
    for part, (size, width) in zip(tf.split(values, counts), cuts, strict=True):
        found.append(tf.reshape(tf.tile(part[:, None], [1, width]), [-1])[:size])
    return tf.concat(found, axis=0)
