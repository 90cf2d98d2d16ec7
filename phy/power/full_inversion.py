"""Full channel inversion (CI): b = c / h on every element, so the sum arrives undistorted."""

from typing import ClassVar

import tensorflow as tf

from ..arithmetic import squared
from ..strict import dataclass
from . import Level, Maybe, inverse, weakest


@dataclass(frozen=True)
class FullInversion:
    """Everybody arrives at the level of the weakest.

        b = c / h,   c = min_k sqrt(P_k / sum_n E_kn / |h_kn|^2),

    with E_kn the energies of device k's symbols and h_kn the gains that it is told.

    The level c is what the weakest device can afford. In Rayleigh fading its mean energy is infinite: one deep fade
    silences everybody.

    >>> import tensorflow as tf
    >>> from overair.phy import FullInversion
    >>> gains = tf.constant([[1.0, 0.5], [2.0, 2.0]], tf.complex64)  # of 2 devices on 2 elements
    >>> spent = tf.reduce_mean(FullInversion().cost(gains), axis=1)  # at level 1, of symbols of energy 1/2
    >>> level = FullInversion().level(spent, tf.ones([2]), None, tf.constant(0.1))
    >>> spent.numpy().tolist(), round(float(level.arrival), 3)
    ([2.5, 0.25], 0.632)
    """

    joint: ClassVar[bool] = False
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = False

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return squared(inverse(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        return weakest(spent, budgets)

    def amplitude(
        self,
        scale: tf.Tensor,
        gain: tf.Tensor,
        energy: tf.Tensor,
        budget: tf.Tensor,
        share: Maybe = None,
        error: Maybe = None,
    ) -> tf.Tensor:
        return tf.cast(scale, gain.dtype) * inverse(gain)
