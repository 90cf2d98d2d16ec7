"""Scaled sign (signSGD): one bit a coordinate and their mean magnitude, |x|_1/d sign(x)."""

from typing import ClassVar

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from . import ALONE, Known

SIDE_BITS = 32.0  # the mean magnitude


@dataclass(frozen=True)
class Sign:
    """Signs and the mean magnitude.

        x_hat = |x|_1 / d sign(x).

    The error is 1 - |x|_1^2/(d |x|_2^2) of |x|_2^2. Sign(0) is +. Biased. With fewer bits than coordinates, k of them
    that the shared key chooses are sent with their own mean magnitude, and the others are 0: on average over keys what
    is decoded is then shrunk by k/d besides. No factor d/k makes up for it: the error would exceed that of silence.
    Seide et al., "1-bit stochastic gradient descent", Interspeech 2014; Bernstein et al., "signSGD", ICML 2018;
    Karimireddy et al., "Error feedback fixes SignSGD and other gradient compression schemes", ICML 2019.

    >>> import tensorflow as tf
    >>> from overair.ota import Sign
    >>> from overair.phy import keys
    >>> decoded, used = Sign().compress(tf.constant([3.0, -1.0, 0.0, -4.0]), tf.constant(100.0), keys.key(0))
    >>> decoded.numpy().tolist(), float(used)  # a float32, and a bit of each entry
    ([2.0, -2.0, 2.0, -2.0], 36.0)
    """

    unbiased: ClassVar[bool] = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size = update.shape[-1]
        kept = tf.cast(tf.clip_by_value(bits - SIDE_BITS, 0.0, float(size)), tf.int32)
        chosen = subsets.random(keys.fold(key, "coordinates"), size, kept)
        peak, count = tf.reduce_max(tf.abs(update)), tf.cast(kept, update.dtype)
        unit = tf.math.divide_no_nan(tf.where(chosen, tf.abs(update), 0.0), peak)  # its sum never overflows
        scale = peak * tf.math.divide_no_nan(tf.reduce_sum(unit), count)
        signs = tf.where(update < 0, -scale, scale)
        return tf.where(chosen, signs, 0.0), tf.where(kept > 0, SIDE_BITS + count, 0.0)
