"""Random-k: as many coordinates as fit, chosen by the shared key, as float32 numbers scaled by d/k."""

import math
from typing import ClassVar

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from . import ALONE, Known

VALUE_BITS = 32


@dataclass(frozen=True)
class RandomK:
    """Nothing to choose: k is what fits.

    Unbiased; the error is d/k - 1 of |x|^2 for every x. Positions cost nothing. ``dithered`` is the same with numbers
    of fewer bits, at the depth that errs least. Stich, Cordonnier, Jaggi, "Sparsified SGD with memory", NeurIPS 2018.
    """

    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size = update.shape[-1]
        room = tf.clip_by_value(bits, 0.0, float(size * VALUE_BITS))
        kept = tf.minimum(tf.cast(tf.cast(room, tf.int64) // VALUE_BITS, tf.int32), size)
        chosen = subsets.random(keys.fold(key, "coordinates"), size, kept)
        count = tf.cast(kept, update.dtype)
        decoded = tf.where(chosen, update * tf.math.divide_no_nan(float(size), count), 0.0)
        return decoded, VALUE_BITS * count

    def error_bound(self, size: int, bits: float) -> float:
        """The mean of |x_hat - x|^2/|x|^2, whatever x is; infinite where nothing fits."""
        kept = min(int(bits) // VALUE_BITS, size)
        return size / kept - 1.0 if kept else math.inf
