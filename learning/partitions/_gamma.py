"""Gamma variates of devices by their numbers: exact, by rejection, with as many attempts as it takes.

Marsaglia and Tsang, "A simple method for generating gamma variables", ACM Trans. Math. Softw. 26(3), 2000: with d =
a - 1/3, c = 1/sqrt(9 d), x normal and v = (1 + c x)^3, d v is Gamma(a) where log u < x^2/2 + d - d v + d log v, which
it is 95 times of 100 or more. Gamma(alpha) is Gamma(alpha + 1) u^(1/alpha), taken in logarithms as u^(1/alpha) of a
small alpha is below any float.
"""

import math

import tensorflow as tf

from ...phy import keys, numbered
from ...phy.numbered import Numbered

AT_ONCE = 4  # attempts of each; a second batch is needed by one of 10^5


def log_gamma_draws(devices: Numbered, alpha: float, count: int) -> tf.Tensor:
    """log g of independent g ~ Gamma(alpha), so many of each device, float64 [C, count]."""
    d = alpha + 2 / 3
    c = (9 * d) ** -0.5
    shape = [tf.size(devices.numbers), count]

    def bits(word: str, *parts: tf.Tensor) -> tf.Tensor:
        return devices._replace(key=keys.fold(devices.key, word, *parts)).bits(count, AT_ONCE)

    def attempts(batch: tf.Tensor, found: tf.Tensor, drawn: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        x = numbered.normal(bits("normal", batch), tf.float64)  # [C, count, attempts]
        u = numbered.unit(bits("accept", batch))
        v = (1 + c * x) ** 3
        log_v = tf.math.log(tf.maximum(v, 1e-300))
        good = (v > 0) & (tf.math.log(u) < x**2 / 2 + d - d * v + d * log_v)
        first = tf.argmax(good, axis=-1)  # of equals the first
        new = tf.gather(log_v, first, batch_dims=2)
        return batch + 1, found | tf.reduce_any(good, -1), tf.where(found, drawn, new)

    start = tf.constant(0), tf.zeros(shape, tf.bool), tf.zeros(shape, tf.float64)
    log_v = tf.while_loop(lambda _, found, drawn: ~tf.reduce_all(found), attempts, start)[2]
    less = numbered.unit(devices._replace(key=keys.fold(devices.key, "less")).bits(count))
    return math.log(d) + log_v + tf.math.log1p(-less) / alpha
