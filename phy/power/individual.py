"""Every device spends its whole budget: b_k = sqrt(P_k/E_k) / h, with E_k what its symbols take inverted."""

from typing import ClassVar

import tensorflow as tf

from ..arithmetic import squared
from ..strict import dataclass
from . import Level, Maybe, inverse


@dataclass(frozen=True)
class Individual:
    """Full power of everybody, inverted channels, and a scale beside.

        b_k = sqrt(P_k / E_k) / h_k,   E_k = sum_n E_kn / |h_kn|^2.

    Nobody waits for the weakest, so devices arrive at levels of their own, and no level is announced: the scale travels
    beside the data, as the sum of what all send of a known symbol of 1, and the receiver gets sum_k b_k w_k s_k / sum_k
    b_k w_k. With the power spent in full b_k w_k does not depend on w_k: how much data a device has does not count, and
    the smaller its update the more it does. The 1 is in the units of an update, so one of a norm far below 1 leaves
    most of the energy to the scale, and one far above 1 loses the scale in noise. Amiri, Gunduz, "Machine learning at
    the wireless edge: distributed stochastic gradient descent over-the-air", IEEE Trans. Signal Processing, 2020, eq.
    16 to 19. Over fading a deep fade takes all of a device's power.

    >>> import tensorflow as tf
    >>> from overair.phy import Individual
    >>> gain, energy = tf.constant([1.0, 0.5], tf.complex64), tf.constant([0.8, 0.8])
    >>> b = Individual().amplitude(tf.constant(1.0), gain, energy, budget=tf.ones([1]))
    >>> tf.math.real(b).numpy().tolist(), bool(abs(tf.reduce_sum(energy * tf.abs(b) ** 2) - 1) < 1e-6)
    ([0.5, 1.0], True)
    """

    joint: ClassVar[bool] = False
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = False
    bounded: ClassVar[bool] = False

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return squared(inverse(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        return Level(tf.ones([], spent.dtype), tf.ones([], spent.dtype))

    def amplitude(
        self,
        scale: tf.Tensor,
        gain: tf.Tensor,
        energy: tf.Tensor,
        budget: tf.Tensor,
        share: Maybe = None,
        error: Maybe = None,
    ) -> tf.Tensor:
        spent = tf.reduce_sum(energy * self.cost(gain), axis=-1, keepdims=True)  # [..., 1]
        own = scale * tf.sqrt(tf.math.divide_no_nan(budget, spent))
        return tf.cast(own, gain.dtype) * inverse(gain)
