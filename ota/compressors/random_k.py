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
    """As many coordinates as fit, drawn at random, as they are but for a factor d/k.

        x_hat_i = (d/k) x_i for k coordinates that the shared key chooses, else 0.

    Unbiased; the error is d/k - 1 of |x|^2 for every x. Positions cost nothing. ``dithered`` is the same with numbers
    of fewer bits, at the depth that errs least. Stich, Cordonnier, Jaggi, "Sparsified SGD with memory", NeurIPS 2018.

    >>> import tensorflow as tf
    >>> from overair.ota import RandomK
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [256])
    >>> decoded, used = RandomK().compress(x, tf.constant(2048.0), keys.key(0, "code"))
    >>> int(tf.math.count_nonzero(decoded)), float(used), RandomK().error_bound(256, 2048.0)  # d/k - 1
    (64, 2048.0, 3.0)
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
