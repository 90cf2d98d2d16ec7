"""Two lattices, one inside the other: a point is sent as its place within a coarse cell, which side information finds.

All in fine steps: a coarse one has k of them. Any k will do, as places are numbers modulo k; (2.6) as printed yields k
+ 1 of them where k is even.
"""

import math

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key


def drawn(key: Key, size: int) -> tf.Tensor:
    """The dither that both sides know, [d]."""
    return keys.uniform(keys.fold(key, "dither"), [size], -0.5, 0.5)


def place(x: tf.Tensor, dither: tf.Tensor, coarse: tf.Tensor) -> tf.Tensor:
    """Which of the k points of a coarse cell is nearest to x + u: 0 to k - 1, whole numbers as floats."""
    return tf.math.floormod(tf.round(x + dither), coarse)


def point(places: tf.Tensor, dither: tf.Tensor, side: tf.Tensor, coarse: tf.Tensor) -> tf.Tensor:
    """The one of the points with such a place that is nearest to y, less the dither."""
    away = places - dither - side
    return side + away - coarse * tf.round(away / coarse)


def alone(places: tf.Tensor, dither: tf.Tensor, coarse: tf.Tensor) -> tf.Tensor:
    """The point itself where all there are have places of their own: -(k-1)/2 to (k-1)/2 for odd k."""
    return places - coarse * tf.cast(places > coarse / 2.0, places.dtype) - dither


def shrunk(fine: tf.Tensor, spread: tf.Tensor) -> tf.Tensor:
    """The factor a before coding with the least mean squared error, a^2 = 1 - D1^2/(24 s^2); 0 where y alone errs less.

    Where the coset is right the error is a^2 D1^2/12 + (1 - a^2)^2 s^2.
    """
    square = tf.math.divide_no_nan(fine, spread) ** 2
    return tf.sqrt(tf.maximum(1.0 - square / 24.0, 0.0)) * tf.cast((fine <= 0) | (spread > 0), fine.dtype)


def beyond(law: str, deviations: tf.Tensor) -> tf.Tensor:
    """P(|z| > v) of a Laplace or normal z, v in deviations."""
    if law == "laplace":
        return tf.exp(-math.sqrt(2.0) * deviations)
    return tf.math.erfc(deviations / math.sqrt(2.0))
