"""The unit in which numbers of 4 bits err least, by the law of what they stand for.

Of a generalised normal law of shape b and scale a there is one s at which x s, rounded to the levels, errs least; s a
rises from 1e-6 (b = .15) through .65 (b = 1) to 3.2 (b = 8). The polynomial is what Chen et al. fitted to it. Between b
= .5 and 2 its error is within .35 % of the least; beyond it goes astray (nine times the least at b = 3), so b is held
to that range. The floor of .0009 that belongs to it is never reached: the least it gives for any b is .0057.
"""

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np
import tensorflow as tf
from scipy.special import gamma, gammainc

from ._laws import SHAPES, Law, fit
from ._minifloat import FP4

Scale: TypeAlias = Callable[[Law], tf.Tensor]  # 1/s of each law, [L]
KNOTS = np.geomspace(*SHAPES, 120)
LEAST, MOST = 0.5, 2.0  # where the polynomial holds


def units(parts: list[tf.Tensor], scale: Scale) -> tf.Tensor:
    """1/s of each part, [L]; 0 where all is 0. Zeros stay apart, as every s keeps them. Equal magnitudes become 2."""
    moments = tf.stack([_moments(tf.abs(part)) for part in parts], axis=1)  # [3, L]
    peak, mean, square = tf.unstack(moments)
    found = scale(fit("gennorm", tf.cast(mean, tf.float64), tf.cast(square, tf.float64)))
    return peak * tf.where(square < (1.0 + 1e-6) * mean**2, 0.5, tf.cast(found, peak.dtype))


def deviation(law: Law) -> tf.Tensor:
    """Sigma: for floats whose error does not depend on the scale."""
    return law.scale * _deviation(law.shape)


def least_error(law: Law) -> tf.Tensor:
    """Of FP4."""
    return law.scale / tf.exp(_interpolated(tf.math.log(law.shape), np.log(KNOTS), np.log(_best())))


def by_polynomial(law: Law) -> tf.Tensor:
    """Of FP4, after Chen et al."""
    held = tf.clip_by_value(law.shape, LEAST, MOST)
    return deviation(law) / (_deviation(held) * polynomial(held))


def polynomial(shape: tf.Tensor) -> tf.Tensor:
    """s a."""
    return 0.46 - 2.85 * shape + 5.37 * shape**2 - 2.85 * shape**3 + 0.52 * shape**4


def _deviation(shape: tf.Tensor) -> tf.Tensor:
    """Sigma of scale 1."""
    return tf.exp(0.5 * (tf.math.lgamma(3.0 / shape) - tf.math.lgamma(1.0 / shape)))


def _moments(magnitude: tf.Tensor) -> tf.Tensor:
    """The largest of magnitudes [n], and the means of shares of it and of their squares, of those that are not 0."""
    peak = tf.reduce_max(magnitude)
    share = tf.math.divide_no_nan(magnitude, peak)  # no square overflows
    count = tf.maximum(tf.reduce_sum(tf.cast(share > 0, share.dtype)), 1.0)
    return tf.stack([peak, tf.reduce_sum(share) / count, tf.reduce_sum(share**2) / count])


@cache
def _best() -> np.ndarray:
    """s a of the least error at KNOTS: down a ladder of candidates, four times, each finer."""
    found = []
    for shape in KNOTS:
        sigma = np.sqrt(gamma(3.0 / shape) / gamma(1.0 / shape))
        low, high = 0.05 / sigma, 3.0 / sigma
        for _ in range(4):
            candidates = np.geomspace(low, high, 41)
            place = np.clip(np.argmin(_error(shape, candidates)), 1, 39)
            low, high = candidates[place - 1], candidates[place + 1]
        found.append(np.sqrt(low * high))
    return np.array(found)


def _error(shape: float, scales: np.ndarray) -> np.ndarray:
    """E|x - x^|^2 of scale 1 at each s [S], from the law's moments in each cell."""
    levels = FP4.magnitudes()
    edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [np.inf]]) / scales[:, None]  # [S, cells + 1]
    zeroth, first, second = (
        np.diff(gammainc((p + 1) / shape, edges**shape)) * gamma((p + 1) / shape) / gamma(1 / shape) for p in range(3)
    )
    level = levels / scales[:, None]
    return np.asarray((second - 2 * level * first + level**2 * zeroth).sum(axis=1))


def _interpolated(x: tf.Tensor, places: np.ndarray, values: np.ndarray) -> tf.Tensor:
    """Between places on straight lines, beyond them the values at the ends."""
    right = tf.clip_by_value(tf.searchsorted(places, x), 1, len(places) - 1)
    start, end = tf.gather(places, right - 1), tf.gather(places, right)
    share = tf.clip_by_value((x - start) / (end - start), 0.0, 1.0)
    return (1.0 - share) * tf.gather(values, right - 1) + share * tf.gather(values, right)
