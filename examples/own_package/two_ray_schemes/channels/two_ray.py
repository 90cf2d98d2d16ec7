"""Two rays: a direct one, and one that the ground reflects r times as strong and some nanoseconds later.

h(f) = (e^{j a} + r e^{j b} e^{-j 2 pi f tau}) / sqrt(1 + r^2), with a and b uniform, fresh in every round: E|h|^2 = 1.
"""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from overair.phy import keys
from overair.phy.channels import Still
from overair.phy.keys import Key
from overair.phy.link import Paths, Size, Span
from overair.phy.strict import dataclass


@dataclass(frozen=True)
class TwoRay(Still):
    """A direct and a reflected ray, the same at all antennas but for their phases."""

    static: ClassVar[bool] = True
    scales: ClassVar[bool] = False
    lasting: ClassVar[bool] = False

    reflection: Annotated[float, Ge(0), Le(1)] = 0.5
    """Amplitude of the reflected ray over that of the direct one."""
    delay: Annotated[float, Ge(0), Le(1e-5)] = 200e-9
    """By which the reflected ray is later, in seconds."""

    @property
    def longest(self) -> float:
        return self.delay

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        total = (1 + self.reflection**2) ** 0.5
        amplitude = tf.constant([1 / total, self.reflection / total], tf.float32)
        angle = 6.2831853 * keys.uniform(keys.fold(key, "two rays"), [batch, antennas, devices, 2])
        a = tf.cast(amplitude, tf.complex64) * tf.exp(tf.complex(0.0, angle))  # [B, A, K, 2]
        tau = tf.broadcast_to(tf.constant([0.0, self.delay], tf.float32), [batch, devices, 2])
        return Paths(a[..., None], tau, tf.broadcast_to(amplitude**2, [batch, devices, 2]))
