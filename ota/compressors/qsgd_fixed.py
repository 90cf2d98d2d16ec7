"""QSGD of fixed length: log2(2s + 1) bits an entry, whichever its level is."""

import math
from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from . import ALONE, Known

NORM_BITS = 32.0
MOST_BITS = 32.0  # of an entry


@dataclass(frozen=True)
class QsgdFixed:
    """Random levels at log2(2 s + 1) bits an entry, in buckets with a norm each; s follows from the bits.

    |x|_2 sign(x) l/s in each bucket of entries, the whole number l being s|x_i|/|x|_2 rounded up or down at random, so
    that it is unbiased. A norm of each bucket is sent as a float32. s, the same for all, is the largest that fits; it
    follows from d and the bits and is not sent. Of buckets of b entries the error is at most min(b/s^2, sqrt(b)/s) of
    |x|^2. That is how Abdi, "Distributed learning and inference in deep models", 2020, counts QSGD; ``qsgd`` has an
    entropy coder, which needs far fewer bits for the same levels. Alistarh et al., "QSGD: communication-efficient SGD
    via gradient quantization and encoding", NeurIPS 2017.

    >>> import tensorflow as tf
    >>> from overair.ota import QsgdFixed
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [1024])
    >>> decoded, used = QsgdFixed(bucket=256).compress(x, tf.constant(3000.0), keys.key(0, "code"))
    >>> round(QsgdFixed(bucket=256).error_bound(1024, 3000.0), 2), bool(used <= 3000)  # of E|x_hat - x|^2 / |x|^2
    (8.0, True)
    """

    bucket: Annotated[int, Ge(1)] | None = None
    """Entries that share a norm; all unless given."""
    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size = update.shape[-1]
        bucket = self._bucket(size)
        levels = self._levels(size, tf.cast(bits, tf.float64))
        s = tf.cast(levels, update.dtype)
        padded = tf.pad(update, [[0, -size % bucket]])
        parts = tf.reshape(padded, [-1, bucket])  # [buckets, b]
        norm = tf.norm(parts, axis=1, keepdims=True)
        unit = tf.reshape(tf.math.divide_no_nan(tf.abs(parts), norm), padded.shape)
        coins = keys.uniform(keys.fold(key, "coins"), padded.shape)
        level = tf.math.divide_no_nan(tf.floor(s * unit + coins), s)
        decoded = tf.sign(padded) * tf.reshape(tf.reshape(level, parts.shape) * norm, padded.shape)
        used = tf.where(levels > 0, self._length(size, levels), 0.0)
        return tf.where(levels > 0, decoded[:size], 0.0), tf.cast(used, update.dtype)

    def error_bound(self, size: int, bits: float) -> float:
        """On the mean of |x_hat - x|^2/|x|^2, infinite where nothing fits."""
        s, bucket = float(self._levels(size, tf.constant(bits, tf.float64))), self._bucket(size)
        return min(bucket / s**2, bucket**0.5 / s) if s else math.inf

    def _bucket(self, size: int) -> int:
        return min(self.bucket or size, size)

    def _length(self, size: int, s: tf.Tensor) -> tf.Tensor:
        return size * tf.math.log(2.0 * s + 1.0) / math.log(2.0) + NORM_BITS * -(-size // self._bucket(size))

    def _levels(self, size: int, bits: tf.Tensor) -> tf.Tensor:
        """The largest s that fits, 0 where there is none; a float64."""
        each = tf.minimum((bits - self._length(size, tf.zeros_like(bits))) / size, MOST_BITS)
        about = tf.floor((2.0**each - 1.0) / 2.0) + tf.constant(
            [-1.0, 0.0, 1.0], tf.float64
        )  # rounding may be off by one
        return tf.reduce_max(tf.where((about > 0) & (self._length(size, about) <= bits), about, 0.0))
