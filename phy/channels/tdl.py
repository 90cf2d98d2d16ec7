"""Tapped delay lines TDL-A to TDL-E of 3GPP TR 38.901, one independent realisation a device."""

import math
from collections.abc import Callable
from functools import cached_property
from typing import Annotated, ClassVar, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le
from sionna.phy import config
from sionna.phy.channel.tr38901 import TDL

from ..keys import Key, fold
from ..link import Paths, Size, Span
from ..numbered import Numbered
from ..sionna_rng import keyed
from ..strict import dataclass
from ._groups import GROUP, in_groups, in_pieces
from ._moving import Moving, clarke
from ._waves import phasor, steering, turns

SINUSOIDS = 20
SIGHT = math.cos(math.pi / 4)  # of the angle between a device's travel and its line of sight, as in Sionna


@dataclass(frozen=True)
class Tdl(Moving):
    """One of the five profiles, for devices that stand or move.

    Tapped delay lines of 3GPP TR 38.901, an independent realisation for each device, h(t, f) = sum_l a_l(t)
    exp(-j 2 pi f tau_l).

    A and B and C are Rayleigh, D and E have a line of sight. At ``speed`` 0 the channel stands still; otherwise a tap
    of power p is a sum of S = 20 sinusoids (Xiao, Zheng, Beaulieu, "Novel sum-of-sinusoids simulation models for
    Rayleigh and Rician fading channels", 2006), whose correlation over time is J0(2 pi f_d t), f_d = speed /
    wavelength:

        a(t) = sqrt(p / S) sum_s exp(j (2 pi f_d t cos(alpha_s) + phi_s)),   alpha_s = (2 pi s + theta_s) / S

    Tables, and draws of theta and phi, are those of Sionna's TDL, whose clock starts anew with every call. Here
    ``independent`` fading is drawn anew every round, and ``continuous`` fading goes on: one realisation over all
    rounds, taken at their absolute times. A line of sight reaches the antennas as a plane wave from a random direction
    (Sionna has one phase for all of them). Devices are drawn in groups of a fixed size, so memory stays bounded.

    >>> from overair.phy import Size, Span, Tdl, keys
    >>> channel = Tdl("A", delay_spread=100e-9, speed=3.0)
    >>> size, span = Size(batch=2, antennas=4, devices=20), Span(start=0.0, steps=14, seconds=83e-6)
    >>> paths = channel.draw(size, span, keys.key(0, "fading"), keys.key(0, "place"))
    >>> paths.a.shape, paths.tau.shape  # coefficients of 23 paths over 14 steps, and delays in seconds
    (TensorShape([2, 4, 20, 23, 14]), TensorShape([2, 20, 23]))
    """

    model: Literal["A", "B", "C", "D", "E"] = "A"
    """The profile; D and E have a line of sight (LOS)."""
    delay_spread: Annotated[float, Ge(0), Le(1e-3)] = 100e-9
    """RMS delay spread, in seconds."""
    speed: Annotated[float, Ge(0), Le(1e5)] = 0.0
    """Of the devices, in metres per second."""
    carrier: Annotated[float, Ge(1e3), Le(1e12)] = 3.5e9
    """Carrier frequency, in Hz."""
    fading: Literal["independent", "continuous"] = "independent"
    """Whether a round draws it anew or goes on where the last one ended."""
    scales: ClassVar[bool] = False
    any_batch: ClassVar[bool] = True
    by_number: ClassVar[bool] = True

    @cached_property
    def longest(self) -> float:
        with tf.init_scope():
            return float(max(self._sionna().delays))

    def _sionna(self) -> TDL:
        return TDL(self.model, self.delay_spread, self.carrier, SINUSOIDS)

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        line, total = self._sionna(), batch * devices
        steps = 1 if self.static else span.steps
        paths = line.delays.shape[0]
        goes_on = self.fading == "continuous"

        def draw_group(index: tf.Tensor) -> tuple[tf.Tensor]:
            uniform = _draws(place if goes_on else key, index)
            return (self._taps(line, GROUP, antennas, span if goes_on else span._replace(start=0.0), uniform),)

        (a,) = in_groups(draw_group, total)
        a = tf.reshape(a, [batch, devices, paths, antennas, steps])
        tau, power = (tf.broadcast_to(value, [batch, devices, paths]) for value in (line.delays, line.mean_powers))
        return Paths(tf.transpose(a, [0, 3, 1, 2, 4]), tau, power)

    def correlation(self, then: np.ndarray, now: np.ndarray, seconds: float) -> np.ndarray:
        """Clarke's, and a turn that is known of what a line of sight holds of the first path, [..., L or 1]."""
        lag = np.subtract(now, then)[..., None] * seconds  # [..., 1]
        turns = np.exp(2j * math.pi * self.doppler * SIGHT * lag)
        return self._specular * turns + (1 - self._specular) * clarke(self.doppler, lag)

    @cached_property
    def _specular(self) -> np.ndarray:
        """The share of a path's power that is line of sight, [L], or [1] where none is."""
        if self.model not in ("D", "E"):
            return np.zeros(1)
        with tf.init_scope():
            line = self._sionna()
            first, sight = float(line.mean_powers[0]), float(line.mean_power_los)
            return sight / first * (np.arange(line.mean_powers.shape[0]) == 0)

    def _taps(self, line: TDL, group: int, antennas: int, span: Span, uniform: Callable[..., tf.Tensor]) -> tf.Tensor:
        """Coefficients of a group of devices, [G, L, A, T]."""
        paths, fastest = line.delays.shape[0], self.doppler
        doppler = uniform([group, 1, 1], fastest, fastest)  # as Sionna does, so that what follows are its draws
        theta = uniform([group, paths, SINUSOIDS], -math.pi / SINUSOIDS, math.pi / SINUSOIDS)
        phi = uniform([group, antennas, paths, SINUSOIDS], -math.pi, math.pi)
        alpha = 2 * math.pi / SINUSOIDS * tf.range(1.0, SINUSOIDS + 1) + theta  # [G, L, S]
        specular = line.mean_power_los if line.los else tf.zeros([])
        first = tf.one_hot(0, paths)
        scattered = tf.sqrt((line.mean_powers - first * specular) / SINUSOIDS)  # [L]
        phases = phasor(tf.transpose(phi, [0, 2, 1, 3]))  # [G, L, A, S]
        if self.static:
            a = tf.reduce_sum(phases, -1, keepdims=True)
        else:
            each = paths * span.steps * (SINUSOIDS + antennas)
            a = in_pieces(lambda of, hertz: tf.matmul(of, turns(hertz, span)), each, phases, doppler * tf.cos(alpha))
        a *= tf.cast(scattered, a.dtype)[:, None, None]  # [G, L, A, T]
        if not line.los:
            return a
        phase, angle = uniform([group], -math.pi, math.pi), uniform([group], -math.pi, math.pi)
        wave = phasor(phase)[:, None] * steering(tf.sin(angle), antennas)  # [G, A]
        wave = tf.cast(tf.sqrt(specular), a.dtype) * wave[:, :, None]
        if not self.static:
            wave *= turns(tf.fill([group, 1], fastest * SIGHT), span)
        return a + tf.cast(first, a.dtype)[:, None, None] * wave[:, None]


def _draws(source: Key, index: tf.Tensor) -> Callable[..., tf.Tensor]:
    """Uniform draws for a group of devices: Sionna's, or those of their numbers."""
    if isinstance(source, Numbered):
        return source.group(index, GROUP).draws()
    keyed(fold(source, index))
    return config.tf_rng.uniform
