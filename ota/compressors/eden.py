"""Rotated quantisation (EDEN): after a random rotation every update looks Gaussian, so one quantiser fits all."""

from typing import ClassVar, Literal

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from . import ALONE, Known
from ._lloyd_max import MOST_BITS, nearest
from ._rotated_scale import scale_of
from ._rotation import returned, turned

SIDE_BITS = 32.0  # c


@dataclass(frozen=True)
class Eden:
    """Rotated quantisation at the levels of a normal law, with a scale for a purpose.

        v = H R x / sqrt(n),   q = levels nearest to v,   x_hat = c (H R)' q / sqrt(n),   c = |x|^2 / <v, q>.

    R holds random signs and H is a Hadamard matrix (block diagonal, as ``random_linear`` has it), so that v is close to
    N(0, |x|^2/n) in its entries where x is dense. Levels are the 2^b of the Lloyd-Max quantiser of that law, 8 bits at
    most, and c is sent as a float32. Over uniform rotations that is unbiased, with a relative error of 1/(1 - D) - 1, D
    the quantiser's error on N(0, 1): .5708, .1331, .0358 and .0096 for 1 to 4 bits; over signs and Hadamard matrices it
    is nearly so. Bits for more than b of each coordinate and fewer than b + 1 go to those that the shared key chooses,
    a bit for each, and D is the mean of both errors: .3165 at 1.5 bits. With less than a bit a coordinate, k of the n
    rotated ones that the key chooses are sent, times n/k: (n/k)/(1 - D) - 1, which is the same with D = 1 for those
    that are not sent. With c = <v, q>/<q, q> (mse) the error is D, and with c = |x|/|q| (matched) 2 - 2 sqrt(1 - D), at
    the same norm. Vargaftik et al., "EDEN: communication-efficient and robust distributed mean estimation", ICML 2022.

    >>> import tensorflow as tf
    >>> from overair.ota import Eden
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [4096])
    >>> decoded, used = Eden("mse").compress(x, tf.constant(2 * 4096.0 + 32), keys.key(0, "code"))
    >>> error = tf.reduce_sum((decoded - x) ** 2) / tf.reduce_sum(x**2)
    >>> bool(used <= 2 * 4096 + 32), bool(abs(error - 0.1175) < 0.01)  # that of a normal at 2 bits
    (True, True)
    """

    scale: Literal["unbiased", "mse", "matched"] = "unbiased"
    """Nearly unbiased, of least squared error, or of the update's norm."""
    unbiased: ClassVar[bool] = False

    @property
    def contractive(self) -> bool:
        """Scaled to be nearly unbiased, or to the update's norm, it errs by more than silence at few bits."""
        return self.scale == "mse"

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size = update.shape[-1]
        whole = turned(update, key)
        peak, v, padded = whole.peak, whole.v, whole.v.shape[0]  # v: [n]
        room = tf.maximum(tf.cast(bits, tf.float64) - SIDE_BITS, 0.0)
        granted = tf.cast(tf.floor(tf.minimum(room, float(MOST_BITS * padded))), tf.int32)
        each = tf.maximum(granted // padded, 1)
        kept, more = tf.minimum(granted, padded), tf.maximum(granted - each * padded, 0)
        kept = tf.where(tf.reduce_any(tf.not_equal(update, 0)), kept, 0)
        chosen = tf.cast(subsets.random(keys.fold(key, "coordinates"), padded, kept), update.dtype)

        energy = tf.reduce_sum(v**2)
        unit = tf.math.divide_no_nan(v, tf.sqrt(energy / padded))

        def mixed() -> tf.Tensor:
            deeper = subsets.random(keys.fold(key, "deeper"), padded, more)
            return tf.where(deeper, nearest(unit, tf.minimum(each + 1, MOST_BITS)), nearest(unit, each))

        q = chosen * tf.cond(more > 0, mixed, lambda: nearest(unit, each))
        share = tf.math.divide_no_nan(float(padded), tf.cast(kept, update.dtype))
        scale = scale_of(self.scale, peak * share, peak, v, q, chosen) / whole.root
        decoded = scale * returned(whole.signs, q, size)
        used = tf.where(kept > 0, SIDE_BITS + tf.cast(kept * each + more, tf.float64), 0.0)
        return tf.where(kept > 0, decoded, tf.zeros_like(decoded)), tf.cast(used, update.dtype)
