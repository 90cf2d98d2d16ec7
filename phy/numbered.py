"""Numbers in place of devices: what is random about a device as a function of its number, at any count of devices.

``hashed`` makes 64 random bits of a key and of numbers, without a stream that would have to be counted through: the
mixing of splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014) of one number
after another. ``in_order`` is a pseudo-random order of 0 to n-1 of which any entry is had by itself: a generalised
Feistel network on the least rectangle that holds n numbers, walked until it is inside again (Black, Rogaway, "Ciphers
with arbitrary finite domains", CT-RSA 2002), which few are not. It has the ten rounds of NIST's FF1: with four, of
twenty devices some come 5 % more often than others.
"""

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

ROUNDS = 10
APART = 2**44  # of what rounds hash, more than a side of any order
_GOLDEN, _FIRST, _SECOND = (number - 2**64 for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class Numbered(NamedTuple):
    """A key of the devices with given numbers: what is drawn with it is one number a device, the same whoever else is.

    Draws have any shape that holds one number for each of the devices, or for as many of the first of them.
    """

    key: tf.Tensor  # int64 [2]
    numbers: tf.Tensor  # int64 [C]

    def bits(self, *each: int) -> tf.Tensor:
        """Random bits, so many for every device, int64 [C, *each]."""
        numbers = tf.reshape(self.numbers, [-1] + [1] * len(each))
        return hashed(self.key, numbers, tf.reshape(tf.range(math.prod(each), dtype=tf.int64), each))

    def group(self, index: tf.Tensor, size: int) -> "Numbered":
        """Those of a group of so many devices; the last one stands in where there are no more."""
        rows = tf.minimum(index * size + tf.range(size), tf.size(self.numbers) - 1)
        return self._replace(numbers=tf.gather(self.numbers, rows))

    def draws(self) -> Callable[..., tf.Tensor]:
        """One draw after another from ``low`` to ``high``, of shapes [C, ...]: each as if from a key of its own."""
        counts = itertools.count()

        def uniform(shape: list[int], low: float, high: float) -> tf.Tensor:
            key = hashed(self.key, tf.range(2, dtype=tf.int64), tf.constant(next(counts), tf.int64))
            return low + (high - low) * unit(self._replace(key=key).bits(*shape[1:]), tf.float32)

        return uniform

    def first(self, key: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
        """Random bits of a key of ours in a shape, one for each of as many devices as it holds."""
        count = tf.reduce_prod(shape)
        return tf.reshape(hashed(key, self.numbers[:count]), shape)


def hashed(key: tf.Tensor, *numbers: tf.Tensor) -> tf.Tensor:
    """Random bits of a key [2] and numbers of any shapes that go together, int64; of other numbers they are others."""
    bits = _mixed(_mixed(key[..., 0]) + key[..., 1])
    for number in numbers:
        bits = _mixed(bits + tf.cast(number, tf.int64))
    return bits


def unit(bits: tf.Tensor, dtype: tf.DType = tf.float64) -> tf.Tensor:
    """Bits as uniform numbers on [0, 1), as fine as the type is."""
    kept = 53 if dtype == tf.float64 else 24
    return tf.cast(_down(bits, 64 - kept), dtype) * 2.0**-kept


def normal(bits: tf.Tensor, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Bits as standard normal numbers, by the inverse of their distribution, in double precision."""
    middle = (tf.cast(_down(bits, 12), tf.float64) + 0.5) * 2.0**-52
    return tf.cast(tf.math.ndtri(middle), dtype)


def in_order(key: tf.Tensor, places: tf.Tensor, size: int | tf.Tensor, rounds: int = ROUNDS) -> tf.Tensor:
    """What stands at places of a random order of 0 to size-1, int64; keys [..., 2], places and sizes go together.

    Places are below the size, and no two of one order hold the same.
    """
    size = tf.cast(size, tf.int64)
    rows = tf.cast(tf.math.ceil(tf.sqrt(tf.cast(size, tf.float64))), tf.int64)
    of_order = hashed(key), rows, -(-size // rows)

    def once(at: tf.Tensor, own: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
        sides, sizes = [at // columns, at % columns], (rows, columns)
        for round in range(rounds):
            turned, by = round % 2, sides[1 - round % 2]
            move = _down(_mixed(own + (by + round * APART)), 1)
            sides[turned] = (sides[turned] + move) % sizes[turned]
        return sides[0] * columns + sides[1]

    def walk(at: tf.Tensor) -> tuple[tf.Tensor]:
        outside = tf.where(at >= size)
        parts = (tf.gather_nd(tf.broadcast_to(part, tf.shape(at)), outside) for part in (at, *of_order))
        return (tf.tensor_scatter_nd_update(at, outside, once(*parts)),)

    start = once(tf.cast(places, tf.int64) + tf.zeros_like(size), *of_order)
    return tf.while_loop(lambda at: tf.reduce_any(at >= size), walk, (start,))[0]


def _mixed(x: tf.Tensor) -> tf.Tensor:
    x = x + _GOLDEN
    x = tf.bitwise.bitwise_xor(x, _down(x, 30)) * _FIRST
    x = tf.bitwise.bitwise_xor(x, _down(x, 27)) * _SECOND
    return tf.bitwise.bitwise_xor(x, _down(x, 31))


def _down(x: tf.Tensor, by: int) -> tf.Tensor:
    """Shifted down, zeros from above."""
    return tf.bitwise.bitwise_and(tf.bitwise.right_shift(x, tf.constant(by, tf.int64)), 2 ** (64 - by) - 1)
