"""What is shared goes where it lowers an error most: bits to the layers of an update, elements to devices.

Shares N_k of a total N that lower parts of an error as 4^(-c_k N_k),

    sum_k a_k 4^(-c_k N_k),   N_k = log4(a_k c_k / level)_+,   sum_k N_k = N.

Bits over layers of n_l entries of variance s_l^2 are a_l = n_l s_l^2, c_l = 1/n_l: reverse water-filling, where the
level is the distortion D_l = min(level, s_l^2) of each entry (Cover and Thomas, "Elements of information theory",
10.3.3). Resource elements over devices are a_k = w_k^2 |u_k|^2, c_k = C_k/d at C_k bits an element. Who gets
anything may have to pay F_k first, such as a scale of 32 bits. With r = a c/level that is worth while where r - 1 - ln
r > 2 ln 2 c F, so each part has a level of its own, and joins once the common one is below it.

Elements may also go by norms, n_k in proportion to |u_k|/C_k, so that bits are in proportion to norms. Amiri, Gunduz,
Kulkarni, Poor, "Convergence of update aware device scheduling for federated learning at the wireless edge", IEEE Trans.
Wireless Communications 2021.

Where shares are whole numbers of bits, ``least`` is the exact choice from a table of values and costs (a knapsack, by
dynamic programming), and ``steepest`` takes steps down the convex hulls of the tables, those that lower the error most
for their cost first; steps down the tables themselves would stop before bits that only pay together. Shoham and Gersho,
"Efficient bit allocation for an arbitrary set of quantizers", 1988. With the roles of both exchanged ``least`` is
L-GreCo: the fewest bits whose error is at most that of the same bits for every layer. Alimohammadi et al., "L-GreCo:
layerwise-adaptive gradient compression for efficient data-parallel deep learning", MLSys 2024.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

NEWTON = 5  # steps to the r that is worth a fixed cost; a rounding of float64 is left
LOG4 = math.log(4.0)


class Shares(NamedTuple):
    """What water-filling brings, float64."""

    level: tf.Tensor  # of those that get something, what the next of it lowers the error by is 2 ln 2 of this
    each: tf.Tensor  # [K], without what they pay first


def water_filling(error: tf.Tensor, speed: tf.Tensor, total: tf.Tensor, fixed: tf.Tensor | float = 0.0) -> Shares:
    """Shares that lower sum_k a_k 4^(-c_k N_k) most, from errors a [K], speeds c [K] above 0 and fixed costs F [K].

    A total that pays for nobody's first step at its own level goes to whoever would come first.
    """
    a, c, total = (tf.cast(each, tf.float64) for each in (error, speed, total))
    fixed = tf.broadcast_to(tf.cast(fixed, tf.float64), tf.shape(c))
    steep = tf.math.log(tf.where(a > 0, a * c, 1.0))  # [K]
    own = tf.where(a > 0, steep - worth(LOG4 * c * fixed), -np.inf)  # log of the level below which each joins
    order = tf.argsort(own, direction="DESCENDING", stable=True)
    length = 1.0 / (LOG4 * tf.gather(c, order))  # of a share, for a factor e of the level
    paid = total - tf.cumsum(tf.gather(fixed, order))
    levels = (tf.cumsum(tf.gather(steep, order) * length) - paid) / tf.cumsum(length)  # with so many taking part
    joined = tf.gather(own, order)
    count = tf.reduce_sum(tf.cast((levels <= joined) & (joined > -np.inf), tf.int32))
    first = (count == 0) & (paid[0] > 0) & (joined[0] > -np.inf)  # all for one
    count = tf.where(first, 1, count)
    level = levels[tf.maximum(count - 1, 0)]
    part = tf.math.invert_permutation(order) < count
    each = tf.where(part, tf.maximum(steep - level, 0.0) / (LOG4 * c), 0.0)
    return Shares(tf.exp(level), each)


def worth(cost: tf.Tensor) -> tf.Tensor:
    """The ln r >= 0 at which r - 1 - ln r is the cost; Newton's steps from above."""
    r = 1.0 + cost + tf.sqrt(2.0 * cost)
    for _ in range(NEWTON):
        r -= tf.math.divide_no_nan((r - 1.0 - tf.math.log(r) - cost) * r, r - 1.0)
    return tf.math.log(tf.maximum(r, 1.0))


