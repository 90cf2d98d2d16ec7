"""Entropy-coded rotated quantisation (EDEN): multiples of a step, coded by a normal's law."""

from typing import ClassVar, Literal

import tensorflow as tf

from ...phy.keys import Key
from ...phy.strict import dataclass
from . import ALONE, Known
from ._normal_rates import plain_steps
from ._rotated_code import RUNG_BITS, coded
from ._rotated_scale import scale_of
from ._rotation import returned, turned

SIDE_BITS = 32.0 + RUNG_BITS  # c, and the share of coordinates


@dataclass(frozen=True)
class EdenCoded:
    """Rotated quantisation to multiples of a step that follows from the bits, entropy coded.

        v = H R x / sqrt(n),   q = round(v / (k deviations)),   x_hat = c (H R)' q / sqrt(n),   c = |x|^2 / <v, q>.

    After the rotation of ``eden`` coordinates are rounded to multiples of k deviations, which takes H(round(z/k)) bits
    each, z normal: the index is a rounded normal of mean 0 and deviation 1/k, and coded as such. One scale c, a
    float32, is sent beside: with c = |x|^2/<v, q> the error is 1/(1 - D) - 1, .534697 at 1 bit and .097641 at 2, where
    D is what the best scale leaves. The fewer bits there are the more each one buys, as it says where the largest
    coordinates are. Vargaftik et al., "EDEN: communication-efficient and robust distributed mean estimation", ICML
    2022.

    >>> import tensorflow as tf
    >>> from overair.ota import EdenCoded
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [1024])
    >>> decoded, used = EdenCoded().compress(x, tf.constant(1100.0), keys.key(0, "code"))
    >>> decoded.shape, bool(used <= 1100)
    (TensorShape([1024]), True)
    """

    scale: Literal["unbiased", "mse", "matched"] = "unbiased"
    """Nearly unbiased, of least squared error, or of the update's norm."""
    unbiased: ClassVar[bool] = False

    @property
    def contractive(self) -> bool:
        return self.scale == "mse"

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size = update.shape[-1]
        whole = turned(update, key)
        peak, v = whole.peak, whole.v  # [n]
        unit = tf.math.divide_no_nan(v, tf.sqrt(tf.reduce_mean(v**2)))
        room = tf.cast(bits, tf.float64) - SIDE_BITS
        all = coded(unit, tf.zeros_like(unit), plain_steps(), room, key)
        chosen = tf.cast(all.sent.chosen, v.dtype)
        q = chosen * tf.cast(all.index, v.dtype)
        scale = scale_of(self.scale, peak * all.sent.scale, peak, v, q, chosen) / whole.root
        speaks = (all.sent.scale > 0) & tf.reduce_any(q != 0)
        decoded = tf.where(speaks, scale * returned(whole.signs, q, size), 0.0)
        return decoded, tf.cast(tf.where(speaks, SIDE_BITS + all.sent.bits, 0.0), update.dtype)
