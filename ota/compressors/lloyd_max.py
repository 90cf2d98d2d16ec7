"""Lloyd-Max quantisation of the entries themselves: the levels that suit each layer's, as float32.

Every layer has as many levels, the most for which all entries at log2 A bits each, and A levels a layer, fit; what is
left of the bits stays unused. Biased: levels are means of their cells, so what is decoded has no more energy than the
update. The direct quantiser of least error at a fixed length. Max, "Quantizing for minimum distortion", IRE Trans.
Information Theory 1960; Lloyd, "Least squares quantization in PCM", IEEE Trans. Information Theory 1982.
"""

import math
from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ...phy.keys import Key
from ...phy.strict import STRICT
from .. import lloyd
from . import ALONE, Known

LEVEL_BITS = 32.0


@dataclass(frozen=True, config=STRICT)
class LloydMax:
    """As many levels as bits allow."""

    most_levels: Annotated[int, Ge(2), Le(16)] = 4
    """Levels of a layer at most."""
    unbiased: ClassVar[bool] = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size, layers = update.shape[-1], known.layers or ((update.shape[-1],),)
        counts = range(2, self.most_levels + 1)
        lengths = [size * math.log2(count) + LEVEL_BITS * count * len(layers) for count in counts]
        fits = tf.reduce_sum(tf.cast(tf.cast(bits, tf.float64) >= tf.constant(lengths, tf.float64), tf.int32))

        def with_levels(count: int) -> tf.Tensor:
            parts = tf.split(update, [math.prod(layer) for layer in layers])
            return tf.concat([_nearest(part, count) for part in parts], 0)

        ways = [lambda: tf.zeros_like(update), *(lambda count=count: with_levels(count) for count in counts)]
        used = tf.gather(tf.constant([0.0, *lengths], tf.float32), fits)
        return tf.switch_case(fits, ways), tf.minimum(used, tf.cast(bits, tf.float32))


def _nearest(values: tf.Tensor, count: int) -> tf.Tensor:
    levels = lloyd.levels_of(values, count)
    return tf.gather(levels, lloyd.cells_of(values, levels))
