"""Full channel inversion (CI): b = c / h on every element, so the sum arrives undistorted."""

from typing import ClassVar

import tensorflow as tf

from ..arithmetic import squared
from ..strict import dataclass
from . import Level, Maybe, inverse, weakest


@dataclass(frozen=True)
class FullInversion:
    """Everybody arrives at the level of the weakest.

    The level c is what the weakest device can afford. In Rayleigh fading its mean energy is infinite: one deep fade
    silences everybody.
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
