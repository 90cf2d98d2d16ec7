"""The quantisers of a standard normal with the least squared error, and rounding to them."""

from functools import cache

import numpy as np
import scipy.stats
import tensorflow as tf

MOST_BITS = 8
STEPS = 1000  # of Lloyd's iteration
FEW_BITS = 3  # up to which comparing with each edge is faster than a search


def nearest(values: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Values in units of their deviation at the levels of so many bits, 8 at most."""
    levels = tf.gather(tf.constant(np.stack([_padded(b) for b in range(1, MOST_BITS + 1)]), values.dtype), bits - 1)
    edges = (levels[1:] + levels[:-1]) / 2.0

    def compared() -> tf.Tensor:
        found = tf.fill(tf.shape(values), levels[0])
        for at in range(2**FEW_BITS - 1):
            found = tf.where(values > edges[at], levels[at + 1], found)
        return found

    return tf.cond(bits <= FEW_BITS, compared, lambda: tf.gather(levels, tf.searchsorted(edges, values)))


def _padded(bits: int) -> np.ndarray:
    """The levels, and the highest again as often as makes as many for all."""
    return np.pad(lloyd_max(bits), (0, 2**MOST_BITS - 2**bits), mode="edge")


@cache
def lloyd_max(bits: int) -> np.ndarray:
    """The 2^b levels with the least squared error on N(0, 1), ascending."""
    normal = scipy.stats.norm
    levels = 3**0.5 * normal.ppf((np.arange(2**bits) + 0.5) / 2**bits)  # the density of many levels goes with p^(1/3)
    for _ in range(STEPS):
        edges = np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])
        mass, below = np.diff(normal.cdf(edges)), -np.diff(normal.pdf(edges))
        moved = below / mass
        if np.abs(moved - levels).max() < 1e-9:
            break
        levels = moved
    return levels
