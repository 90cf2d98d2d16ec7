"""Blocks of an update's entries that are coded together, and the check bits of each."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from sionna.phy.fec.crc import CRCEncoder

FEWEST = 64  # entries of a block; there are zeros beside what is there


class Blocks(NamedTuple):
    """Blocks of neighbours, as even as can be, each in an order that a code's variables do not know."""

    size: int  # d
    many: int  # B
    width: int  # n
    order: np.ndarray  # [n]

    def cut(self, values: tf.Tensor) -> tf.Tensor:
        """Values [d] as [B, n], with zeros after the last."""
        filled = tf.pad(values, [[0, self.many * self.width - self.size]])
        return tf.gather(tf.reshape(filled, [self.many, self.width]), self.order, axis=1)

    def joined(self, values: tf.Tensor) -> tf.Tensor:
        """Values [B, n] as [d]."""
        return tf.reshape(tf.gather(values, np.argsort(self.order), axis=1), [-1])[: self.size]

    def of_blocks(self, values: tf.Tensor) -> tf.Tensor:
        """Values of blocks [B] at each of their entries, [d]."""
        return tf.repeat(values, self.width)[: self.size]


def cut_into(size: int, most: int) -> Blocks:
    """Of an update of so many entries, blocks of at most so many."""
    count = -(-size // most)
    width = max(-(-size // count), FEWEST)
    return Blocks(size, count, width, np.random.default_rng(width).permutation(width))


def check_bits(planes: tf.Tensor) -> tf.Tensor:
    """CRC-16 of the bits of blocks, [B, P, n], as [B, 16]."""
    flat = tf.reshape(tf.cast(planes, tf.float32), [planes.shape[0], planes.shape[1] * planes.shape[2]])
    return _crc(flat.shape[1])(flat)[:, flat.shape[1] :]


@cache
def _crc(size: int) -> Any:
    with tf.init_scope():  # built here, in no graph
        encoder = CRCEncoder("CRC16")
        encoder(tf.zeros([1, size]))
    return encoder
