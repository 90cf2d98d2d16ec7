"""Part of a channel is inverted: b = c conj(h)/|h| |h|^(-e), from phases alone (e = 0) to full inversion (e = 1).

An element at level 1 costs |h|^(-2e). All share c, the largest that every budget allows; each arrives c |h|^(1-e) times
as strong, and the receiver divides by c times the mean over those that send.
"""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Lt

from overair.phy.power import Level, Maybe, opposite_phase, weakest
from overair.phy.strict import dataclass


@dataclass(frozen=True)
class PartialInversion:
    """Aligned phases, and amplitudes that are less unequal."""

    joint: ClassVar[bool] = True
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    exponent: Annotated[float, Ge(0), Lt(1)] = 0.5
    """Share of a gain in decibels that is inverted."""

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return self._power(gain, -2 * self.exponent)

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        sends = tf.cast(spent > 0, spent.dtype)[:, None]  # [K, 1]
        arrives = tf.reduce_sum(sends * self._power(gains, 1 - self.exponent), axis=0)  # [N]
        mean = tf.math.divide_no_nan(arrives, tf.reduce_sum(sends))
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
        return tf.cast(scale * self._power(gain, -self.exponent), gain.dtype) * opposite_phase(gain)

    def _power(self, gain: tf.Tensor, exponent: float) -> tf.Tensor:
        """|h| to a power, and 0 where there is no gain."""
        size = tf.abs(gain)
        return tf.where(size > 0, tf.where(size > 0, size, 1.0) ** exponent, 0.0)
