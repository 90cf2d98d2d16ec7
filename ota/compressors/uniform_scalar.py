"""Uniform scalar quantiser: 2^R levels, equally spaced from the smallest to the largest entry of each layer."""

from typing import Annotated, ClassVar, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from ..layers import Layers
from . import ALONE, Known
from ._by_layer import parts, sizes, spread
from ._positions import most_that_fit, position_bits

END_BITS = 2 * 32.0  # of a layer
DEPTH_BITS = 4.0
MOST_BITS = 8


@dataclass(frozen=True)
class UniformScalar:
    """Levels between the ends of each layer.

        x_hat = low + step round((x - low) / step),   step = (high - low) / (2^R - 1) of each layer.

    Both ends are sent as float32, every entry in R bits. Where not all d entries fit, the k largest in magnitude are
    kept, with their positions in log2 C(d, k) bits, and the levels span what is kept of a layer. Unless R is given, the
    device takes the one that errs least, up to 8, and says so in 4 bits, or stays silent where all err by more than
    silence does: an entry near 0 may be half a step away from the next level. Entries spread evenly over a range w err
    by w^2/(12 (2^R - 1)^2) each. A layer of equal entries is exact, one with NaN decodes to NaN.

    >>> import tensorflow as tf
    >>> from overair.ota import UniformScalar
    >>> from overair.phy import keys
    >>> x = keys.uniform(keys.key(0, "update"), [256])
    >>> decoded, used = UniformScalar(value_bits=3).compress(x, tf.constant(1000.0), keys.key(0, "code"))
    >>> len(set(decoded.numpy().tolist())), float(used)  # two ends, and 3 bits of each entry
    (8, 832.0)
    """

    value_bits: Literal["best"] | Annotated[int, Ge(1), Le(16)] = "best"
    """Size of a value, in bits; best: the one up to 8 that errs least."""
    unbiased: ClassVar[bool] = False

    @property
    def contractive(self) -> bool:
        return self.value_bits == "best"

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        layers = known.filled(update.shape[-1]).layers
        if self.value_bits != "best":
            return _rounded(update, tf.cast(self.value_bits, tf.float64), tf.cast(bits, tf.float64), layers)
        room = tf.cast(bits, tf.float64) - DEPTH_BITS
        peak = tf.reduce_max(tf.abs(update))
        unit = tf.math.divide_no_nan(update, peak)  # no square overflows
        depths = tf.range(1.0, MOST_BITS + 1.0, dtype=tf.float64)

        def error(depth: tf.Tensor) -> tf.Tensor:
            return tf.reduce_sum((_rounded(unit, depth, room, layers)[0] - unit) ** 2)

        errors = tf.map_fn(error, depths, fn_output_signature=update.dtype, parallel_iterations=1)
        best = tf.argmin(errors)
        decoded, used = _rounded(update, depths[best], room, layers)
        silent = (used == 0) | (errors[best] >= tf.reduce_sum(unit**2))  # neither is true of NaN
        return tf.where(silent, 0.0, decoded), tf.where(silent, 0.0, used + DEPTH_BITS)


def _rounded(update: tf.Tensor, depth: tf.Tensor, bits: tf.Tensor, layers: Layers) -> tuple[tf.Tensor, tf.Tensor]:
    """What is decoded at so many bits a value, and the bits used."""
    size, side = update.shape[-1], END_BITS * len(sizes(layers))
    kept = most_that_fit(size, bits - side, depth, size)
    kept = tf.where(tf.reduce_any(update != 0), kept, 0)
    chosen = subsets.largest(subsets.order(tf.abs(update)), kept)
    peak = tf.reduce_max(tf.where(tf.math.is_finite(update), tf.abs(update), 0.0))
    unit = tf.math.divide_no_nan(update, peak)  # no difference overflows
    low, high = _ends(unit, chosen, layers)
    steps = tf.cast(tf.round(2.0**depth) - 1.0, update.dtype)
    level = tf.round(tf.math.divide_no_nan(unit - low, high - low) * steps) / steps
    decoded = peak * tf.where(chosen, tf.minimum(low + level * (high - low), high), 0.0)
    used = side + position_bits(size, kept) + depth * tf.cast(kept, tf.float64)
    return decoded, tf.cast(tf.where(kept > 0, used, 0.0), update.dtype)


def _ends(update: tf.Tensor, chosen: tf.Tensor, layers: Layers) -> tuple[tf.Tensor, tf.Tensor]:
    """The smallest and the largest that is kept of each entry's layer, [d] both; they do not matter where none is."""
    low = [tf.reduce_min(part) for part in parts(tf.where(chosen, update, np.inf), layers)]
    high = [tf.reduce_max(part) for part in parts(tf.where(chosen, update, -np.inf), layers)]
    return spread(tf.stack(low), layers), spread(tf.stack(high), layers)
