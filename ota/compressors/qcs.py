"""Quantised compressive sampling (QCS): k random projections v = T x, rounded with a dither known to both sides."""

from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from ..projections import block_of, draw
from . import ALONE, Known
from ._rotation import returned, rotated

SIDE_BITS = 32.0  # max|v|
CHOICES = np.array([2, *range(3, 64, 2), *(2**b - 1 for b in range(7, 17))])  # 2Q + 1


class QcsSetting(NamedTuple):
    """What suits a number of bits."""

    kept: tf.Tensor  # k, int32
    range: tf.Tensor  # Q
    bound: tf.Tensor  # g, float64
    bits: tf.Tensor  # without max|v|, float64


@dataclass(frozen=True)
class Qcs:
    """Projections and steps that follow from the bits.

    k random projections v = T x of an update x [d], with a dither u, uniform on (-1/2, 1/2), that both sides know:

        T = H R / sqrt(k),   v_hat = D (round(v/D + u) - u),   D = max|v| / Q,   x_hat = a T' v_hat.

    R holds random signs, H is k rows of a Hadamard matrix of n >= d columns (block diagonal, as ``random_linear`` has
    it; n = d where d is a power of two). An entry takes log2(2Q + 1) bits; Q = 1/2 is one bit. With a = 1 it is
    unbiased and its error is at most g |x|^2,

        g = n/k - 1 + n/(4 Q^2) log(k)/(k - 1), and n - 1 for k = 1 (4.10),

    where the first part is what projecting costs and the second bounds that of rounding, n D^2/12. The ``mmse`` decoder
    shrinks by a = 1/(1 + g) (4.12): biased, error at most (1 - a)|x|^2. k and Q minimise g for the bits there are
    (4.11), so they follow from d and the bits and are not sent; max|v| is, as a float32. Abdi, "Distributed learning
    and inference in deep models", 2020, ch. 4; Abdi, Fekri, "Quantized compressive sampling of stochastic gradients",
    AAAI 2020.

    >>> import tensorflow as tf
    >>> from overair.ota import Qcs
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [256])
    >>> decoded, used = Qcs(decoder="mmse").compress(x, tf.constant(300.0), keys.key(0, "code"))
    >>> decoded.shape, bool(used <= 300), round(Qcs("mmse").error_bound(256, 300), 2)  # of E|x_hat - x|^2 / |x|^2
    (TensorShape([256]), True, 0.65)
    """

    decoder: Literal["unbiased", "mmse"] = "unbiased"
    """Unbiased, or the shrunk one of least squared error."""

    @property
    def unbiased(self) -> bool:
        return self.decoder == "unbiased"

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size = update.shape[-1]
        signs = draw(keys.fold(key, "projection"), size, size).signs  # [n / block, block]
        padded = signs.shape[0] * signs.shape[1]
        best = plan(padded, bits)
        speaks = (best.kept > 0) & tf.reduce_any(update != 0)
        rows = tf.cast(subsets.random(keys.fold(key, "rows"), padded, best.kept), update.dtype)  # [n]
        scale = tf.sqrt(padded / signs.shape[1] / tf.maximum(tf.cast(best.kept, update.dtype), 1.0))
        peak = tf.reduce_max(tf.abs(update))
        v = scale * rows * rotated(signs, tf.math.divide_no_nan(update, peak))  # [n]
        dither = keys.uniform(keys.fold(key, "dither"), [padded], -0.5, 0.5) * tf.cast(best.kept > 1, update.dtype)
        mixed = returned(signs, scale * rows * _rounded(v, dither, best.range), size)  # [d]
        shrink = peak * tf.cast(1.0 if self.unbiased else 1.0 / (1.0 + best.bound), update.dtype)
        decoded = tf.where(speaks, shrink * mixed, 0.0)
        return decoded, tf.cast(tf.where(speaks, SIDE_BITS + best.bits, 0.0), update.dtype)

    def error_bound(self, size: int, bits: float) -> float:
        """On the mean of |x_hat - x|^2/|x|^2, by (4.10) or (4.12)."""
        block = block_of(size)
        g = float(plan(-(-size // block) * block, tf.constant(bits, tf.float32)).bound)
        return g if self.unbiased else 1.0 - 1.0 / (1.0 + g)


def plan(size: int, bits: tf.Tensor) -> QcsSetting:
    """The k and the Q with the smallest bound for so many bits."""
    each = tf.constant(np.log2(CHOICES))
    room = tf.maximum(tf.cast(bits, tf.float64) - SIDE_BITS, 0.0)
    kept = tf.minimum(tf.floor(room / each), float(size))
    kept -= tf.cast(kept * each > room, kept.dtype)  # a division may be rounded up
    ranges = tf.constant((CHOICES - 1) / 2)
    bounds = tf.where(kept > 0, bound(size, kept, ranges), np.inf)
    best = tf.argmin(bounds)
    return QcsSetting(
        tf.cast(kept[best], tf.int32), tf.cast(ranges[best], tf.float32), bounds[best], (kept * each)[best]
    )


def bound(size: int, kept: tf.Tensor, range: tf.Tensor) -> tf.Tensor:
    """g of (4.10): the error of the unbiased decoder is at most g |x|^2; in double precision."""
    n, k = tf.constant(float(size), tf.float64), tf.maximum(tf.cast(kept, tf.float64), 1.0)
    rounding = n / (4.0 * tf.cast(range, tf.float64) ** 2) * tf.math.log(k) / tf.maximum(k - 1.0, 1.0)  # 0 for k = 1
    return n / k - 1.0 + rounding


def beta_star(bound: tf.Tensor | float, unbiased: bool) -> tf.Tensor | float:
    """The weight b of error feedback that keeps the residual r smallest: 1/(g + 1), or 1 for mmse (4.17, 4.18).

    With z = x + b r sent and r <- (1 - b) r + z - z_hat (4.14), |x|^2 <= B and an unbiased compressor of relative error
    g, any of them, |r|^2 <= g B/(1 - (1 - b)^2 - b^2 g) (4.15).
    """
    return 1.0 / (bound + 1.0) if unbiased else tf.ones_like(bound)


def _rounded(v: tf.Tensor, dither: tf.Tensor, range: tf.Tensor) -> tf.Tensor:
    """v in steps of max|v|/Q, less the dither in steps."""
    step = tf.reduce_max(tf.abs(v)) / range
    level = tf.round(tf.math.divide_no_nan(v, step) + dither + range)
    return step * (tf.clip_by_value(level, 0.0, 2.0 * range) - range - dither)
