"""MMSE power control: the power that makes the sum's mean squared error smallest, element by element."""

from typing import ClassVar

import tensorflow as tf

from ..strict import dataclass
from . import Level, Maybe, full_strength, opposite_phase


@dataclass(frozen=True)
class MseOptimal:
    """Bias of the weak against noise for all, in the best balance.

    Devices whose full power would arrive below the level sqrt(eta) send at full power; the others invert. With symbol
    energies E_k and budgets P_k, and q_k = |h_k| sqrt(P_k/E_k) sorted ascending,

        sqrt(eta_k) = (N0 + sum_{i<=k} E_i q_i^2) / sum_{i<=k} E_i q_i,   eta = min_k eta_k,
        |b_k|^2 = min(P_k/E_k, eta/|h_k|^2).

    Cao, Zhu, Xu, Huang, "Optimized power control for over-the-air computation in fading channels", IEEE TWC 2020,
    theorem 1 (E_k = 1).

    >>> import tensorflow as tf
    >>> from overair.phy import MseOptimal
    >>> gains = tf.constant([[1.0, 0.5], [2.0, 2.0]], tf.complex64)  # of 2 devices on 2 elements
    >>> level = MseOptimal().level(tf.ones([2]), tf.ones([2]), gains, noise=tf.constant(0.25))
    >>> level.arrival.numpy().tolist()  # the weak one sends at full power: (0.25 + 1)/1, and (0.25 + 0.25)/0.5
    [1.25, 1.0]
    """

    joint: ClassVar[bool] = True
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return tf.ones_like(tf.abs(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        sends = spent > 0  # [K]
        reach = full_strength(spent, budgets)[:, None] * tf.abs(gains)  # q_k, [K, N]
        reach = tf.where(sends[:, None], reach, float("inf"))
        order = tf.argsort(reach, axis=0)  # [K, N]
        q = tf.sort(reach, axis=0)
        energy = tf.gather(spent, order)  # [K, N]
        q = tf.where(tf.math.is_finite(q), q, 0.0)
        signal = tf.cumsum(energy * q, axis=0)
        root = (noise + tf.cumsum(energy * q**2, axis=0)) / tf.where(signal > 0, signal, 1.0)
        best = tf.reduce_min(tf.where(signal > 0, root, float("inf")), axis=0)  # [N]
        level = tf.where(tf.math.is_finite(best), best, 1.0)
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
        strength = tf.minimum(full_strength(spent, budget), tf.math.divide_no_nan(scale * tf.ones_like(size), size))
        strength = tf.where(size > 0, strength, 0.0)
        return tf.cast(strength, gain.dtype) * opposite_phase(gain)
