"""Probabilities that keep some of many orthogonal parts with the least variance, and a sample of just so many.

A part of size a_i is kept with probability p_i and then scaled by 1/p_i: unbiased, with a variance of sum a_i^2 (1/p_i
- 1), whatever parts are kept together, as parts are orthogonal. Of all p with sum k the variance is least for p_i =
min(1, a_i/v): the c largest are certain, and v = (sum of the others)/(k - c). Then (sum a)^2/k - sum a^2 is left where
none is certain. The sample is systematic: the p_i lie end to end on a line, and kept is where u, u + 1, ... fall, so
that it is k parts always. Wang et al., "ATOMO: communication-efficient learning via atomic sparsification", NeurIPS
2018; Wangni et al., "Gradient sparsification for communication-efficient distributed optimization", NeurIPS 2018;
Madow, "On the theory of systematic sampling", 1949.
"""

from typing import NamedTuple

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key


class Filled(NamedTuple):
    """The water level, and how many parts stand above it."""

    level: tf.Tensor  # v, float64
    certain: tf.Tensor  # c, int32


class Sizes(NamedTuple):
    """Sizes in falling order, and what follows from them whatever k is."""

    below: tf.Tensor  # of 0, 1, ... n certain ones, the sum of the others, float64 [n + 1]
    reached: tf.Tensor  # the k from which on a part is certain, float64 [n]


def sizes(falling: tf.Tensor) -> Sizes:
    """Of sizes [n] in falling order."""
    a = tf.cast(falling, tf.float64)
    below = tf.cumsum(a, reverse=True)
    index = tf.range(tf.size(a))
    reached = tf.where(a > 0, tf.cast(index, a.dtype) + tf.math.divide_no_nan(below, a), float("inf"))
    return Sizes(tf.concat([below, tf.zeros([1], below.dtype)], 0), reached)


def filled(all: Sizes, kept: tf.Tensor) -> Filled:
    """For k parts kept, any shape; of fewer parts that are not zero all are certain, and the level is 0."""
    flat = tf.reshape(kept, [-1])
    certain = tf.reshape(tf.searchsorted(all.reached, tf.cast(flat, tf.float64)), tf.shape(kept))
    return Filled(tf.math.divide_no_nan(tf.gather(all.below, certain), tf.cast(kept - certain, tf.float64)), certain)


def probabilities(sizes: tf.Tensor, level: tf.Tensor) -> tf.Tensor:
    """Of parts of these sizes in any order, float64."""
    a = tf.cast(sizes, tf.float64)
    return tf.where((a >= level) & (a > 0), tf.ones_like(a), tf.math.divide_no_nan(a, level))


def sample(chances: tf.Tensor, key: Key) -> tf.Tensor:
    """Which parts are kept, bool [n]: the certain ones, and of the others as many as their chances add up to."""
    certain = chances >= 1.0
    ends = tf.cumsum(tf.where(certain, tf.zeros_like(chances), chances))
    total = tf.round(ends[-1])
    ends = tf.minimum(ends * tf.math.divide_no_nan(total, ends[-1]), total)
    ends = tf.concat([tf.zeros([1], ends.dtype), ends[:-1], total[None]], 0)
    points = tf.math.ceil(ends - keys.uniform(keys.fold(key, "sample"), [], dtype=tf.float64))
    return certain | (points[1:] > points[:-1])
