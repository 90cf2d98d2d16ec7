"""MMSE power control for erroneous CSI (robust): the power that makes the sum's squared error smallest on average."""

from typing import ClassVar

import tensorflow as tf

from ..arithmetic import squared
from ..strict import dataclass
from . import Level, Maybe, full_strength, opposite_phase


@dataclass(frozen=True)
class MseRobust:
    """As mse_optimal, with what estimates are known to lack in the balance.

    Of h = g + w a device knows the best estimate g and the mean power e of w. With symbol energies E_k, budgets P_k and
    the receiver's scale x, 1 over the level,

        MSE = sum_k E_k [(x b_k |g_k| - 1)^2 + x^2 b_k^2 e_k] + N0 x^2

    parts into devices once x is known: b_k = min(sqrt(P_k/E_k), |g_k| / (x (|g_k|^2 + e_k))). As a function of x alone
    it is convex, and a parabola as long as the same devices send at full power. These are the ones of largest r_k =
    |g_k|/(|g_k|^2 + e_k) sqrt(E_k/P_k): sorted descending, x = max_k sum_{i<=k} sqrt(E_i P_i) |g_i| / (N0 + sum_{i<=k}
    P_i (|g_i|^2 + e_i)). With e = 0 that is `mse_optimal`. Without noise sum_k E_k e_k/(|g_k|^2 + e_k) is left. Chen et
    al., arXiv 2202.13666.

    >>> import tensorflow as tf
    >>> from overair.phy import MseRobust
    >>> best = tf.constant([[1.0], [1.0]], tf.complex64)  # of 2 devices on an element, of which 1 is lacking
    >>> level = MseRobust().level(tf.ones([2]), tf.ones([2]), best, noise=tf.constant(0.5), error=tf.ones([2, 1]))
    >>> level.arrival.numpy().tolist()  # 1/x = (N0 + 2 (1 + 1)) / 2
    [2.25]
    """

    joint: ClassVar[bool] = True
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = True
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return tf.ones_like(tf.abs(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        sends = tf.cast(spent > 0, spent.dtype)[:, None]  # [K, 1]
        signal = tf.sqrt(spent * budgets)[:, None] * tf.abs(gains)  # [K, N]
        power = sends * budgets[:, None] * _second_moment(gains, error)
        order = tf.argsort(tf.math.divide_no_nan(signal, power), axis=0, direction="DESCENDING")
        signal, power = (
            tf.cumsum(tf.experimental.numpy.take_along_axis(each, order, 0), axis=0) for each in (signal, power)
        )
        best = tf.reduce_max(tf.math.divide_no_nan(signal, noise + power), axis=0)  # [N]
        level = tf.where(best > 0, 1.0 / tf.where(best > 0, best, 1.0), 1.0)
        return Level(level, level)

    def amplitude(
        self,
        scale: tf.Tensor,
        gain: tf.Tensor,
        energy: tf.Tensor,
        budget: tf.Tensor,
        share: Maybe = None,
        error: Maybe = None,
    ) -> tf.Tensor:
        size, spent = tf.abs(gain), tf.reduce_sum(energy, axis=-1, keepdims=True)
        wanted = scale * tf.math.divide_no_nan(size, _second_moment(gain, error))
        strength = tf.where(size > 0, tf.minimum(full_strength(spent, budget), wanted), 0.0)
        return tf.cast(strength, gain.dtype) * opposite_phase(gain)


def _second_moment(gain: tf.Tensor, error: Maybe) -> tf.Tensor:
    """E|h|^2 of who knows the best estimate."""
    return squared(gain) if error is None else squared(gain) + error
