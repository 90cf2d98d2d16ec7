"""Numbers of a few bits: a sign, an exponent and a mantissa."""

from itertools import product
from typing import NamedTuple

import numpy as np
import tensorflow as tf


class Minifloat(NamedTuple):
    """Bits of exponent and mantissa, and the bias; the exponent of all ones is left to infinities, as IEEE 754 has it.

    A symbol is 0 for 0, 2 m - 1 for the m-th magnitude and 2 m for its negative.
    """

    exponent: int
    mantissa: int
    bias: int

    @property
    def value_bits(self) -> int:
        return 1 + self.exponent + self.mantissa

    @property
    def symbols(self) -> int:
        return 2 * len(self.magnitudes()) - 1

    def magnitudes(self) -> np.ndarray:
        """From 0 upwards."""
        steps = 2.0**-self.mantissa
        exponents, mantissas = range(2**self.exponent - 1), range(2**self.mantissa)
        return np.array(
            [2.0 ** (max(e, 1) - self.bias) * ((e > 0) + steps * f) for e, f in product(exponents, mantissas)]
        )

    def encode(self, values: tf.Tensor) -> tf.Tensor:
        """The symbols of the nearest numbers, int32; beyond the largest, the largest."""
        levels = self.magnitudes()
        middles = tf.constant((levels[1:] + levels[:-1]) / 2, values.dtype)
        nearest = tf.searchsorted(middles, tf.abs(values))
        return tf.maximum(2 * nearest - tf.cast(values > 0, tf.int32), 0)

    def decode(self, symbols: tf.Tensor) -> tf.Tensor:
        """Their numbers, float32."""
        levels = self.magnitudes()
        table = np.concatenate([[0.0], np.stack([levels[1:], -levels[1:]], axis=1).ravel()])
        return tf.gather(tf.constant(table, tf.float32), symbols)


FP8 = Minifloat(5, 2, 15)
FP4 = Minifloat(2, 1, 1)
