"""Dithered uniform quantiser: a random shift known to both sides makes the error independent of the input.

With step D and dither u uniform on [-D/2, D/2), x_hat = D round((x + u)/D) - u: the error has variance D^2/12 for
every x. The quantiser spans [-max|x|, max|x|] with 2^b levels, so D = 2 max|x|/(2^b - 1) and no input overloads;
max|x| travels as 32 bits. If not all coordinates fit, k of them are sent, chosen by the shared key and scaled by d/k,
which keeps the estimate unbiased. The device picks the b with the smallest error for its rate, (d/k)(1 + p/(3 (2^b -
1)^2)) - 1 of |x|^2 with k = min(d, rate/b) and p = d max|x|^2/|x|^2. Schuchman 1964; Abdi, "Distributed learning and
inference in deep models", 2020, appendix A.
"""

from typing import Annotated, ClassVar, NamedTuple

import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import STRICT
from .. import subsets
from . import ALONE, Known

SIDE_BITS = 32.0 + 4.0  # max|x| as a float32, and b


class Depth(NamedTuple):
    """What suits a number of bits."""

    bits: tf.Tensor  # of a coordinate
    kept: tf.Tensor  # coordinates
    error: tf.Tensor  # of |x|^2; infinite where nothing fits


@dataclass(frozen=True, config=STRICT)
class Dithered:
    """As many coordinates as bits allow, at the depth that suits."""

    most_bits: Annotated[int, Ge(1), Le(16)] = 8
    """Largest depth of a coordinate, in bits."""
    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size = update.shape[-1]
        room = tf.clip_by_value(bits - SIDE_BITS, 0.0, float(size * self.most_bits))
        largest = tf.reduce_max(tf.abs(update))
        unit = tf.math.divide_no_nan(update, largest)  # in [-1, 1], whatever the update's scale
        depth, kept, _ = deepest(unit, room, self.most_bits)
        levels = tf.round(2.0**depth)
        step = 2.0 / (levels - 1.0)
        dither = step * keys.uniform(keys.fold(key, "dither"), [size], -0.5, 0.5)
        level = tf.clip_by_value(tf.round((unit + dither + 1.0) / step), 0.0, levels - 1.0)
        decoded = largest * (level * step - 1.0 - dither)
        chosen = tf.cast(subsets.random(keys.fold(key, "coordinates"), size, tf.cast(kept, tf.int32)), update.dtype)
        scale = tf.math.divide_no_nan(float(size), kept)
        return decoded * chosen * scale, tf.where(kept > 0, SIDE_BITS + kept * depth, 0.0)


def deepest(unit: tf.Tensor, room: tf.Tensor, most_bits: int) -> Depth:
    """The depth with the least error, of an update whose largest magnitude is 1 in so many bits."""
    size = unit.shape[-1]
    peak = tf.math.divide_no_nan(float(size), tf.reduce_sum(unit**2))
    counts = tf.range(1, most_bits + 1)  # [b]; whole numbers, because a compiled float division is not exact
    fits = tf.cast(tf.minimum(tf.cast(room, tf.int32) // counts, size), unit.dtype)
    depths = tf.cast(counts, unit.dtype)
    inverse = size / tf.maximum(fits, 1.0)
    error = tf.where(fits > 0, (inverse - 1.0) + inverse * peak / (3.0 * (2.0**depths - 1.0) ** 2), float("inf"))
    best = tf.argmin(error)
    return Depth(depths[best], fits[best], error[best])
