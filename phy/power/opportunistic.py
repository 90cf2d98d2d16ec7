"""Truncated inversion whose receiver knows who was silent: b = c / h where |h|^2 >= g, and the mean of those heard."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt

from ..arithmetic import squared
from ..strict import dataclass
from . import Level, Maybe, inverse, weakest
from .blind import NEVER


@dataclass(frozen=True)
class Opportunistic:
    """Inversion of what is strong enough, and the mean of those heard.

        b = c / h where |h|^2 >= g, else 0,   arrival(n) = c (devices with |h_n|^2 >= g) / (devices in the round).

    The receiver knows all channels, so on every element it divides by the share of the devices in the round that send
    there: what arrives is the mean over a subset that the channel chose, unbiased where updates do not depend on fades,
    but for an element on which everybody is silent, which is not read at all. Amiri, Gunduz, "Federated learning over
    wireless fading channels", IEEE Trans. Wireless Communications, 2020 (CA-DSGD). Devices count alike; where data are
    unequal the mean over the heard is the weighted one only on average.

    >>> import tensorflow as tf
    >>> from overair.phy import Opportunistic
    >>> gains = tf.constant([[1.0, 0.1], [2.0, 0.5]], tf.complex64)  # of 2 devices on 2 elements
    >>> level = Opportunistic(threshold=0.2).level(tf.ones([2]), tf.ones([2]), gains, tf.constant(0.1))
    >>> float(level.scale), level.arrival.numpy().tolist()  # one of two sends on the second element
    (1.0, [1.0, 0.5])
    """

    threshold: Annotated[float, Gt(0)] = 0.1
    """Least gain |h|^2 at which a device sends; relative to the mean that the SNR is defined for."""
    joint: ClassVar[bool] = True
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return squared(self._inverse(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        power = squared(gains)  # [K, N]
        present = tf.cast(tf.reduce_any(power > 0, axis=1), spent.dtype)  # [K]
        active = tf.cast(power >= self.threshold, spent.dtype)  # [K, N]; an update of zeros counts: it is heard
        heard = tf.math.divide_no_nan(tf.reduce_sum(active, axis=0), tf.reduce_sum(present))  # [N]
        scale = weakest(spent, budgets).scale
        return Level(scale, tf.where(heard > 0, scale * heard, NEVER))

    def amplitude(
        self,
        scale: tf.Tensor,
        gain: tf.Tensor,
        energy: tf.Tensor,
        budget: tf.Tensor,
        share: Maybe = None,
        error: Maybe = None,
    ) -> tf.Tensor:
        return tf.cast(scale, gain.dtype) * self._inverse(gain)

    def _inverse(self, gain: tf.Tensor) -> tf.Tensor:
        return tf.where(squared(gain) >= self.threshold, inverse(gain), tf.zeros([], gain.dtype))