def whole(shares: tf.Tensor, total: int) -> tf.Tensor:
    """Whole numbers beside shares [K] that add up to a total, int32: those with the largest remainders are rounded up.

    Nothing stays nothing. Shares that add up to nothing stay so.
    """
    shares = tf.cast(shares, tf.float64)
    exact = tf.math.divide_no_nan(shares, tf.reduce_sum(shares)) * total
    below = tf.floor(exact)
    missing = tf.cast(tf.round(tf.reduce_sum(exact) - tf.reduce_sum(below)), tf.int32)
    order = tf.argsort(tf.where(exact > 0, exact - below, -1.0), direction="DESCENDING", stable=True)
    return tf.cast(below, tf.int32) + tf.cast(tf.math.invert_permutation(order) < missing, tf.int32)


def by_norms(norms: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Shares [K] that add up to 1, from norms [K] and bits an element [K]; 0 for whoever carries none.

    Where all norms are 0, who carries any gets an equal share.
    """
    norms, bits = tf.cast(norms, tf.float64), tf.cast(bits, tf.float64)
    norms = tf.where(tf.reduce_any((norms > 0) & (bits > 0)), norms, tf.ones_like(norms))
    asked = tf.math.divide_no_nan(norms, bits)
    return tf.math.divide_no_nan(asked, tf.reduce_sum(asked))


def least(values: tf.Tensor, costs: tf.Tensor, room: tf.Tensor, cells: int) -> tf.Tensor:
    """The choice of each row, int32 [L], with the least sum of values [L, C] that costs at most ``room`` <= ``cells``.

    Costs are whole numbers, int32 [L, C]. Where no choices fit together each row takes its cheapest.
    """
    places, best, picks = tf.range(cells + 1), tf.zeros([cells + 1], tf.float64), []
    for value, cost in zip(tf.unstack(tf.cast(values, tf.float64)), tf.unstack(costs), strict=True):
        before = places - tf.minimum(cost, cells + 1)[:, None]  # [C, cells + 1]
        reached = tf.gather(best, tf.maximum(before, 0)) + value[:, None]
        reached = tf.where(before >= 0, reached, np.inf)
        best = tf.reduce_min(reached, axis=0)
        picks.append(tf.argmin(reached, axis=0, output_type=tf.int32))
    chosen, left = [], tf.minimum(room, cells)
    possible = best[left] < np.inf
    for pick, cost in zip(reversed(picks), reversed(tf.unstack(costs)), strict=True):
        chosen.append(tf.where(possible, pick[left], tf.argmin(cost, output_type=tf.int32)))
        left = tf.where(possible, left - cost[chosen[-1]], left)
    return tf.stack(chosen[::-1])


def steepest(weights: tf.Tensor, errors: np.ndarray, costs: np.ndarray, room: tf.Tensor) -> tf.Tensor:
    """The choice of each row, int32 [L], after the steps that fit, for errors that are weights [L] times [L, C].

    Costs [L, C] rise; the first choice of a row is free. The least error of all choices that cost no more than these.
    """
    steps = [_hull(error, cost) for error, cost in zip(errors, costs, strict=True)]
    row = np.concatenate([np.full(len(each), place) for place, each in enumerate(steps)]).astype(np.int32)
    to, cost, drop = (np.array(column) for column in zip(*(step for each in steps for step in each), strict=True))
    slope = tf.gather(tf.cast(weights, tf.float64), row) * (drop / cost)  # [S]
    order = tf.argsort(slope, direction="DESCENDING", stable=True)
    fits = tf.cumsum(tf.gather(tf.constant(cost, tf.float64), order)) <= tf.cast(room, tf.float64)
    taken = fits & (tf.gather(slope, order) > 0)
    reached = tf.where(taken, tf.gather(tf.constant(to, tf.int32), order), 0)
    return tf.maximum(tf.math.unsorted_segment_max(reached, tf.gather(row, order), len(errors)), 0)


def _hull(errors: np.ndarray, costs: np.ndarray) -> list[tuple[int, float, float]]:
    """The steps down the lower convex hull of a row: the choice, what it costs more and errs less."""
    steps: list[tuple[int, float, float]] = []
    at = 0
    while True:
        more, less = costs - costs[at], errors[at] - errors
        slope = np.where((more > 0) & (less > 0), less / np.where(more > 0, more, 1.0), 0.0)
        after = len(slope) - 1 - int(np.argmax(slope[::-1]))  # the farthest of those on one line
        if slope[after] <= 0:
            return steps
        steps.append((after, float(more[after]), float(less[after])))
        at = after
