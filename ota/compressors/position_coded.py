"""Position coding (D-DSGD): only where the q largest or the q smallest entries are, and their mean."""

from typing import ClassVar

import tensorflow as tf

from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from . import ALONE, Known
from ._positions import most_that_fit, position_bits

MEAN_BITS = 33.0


@dataclass(frozen=True)
class PositionCoded:
    """Where the q largest or the q smallest entries are, and their mean; q is what fits.

        x_hat_i = mean of the side if i is of it, else 0.

    Of the q largest and the q smallest entries (with their signs) the side whose mean is larger in magnitude is kept,
    and all of it is set to that mean. Positions take log2 C(d, q) bits, the mean 33; q <= d/2 is the largest that fits.
    Biased; the error is |x|^2 - q mean^2, so never above silence. Where a side holds entries of both signs, the paper
    averages the positive or the negative of all 2q; here a side is q entries always. Amiri, Gunduz, "Machine learning
    at the wireless edge: distributed stochastic gradient descent over-the-air", IEEE Trans. Signal Processing, 2020.

    >>> import tensorflow as tf
    >>> from overair.ota import PositionCoded
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [256])
    >>> decoded, used = PositionCoded().compress(x, tf.constant(100.0), keys.key(0, "code"))
    >>> len(set(decoded.numpy().tolist())), bool(used <= 100)  # 0 and the mean
    (2, True)
    """

    unbiased: ClassVar[bool] = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size = update.shape[-1]
        kept = most_that_fit(size, tf.cast(bits, tf.float64) - MEAN_BITS, 0.0, max(size // 2, 1))
        kept = tf.where(tf.reduce_any(update != 0), kept, 0)
        (up, high), (down, low) = _side(update, kept), _side(-update, kept)
        decoded = tf.where(up >= down, tf.where(high, up, 0.0), tf.where(low, -down, 0.0))
        used = tf.where(kept > 0, position_bits(size, kept) + MEAN_BITS, 0.0)
        return decoded, tf.cast(used, update.dtype)


def _side(values: tf.Tensor, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The mean of the ``count`` largest entries, and where they are, bool [d]."""
    peak, chosen = tf.reduce_max(tf.abs(values)), subsets.largest(subsets.order(values), count)
    unit = tf.math.divide_no_nan(tf.where(chosen, values, 0.0), peak)  # whatever the scale, its sum is finite
    return peak * (tf.reduce_sum(unit) / tf.maximum(tf.cast(count, values.dtype), 1.0)), chosen
