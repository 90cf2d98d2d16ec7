"""Equal power with phase correction only: b = c conj(h)/|h|, no inversion of the amplitude."""

from typing import ClassVar

import tensorflow as tf

from ..strict import dataclass
from . import Level, Maybe, opposite_phase, weakest


@dataclass(frozen=True)
class PhaseOnly:
    """Aligned phases, unequal amplitudes.

        b = c conj(h) / |h|,   arrival = c mean_k |h_k|.

    All devices use the same c, the largest that every budget allows, so the weights of the sum stay as they were; each
    arrives scaled by its |h_k|. The receiver divides by c times the mean of |h_k| over those that send.

    >>> import tensorflow as tf
    >>> from overair.phy import PhaseOnly
    >>> gains = tf.constant([[1.0, 0.5], [-3.0, 1.5]], tf.complex64)  # of 2 devices on 2 elements
    >>> level = PhaseOnly().level(tf.constant([1.0, 4.0]), tf.ones([2]), gains, tf.constant(0.1))
    >>> float(level.scale), level.arrival.numpy().tolist()
    (0.5, [1.0, 0.5])
    """

    joint: ClassVar[bool] = True
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return tf.ones_like(tf.abs(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        sends = tf.cast(spent > 0, spent.dtype)[:, None]  # [K, 1]
        mean = tf.math.divide_no_nan(tf.reduce_sum(sends * tf.abs(gains), axis=0), tf.reduce_sum(sends))  # [N]
        scale = weakest(spent, budgets).scale
        return Level(scale, tf.where(mean > 0, scale * mean, 1.0))

    def amplitude(
        self,
        scale: tf.Tensor,
        gain: tf.Tensor,
        energy: tf.Tensor,
        budget: tf.Tensor,
        share: Maybe = None,
        error: Maybe = None,
    ) -> tf.Tensor:
        return tf.cast(scale, gain.dtype) * opposite_phase(gain)
