"""Top-k: the k coordinates of largest magnitude, their positions in log2 C(d, k) bits, their values in b bits each."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from . import ALONE, Known
from ._positions import most_that_fit, position_bits

EXACT = 32


@dataclass(frozen=True)
class TopK:
    """The k coordinates of largest magnitude, as many as fit.

        x_hat_i = round(x_i) for the k largest |x_i|, else 0,   bits = log2 C(d, k) + b k, and what the ends take.

    k is the largest that fits. A value is its sign (of 0: +) and its magnitude in b - 1 bits, rounded to equally spaced
    levels from the smallest to the largest magnitude kept, both sent as float32; with b = 1 all have the mean
    magnitude. With b = 32 values are float32 and nothing else is sent. Rounding is to the nearest level, so no
    coordinate errs by more than silence would. Biased: what is left out is lost, and its share of |x|^2 is the error.
    Stich, Cordonnier, Jaggi, "Sparsified SGD with memory", NeurIPS 2018.

    >>> import tensorflow as tf
    >>> from overair.ota import TopK
    >>> from overair.phy import keys
    >>> x = tf.constant([3.0, -1.0, 0.5, -4.0])
    >>> decoded, used = TopK(value_bits=32).compress(x, tf.constant(70.0), keys.key(0))
    >>> decoded.numpy().tolist(), round(float(used), 3)  # two numbers, and log2 6 for their positions
    ([3.0, 0.0, 0.0, -4.0], 66.585)
    """

    value_bits: Annotated[int, Ge(1), Le(32)] = 8
    """Size of a value, in bits."""
    unbiased: ClassVar[bool] = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size, side = update.shape[-1], self._side_bits()
        kept = most_that_fit(size, tf.cast(bits, tf.float64) - side, float(self.value_bits), size)
        kept = tf.where(tf.reduce_any(update != 0), kept, 0)
        chosen = subsets.largest(subsets.order(tf.abs(update)), kept)
        used = side + position_bits(size, kept) + self.value_bits * tf.cast(kept, tf.float64)
        decoded = tf.where(chosen, self._rounded(update, chosen, kept), 0.0)
        return decoded, tf.cast(tf.where(kept > 0, used, 0.0), update.dtype)

    def _side_bits(self) -> float:
        return {EXACT: 0.0, 1: 32.0}.get(self.value_bits, 64.0)

    def _rounded(self, update: tf.Tensor, chosen: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
        if self.value_bits == EXACT:
            return update
        size, sign = tf.abs(update), tf.where(update < 0, -1.0, 1.0)
        high = tf.reduce_max(size)
        if self.value_bits == 1:
            unit = tf.math.divide_no_nan(tf.where(chosen, size, 0.0), high)  # no sum overflows
            return sign * high * (tf.reduce_sum(unit) / tf.maximum(tf.cast(kept, update.dtype), 1.0))
        low = tf.reduce_min(tf.where(chosen, size, high))
        steps = 2.0 ** (self.value_bits - 1) - 1.0
        level = tf.round(tf.math.divide_no_nan(size - low, high - low) * steps) / steps
        return sign * tf.minimum(low + level * (high - low), high)
