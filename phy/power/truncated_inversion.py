"""Truncated channel inversion: b = c / h where |h|^2 >= g, silence elsewhere.

In Rayleigh fading a share 1 - exp(-g) of the elements is silent and the level reached on average is c^2 = P / E1(g).
With ``unbiased`` a device that uses m_i of its m elements scales by m/m_i (Abdi, "Distributed learning and inference
in deep models", 2020, eq. 5.7), which keeps a random linear code unbiased and costs energy. A device with m_i = 0 is
silent and counts as not heard.
"""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge
from pydantic.dataclasses import dataclass

from . import Level, inverse, squared, weakest


@dataclass(frozen=True)
class TruncatedInversion:
    """Threshold g on |h|^2, relative to the mean gain that the SNR is defined for."""

    threshold: Annotated[float, Ge(0)] = 0.1
    unbiased: bool = True
    joint: ClassVar[bool] = False

    @property
    def bounded(self) -> bool:
        return self.threshold > 0

    def cost(self, gain: tf.Tensor) -> tf.Tensor:
        return squared(self._inverse(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: tf.Tensor | None, noise: tf.Tensor) -> Level:
        return weakest(spent, budgets)

    def amplitude(self, scale: tf.Tensor, gain: tf.Tensor, spent: tf.Tensor, budget: tf.Tensor) -> tf.Tensor:
        return tf.cast(scale, gain.dtype) * self._inverse(gain)

    def _inverse(self, gain: tf.Tensor) -> tf.Tensor:
        used = tf.cast(squared(gain) >= self.threshold, gain.dtype.real_dtype)  # [..., N]
        if self.unbiased:
            used = tf.math.divide_no_nan(used, tf.reduce_mean(used, axis=-1, keepdims=True))
        return tf.cast(used, gain.dtype) * inverse(gain)
