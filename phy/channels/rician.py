"""Flat Rician block fading: line of sight (LOS) and scattered waves, sqrt(K/(K+1)) s + sqrt(1/(K+1)) w, w ~ CN(0,1)."""

import math
from typing import ClassVar

import tensorflow as tf

from .. import keys
from ..keys import Key
from ..link import Paths, Size, Span
from ..strict import dataclass
from . import Still
from ._waves import phasor, steering


@dataclass(frozen=True)
class Rician(Still):
    """A line of sight and scattered waves.

        h = sqrt(K / (K + 1)) s + sqrt(1 / (K + 1)) w,   w from CN(0, 1),   K = 10^(k_db / 10).

    The block is the round; the mean gain is 1. The line of sight s = exp(j (psi + pi n sin(theta))) is a plane wave at
    antenna n of a uniform linear array, half a wavelength apart, with phase psi and direction theta uniform over the
    circle for each device and round: antennas see it with a correlation of J0(pi n), not alike. K of -inf dB is
    Rayleigh fading; with +inf dB only the phase is random. Tse and Viswanath, "Fundamentals of wireless communication",
    2.4.2.

    >>> from overair.phy import Rician, Size, Span, keys
    >>> paths = Rician(k_db=60.0).draw(Size(1, 4, 3), Span(0.0, 14, 83e-6), keys.key(0, "fading"), keys.key(0, "place"))
    >>> paths.a.shape, bool((abs(abs(paths.a.numpy()) - 1) < 0.01).all())  # hardly anything is scattered
    (TensorShape([1, 4, 3, 1, 1]), True)
    """

    k_db: float = 6.0
    """K factor, in dB; power of the line of sight (LOS) over that of the scattered waves."""
    static: ClassVar[bool] = True
    longest: ClassVar[float] = 0.0
    scales: ClassVar[bool] = False
    lasting: ClassVar[bool] = False
    any_batch: ClassVar[bool] = True
    by_number: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if math.isnan(self.k_db):
            raise ValueError("rician.k_db: expected a number of decibels, received nan")

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        specular = (1 + math.tanh(self.k_db * math.log(10) / 20)) / 2  # K / (K + 1), without overflow
        phase, angle = tf.unstack(keys.uniform(keys.fold(key, "sight"), [2, batch, devices], -math.pi, math.pi))
        sight = phasor(phase)[..., None] * steering(tf.sin(angle), antennas)  # [B, K, A]
        scattered = keys.complex_normal(keys.fold(key, "scattered"), [batch, antennas, devices])
        h = specular**0.5 * tf.transpose(sight, [0, 2, 1]) + (1 - specular) ** 0.5 * scattered
        one = tf.ones([batch, devices, 1], tf.float32)
        return Paths(h[..., None, None], 0 * one, one)
