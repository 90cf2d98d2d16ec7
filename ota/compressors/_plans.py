"""Plans: how many bits each layer of an update is worth, from sizes and variances that both sides know.

A layer costs a scale of 32 bits before its first entry. Entries are taken for Gaussian: b bits leave 4^-b of their
variance where b is any number, and what the best 2^b levels leave where b is whole, from 0 to 8. Plans may come out
above or below the bits that there are; what is left of them, or lacks, is the layers' in proportion.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np
import scipy.stats
import tensorflow as tf

from ..allocation import least, steepest, water_filling
from ._lloyd_max import lloyd_max

SCALE_BITS = 32
EXACT_BITS = 32  # of an entry as it is
SMALL = 200  # entries of a layer that may be sent as it is
MOST_BITS = 8
CELLS = 10_000  # of the error, of L-GreCo
BUDGET_CELLS = 2**14  # of the bits; where there are more, costs are rounded up to whole cells
Plan: TypeAlias = Callable[[tuple[int, ...], tf.Tensor, tf.Tensor], tf.Tensor]  # sizes, variances [L], bits -> [L]


def entries(sizes: tuple[int, ...], variances: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """As many for every entry, and a scale each where that takes no more than half."""
    scale = tf.minimum(bits / (2.0 * len(sizes)), float(SCALE_BITS))
    return scale + _column(sizes) * (bits - len(sizes) * scale) / sum(sizes)


def filled(sizes: tuple[int, ...], variances: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Reverse water-filling, with a scale for each layer that is worth it."""
    n = _column(sizes)
    each = water_filling(n * variances, 1.0 / n, bits, float(SCALE_BITS)).each
    return tf.where(each > 0, each + SCALE_BITS, 0.0)


def exact(sizes: tuple[int, ...], variances: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Whole bits of least error, by dynamic programming."""
    errors, costs = _tables(sizes)
    unit = float(np.gcd.reduce(costs[costs < np.inf].astype(np.int64)))
    cell = tf.maximum(bits / BUDGET_CELLS, unit)
    needed = tf.minimum(tf.math.ceil(costs / cell), BUDGET_CELLS + 1.0)
    room = tf.cast(tf.floor(bits / cell), tf.int32)
    return _costs(least(variances[:, None] * errors, tf.cast(needed, tf.int32), room, BUDGET_CELLS), costs)


def greedy(sizes: tuple[int, ...], variances: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Whole bits, by steps down the convex hulls of the layers' errors."""
    errors, costs = _tables(sizes)
    return _costs(steepest(variances, errors, np.where(costs < np.inf, costs, 1e18), bits), costs)


def l_greco(sizes: tuple[int, ...], variances: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """The fewest whole bits whose error is at most that of the same bits for every entry."""
    (errors, costs), n = _tables(sizes), _column(sizes)
    same = tf.clip_by_value((bits - len(sizes) * SCALE_BITS) / sum(sizes), 0.0, float(MOST_BITS))
    low = tf.cast(tf.minimum(tf.floor(same), MOST_BITS - 1.0), tf.int32)
    law, part = tf.constant(gaussian()), same - tf.cast(low, tf.float64)
    allowed = tf.reduce_sum(n * variances) * ((1.0 - part) * law[low] + part * law[low + 1])
    cells = tf.math.ceil(tf.math.divide_no_nan(variances[:, None] * errors * CELLS, allowed) * (1.0 - 1e-12))
    cells = tf.cast(tf.minimum(cells, CELLS + 1.0), tf.int32)
    return _costs(least(costs, cells, tf.constant(CELLS), CELLS), costs)


def _tables(sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Errors at variance 1 and bits of all choices of each layer, [L, C]; the last is to send it as it is."""
    n, depths = np.array(sizes, float)[:, None], np.arange(MOST_BITS + 1)
    coded = n * depths + SCALE_BITS * (depths > 0)
    whole = np.where(n <= SMALL, EXACT_BITS * n, np.inf)
    return np.concatenate([n * gaussian(), 0 * n], axis=1), np.concatenate([coded, whole], axis=1)


@cache
def gaussian() -> np.ndarray:
    """What the best 2^b levels leave of a Gaussian variance, [b]."""
    return np.array([1.0, *(_left(lloyd_max(bits)) for bits in range(1, MOST_BITS + 1))])


def _left(levels: np.ndarray) -> float:
    """1 - E[q^2], as levels are the means of their cells."""
    edges = np.concatenate([[-math.inf], (levels[1:] + levels[:-1]) / 2, [math.inf]])
    return float(1.0 - np.sum(np.diff(scipy.stats.norm.cdf(edges)) * levels**2))


def _costs(choice: tf.Tensor, costs: np.ndarray) -> tf.Tensor:
    return tf.gather(tf.constant(costs), choice, batch_dims=1)


def _column(sizes: tuple[int, ...]) -> tf.Tensor:
    return tf.constant(sizes, tf.float64)
