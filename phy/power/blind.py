"""No CSIT (blind): b = c for all, and the receiver's antennas bring the phases together."""

from typing import ClassVar

import tensorflow as tf

from ..strict import dataclass
from . import Level, Maybe, weakest

NEVER = 1e15  # the arrival of an element that is not to be read; its square is still a number


@dataclass(frozen=True)
class Blind:
    """Equal amplitudes, phases as they are.

        b = c,   arrival = c mean_k Re(v^H h_k).

    Behind a combiner v toward the sum, v^H h_k has one phase for all but for what the others' channels have in common
    with it, and that fades as antennas grow: divided by c times the mean of Re(v^H h_k), each of K devices in Rayleigh
    fading arrives at A antennas with an error of (K - 1)/(A - 1) of its energy. Amiri, Duman, Gunduz, Kulkarni, Poor,
    "Blind federated edge learning", IEEE TWC 2021. With few antennas this is no way to send: with one it reads noise.
    An element whose mean is not positive is not read at all.

    >>> import tensorflow as tf
    >>> from overair.phy import Blind
    >>> gains = tf.constant([[1.0, 0.5], [3.0, -0.1]], tf.complex64)  # behind the combiner, of 2 devices on 2 elements
    >>> level = Blind().level(tf.constant([1.0, 4.0]), tf.ones([2]), gains, tf.constant(0.1))
    >>> float(level.scale), level.arrival.numpy().round(4).astype(str).tolist()
    (0.5, ['1.0', '0.1'])
    """

    joint: ClassVar[bool] = True
    aligned: ClassVar[bool] = False
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return tf.ones_like(tf.math.real(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        sends = tf.cast(spent > 0, spent.dtype)[:, None]  # [K, 1]
        mean = tf.math.divide_no_nan(tf.reduce_sum(sends * tf.math.real(gains), axis=0), tf.reduce_sum(sends))  # [N]
        scale = weakest(spent, budgets).scale
        return Level(scale, tf.where(mean > 0, scale * mean, NEVER))

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
