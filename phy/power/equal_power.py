"""No power control: b = c for all, whatever the channel, and nothing is made up for at the receiver."""

from typing import ClassVar

import tensorflow as tf

from ..strict import dataclass
from . import Level, Maybe, weakest


@dataclass(frozen=True)
class EqualPower:
    """Equal amplitudes, phases as they are.

        b = c,   c = min_k sqrt(P_k / sum_n E_kn).

    For receivers that only compare energies, which need no CSI at the transmitters; anything else reads the channels in
    what it hears.

    >>> import tensorflow as tf
    >>> from overair.phy import EqualPower
    >>> level = EqualPower().level(tf.constant([1.0, 4.0]), tf.ones([2]), None, tf.constant(0.1))
    >>> float(level.scale), float(level.arrival)  # what the second device can afford
    (0.5, 0.5)
    """

    joint: ClassVar[bool] = False
    aligned: ClassVar[bool] = False
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return tf.ones_like(tf.math.real(gain))

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
        return tf.cast(scale, gain.dtype) * tf.ones_like(gain)
