"""The unit in which numbers of 4 bits err least, by the law of what they stand for.

Of a generalised Gaussian law of shape b and scale a, E x^2/(E|x|)^2 = G(3/b) G(1/b)/G(2/b)^2 tells b, whatever a. For
each b there is one s at which x s, rounded to the levels, errs least; s sigma rises from .16 (b = .2) to 1.94 (b =
infinity). Where all entries are alike it is 2, which is a level. The polynomial is the fit of Chen et al. to s a between
b = .5 and 2, where its error is within .35 % of the least; beyond it goes astray (nine times the least at b = 3), so b
is held to that range. The floor of .0009 that belongs to it is never reached: the least it gives for any b is .0057.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import tensorflow as tf
from scipy.special import gamma, gammainc

from ._minifloat import FP4

SHAPES = np.geomspace(60.0, 0.15, 120)
SPREADS = np.log(gamma(3 / SHAPES) * gamma(1 / SHAPES) / gamma(2 / SHAPES) ** 2)  # rising
LEAST, MOST = 0.5, 2.0  # where the polynomial holds


def unit(magnitude: tf.Tensor, scale: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """1/s for entries of these magnitudes [n]; zeros are apart, as every s keeps them. 0 where all are zeros.

    ``scale``: s sigma, from log E x^2/(E|x|)^2.
    """
    peak = tf.reduce_max(magnitude)
    share = tf.math.divide_no_nan(magnitude, peak)  # no square overflows
    count = tf.maximum(tf.reduce_sum(tf.cast(share > 0, share.dtype)), 1.0)
    mean, square = tf.reduce_sum(share) / count, tf.reduce_sum(share**2) / count
    return peak * tf.sqrt(square) / scale(tf.math.log(tf.maximum(tf.math.divide_no_nan(square, mean**2), 1.0)))


def flat(spread: tf.Tensor) -> tf.Tensor:
    """Whatever the law: for floats whose error does not depend on the scale."""
    return tf.ones_like(spread)


def least_error(spread: tf.Tensor) -> tf.Tensor:
    """Of FP4."""
    return _interpolated(spread, *_best())


def by_polynomial(spread: tf.Tensor) -> tf.Tensor:
    """Of FP4, after Chen et al."""
    held = np.clip(SHAPES, LEAST, MOST)
    return _interpolated(spread, SPREADS, polynomial(held) * _deviation(held))


def polynomial(shape: np.ndarray) -> np.ndarray:
    """s a."""
    return np.asarray(0.46 - 2.85 * shape + 5.37 * shape**2 - 2.85 * shape**3 + 0.52 * shape**4)


@cache
def _best() -> tuple[np.ndarray, np.ndarray]:
    """Spreads, and the s sigma of the least error: down a ladder of candidates, four times, each finer."""
    found = [2.0]
    for shape in SHAPES:
        low, high = 0.05, 3.0
        for _ in range(4):
            candidates = np.geomspace(low, high, 41)
            place = np.clip(np.argmin(_error(shape, candidates / _deviation(shape))), 1, 39)
            low, high = candidates[place - 1], candidates[place + 1]
        found.append(float(np.sqrt(low * high)))
    return np.append(0.0, SPREADS), np.array(found)


def _deviation(shape: np.ndarray) -> np.ndarray:
    """sigma/a."""
    return np.asarray(np.sqrt(gamma(3 / shape) / gamma(1 / shape)))


def _error(shape: float, scales: np.ndarray) -> np.ndarray:
    """E|x - x^|^2 at scales [S] of s a, over a^2, from the law's moments in each cell."""
    levels = FP4.magnitudes()
    edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [np.inf]]) / scales[:, None]  # [S, cells + 1]
    zeroth, first, second = (
        np.diff(gammainc((p + 1) / shape, edges**shape)) * gamma((p + 1) / shape) / gamma(1 / shape) for p in range(3)
    )
    level = levels / scales[:, None]
    return np.asarray((second - 2 * level * first + level**2 * zeroth).sum(axis=1))


def _interpolated(x: tf.Tensor, places: np.ndarray, values: np.ndarray) -> tf.Tensor:
    """Between places on straight lines, beyond them the values at the ends."""
    known, heights = tf.constant(places, x.dtype), tf.constant(values, x.dtype)
    right = tf.clip_by_value(tf.searchsorted(known, x[None])[0], 1, len(places) - 1)
    share = tf.clip_by_value((x - known[right - 1]) / (known[right] - known[right - 1]), 0.0, 1.0)
    return heights[right - 1] + share * (heights[right] - heights[right - 1])
