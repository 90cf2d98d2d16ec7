"""Lloyd-Max: levels of least squared error for the entries of this very update, and an entropy coder.

The quantiser of ``levels`` levels is found by Lloyd's iteration on the entries (`ota/lloyd.py`) and travels with them: a
float32 a level, then each entry's level, coded by `ota/coding.py`. As each level is the mean of its cell, the error is
|x|^2 less the sum over cells of n c^2, never more than that of silence. Unless given, levels are as many as fit, a power
of 2 up to 256, told in 3 bits. Where too few bits are granted nothing is sent. In ``layered`` every layer has levels of
its own, which is what indirect quantisation is held against: Abdi, "Distributed learning and inference in deep models",
2020, fig. 3.3. Max, "Quantizing for minimum distortion", IRE Trans. Information Theory 1960; Lloyd, "Least squares
quantization in PCM", IEEE Trans. Information Theory 1982.
"""

from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ...phy.keys import Key
from ...phy.strict import STRICT
from .. import coding, lloyd
from . import ALONE, Known

POWERS = tuple(2**depth for depth in range(1, 9))
POWER_BITS = 3.0
LEVEL_BITS = 32.0


@dataclass(frozen=True, config=STRICT)
class LloydMax:
    """Levels of the entries' own."""

    levels: Literal["most"] | Annotated[int, Ge(2), Le(256)] = "most"
    """Levels of an update; most: the most that fit."""
    unbiased: ClassVar[bool] = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        counts, told = (POWERS, POWER_BITS) if self.levels == "most" else ((self.levels,), 0.0)
        finite, peak = tf.reduce_all(tf.math.is_finite(update)), tf.reduce_max(tf.abs(update))
        unit = tf.where(finite, tf.math.divide_no_nan(update, peak), 0.0)  # no difference overflows
        decoded, lengths = (tf.stack(each) for each in zip(*(_rounded(unit, count) for count in counts), strict=True))
        used = lengths + told
        place = tf.reduce_sum(tf.cast(used <= tf.cast(bits, used.dtype), tf.int32)) - 1  # of the most that fit
        sends, place = (place >= 0) & tf.reduce_any(update != 0), tf.maximum(place, 0)
        decoded = tf.where(finite, peak * decoded[place], float("nan"))
        return tf.where(sends, decoded, 0.0), tf.cast(tf.where(sends, used[place], 0.0), update.dtype)


@tf.function(autograph=False, reduce_retracing=True)  # eagerly, iterations would take a second
def _rounded(unit: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Entries [d] at so many levels of their own, and the bits of both."""
    levels = lloyd.levels_of(unit, count)
    cells = lloyd.cells_of(unit, levels)
    held = tf.math.bincount(cells, minlength=count, maxlength=count)
    return tf.gather(levels, cells), LEVEL_BITS * count + coding.code_length(held)
