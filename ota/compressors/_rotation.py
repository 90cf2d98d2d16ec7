"""H R x of one update x [d] in n >= d rotated coordinates, and back: block-diagonal Hadamard matrix, random signs R."""

from typing import NamedTuple

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from ..hadamard import transform
from ..projections import draw


class Turned(NamedTuple):
    """An update x as the shared key turns it: x/max|x| = (H R)'v/sqrt(block)."""

    signs: tf.Tensor  # R, [n / block, block]
    peak: tf.Tensor  # max|x|
    v: tf.Tensor  # [n]; zeros if x is

    @property
    def root(self) -> float:
        """sqrt(block)."""
        return float(self.signs.shape[1] ** 0.5)


def turned(x: tf.Tensor, key: Key) -> Turned:
    """An update [d] by the key of its device."""
    signs = draw(keys.fold(key, "rotation"), x.shape[-1], x.shape[-1]).signs
    peak = tf.reduce_max(tf.abs(x))
    return Turned(signs, peak, rotated(signs, tf.math.divide_no_nan(x, peak)) / signs.shape[1] ** 0.5)


def rotated(signs: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """H R x, [n], for signs [n / block, block]."""
    blocks, block = signs.shape
    padded = tf.pad(x, [[0, blocks * block - x.shape[-1]]])
    return tf.reshape(transform(tf.reshape(padded, signs.shape) * signs), [blocks * block])


def returned(signs: tf.Tensor, v: tf.Tensor, size: int) -> tf.Tensor:
    """The first entries of (H R)'v, [d], of v [n]."""
    return tf.reshape(transform(tf.reshape(v, signs.shape)) * signs, [-1])[:size]
