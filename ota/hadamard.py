"""The Walsh-Hadamard transform as a few small matrix products.

H of size n1 n2 n3 is the Kronecker product of H of n1, n2 and n3, so x as an n1 x n2 x n3 box is transformed along
each side in turn. On a CPU that beats the butterflies of the textbook by far: matrix products are what it does best.
"""

import numpy as np
import scipy.linalg
import tensorflow as tf

SIDE = 64  # the longest side of the box while three sides are enough


def transform(x: tf.Tensor) -> tf.Tensor:
    """H x along the last axis, whose length n is a power of two; H has entries +1 and -1 and H H = n I."""
    size = x.shape[-1]
    if size & (size - 1) or size == 0:
        raise ValueError(f"hadamard.transform: expected a length that is a power of two, received {size}")
    lead = tf.shape(x)[:-1]
    after = 1
    for side in _sides(size):
        box = tf.reshape(x, [-1, side, after])  # [rows * before, side, after]
        if after == 1:
            x = tf.matmul(tf.reshape(x, [-1, side]), _matrix(side, x.dtype))
        else:
            x = tf.matmul(_matrix(side, x.dtype), box)
        after *= side
    return tf.reshape(x, tf.concat([lead, [size]], 0))


def _sides(size: int) -> list[int]:
    bits = size.bit_length() - 1
    count = max(1, -(-bits // (SIDE.bit_length() - 1)))
    return [2 ** (bits // count + (1 if i < bits % count else 0)) for i in range(count)]


def _matrix(side: int, dtype: tf.DType) -> tf.Tensor:
    return tf.constant(scipy.linalg.hadamard(side).astype(np.float32), dtype)
