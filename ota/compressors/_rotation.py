"""H R x of one update x [d] in n >= d rotated coordinates, and back: block-diagonal Hadamard matrix, random signs R."""

import tensorflow as tf

from ..hadamard import transform


def rotated(signs: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """H R x, [n], for signs [n / block, block]."""
    blocks, block = signs.shape
    padded = tf.pad(x, [[0, blocks * block - x.shape[-1]]])
    return tf.reshape(transform(tf.reshape(padded, signs.shape) * signs), [blocks * block])


def returned(signs: tf.Tensor, v: tf.Tensor, size: int) -> tf.Tensor:
    """The first entries of (H R)'v, [d], of v [n]."""
    return tf.reshape(transform(tf.reshape(v, signs.shape)) * signs, [-1])[:size]
