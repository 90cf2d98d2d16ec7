"""Laws of magnitudes: generalised normal and double Weibull, fitted by two moments.

Both are |x| = a Y^(1/s) with Y of a gamma law of order q, of scale a and shape s: q = 1/s is the generalised normal
with density in exp(-(|x|/a)^s), q = 1 the double Weibull. So all partial moments are incomplete gamma functions,

    E[|x|^r; |x| > t] = a^r G(q + r/s)/G(q) Q(q + r/s, (t/a)^s),

and weighing by |x|^m leaves a law of the same kind, of order q + m/s. E x^2/(E|x|)^2 falls with s and says what it is.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import tensorflow as tf
from scipy.special import gammaln

LawName = Literal["gennorm", "weibull"]
ORDERS: dict[LawName, Callable[[Any], Any]] = {"gennorm": lambda shape: 1.0 / shape, "weibull": lambda s: 0.0 * s + 1.0}
SHAPES = 0.15, 8.0  # that are told apart
FINE = np.geomspace(*SHAPES[::-1], 1024)


class Law(NamedTuple):
    """Of the magnitudes of each layer."""

    scale: tf.Tensor  # a, float64 [L]
    shape: tf.Tensor  # s, float64 [L]
    order: tf.Tensor  # q, float64 [L]


def fit(name: LawName, mean: tf.Tensor, square: tf.Tensor) -> Law:
    """The laws with E|x| = mean and E x^2 = square [L], told as float32; a shape out of bounds becomes the nearest."""
    known = tf.constant(_log_ratios(name))  # ascending
    wanted = tf.math.log(tf.maximum(tf.math.divide_no_nan(square, mean**2), 1.0))
    above = tf.clip_by_value(tf.searchsorted(known, wanted), 1, len(FINE) - 1)
    low, high = tf.gather(known, above - 1), tf.gather(known, above)
    part = tf.clip_by_value((wanted - low) / (high - low), 0.0, 1.0)
    shape = _told(FINE[0] * (FINE[1] / FINE[0]) ** (tf.cast(above - 1, tf.float64) + part))
    order = ORDERS[name](shape)
    return Law(_told(mean / tf.exp(log_moment(order, shape, 1.0))), shape, order)


def log_moment(order: tf.Tensor, shape: tf.Tensor, power: float) -> tf.Tensor:
    """ln E|x|^r at scale 1."""
    return tf.math.lgamma(order + power / shape) - tf.math.lgamma(order)


def beyond(law: Law, start: tf.Tensor, power: float = 0.0) -> tf.Tensor:
    """The share of E|x|^r that magnitudes above ``start`` have."""
    ratio = tf.math.divide_no_nan(start, law.scale)
    return tf.math.igammac(law.order + power / law.shape, ratio**law.shape)


@cache
def _log_ratios(name: LawName) -> np.ndarray:
    """ln E x^2/(E|x|)^2 of shapes FINE."""
    order = ORDERS[name](FINE)
    return gammaln(order + 2.0 / FINE) + gammaln(order) - 2.0 * gammaln(order + 1.0 / FINE)


def _told(value: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.cast(value, tf.float32), tf.float64)
