"""Rays of the 3GPP models: plane waves between a moving device and a receiver with a line of antennas.

A path is a sum of rays of mean powers p_r, each with a random phase, a Doppler shift f_r and a direction of arrival:

    a_n(t) = sum_r sqrt(p_r) exp(j (phi_r + 2 pi f_r t + pi n sin(theta_r)))          (38.901, eq. 7.5-28)

Device and receiver are vertically polarised and upright, so a ray keeps its polarisation, and cross-polar waves are not
received. A line of sight is a path of its own with a single ray.
"""

import math
from typing import NamedTuple

import tensorflow as tf
from sionna.phy import SPEED_OF_LIGHT

from .. import keys
from ..keys import Key
from ..link import Size, Span
from ._groups import GROUP, in_groups, in_pieces
from ._waves import phasor, steering, turns


class Rays(NamedTuple):
    """The rays of N devices, all of them [N, L, R]: mean powers, sines off the array's broadside, Doppler shifts."""

    power: tf.Tensor
    sine: tf.Tensor
    hertz: tf.Tensor

    def of(self, devices: tf.Tensor) -> "Rays":
        """The rays of some devices."""
        return Rays(*(tf.gather(value, devices) for value in self))

    def gather(self, paths: tf.Tensor) -> "Rays":
        """Some paths [N, P] of each device."""
        return Rays(*(tf.gather(value, paths, batch_dims=1) for value in self))

    def beside(self, other: "Rays") -> "Rays":
        """These paths, and then those of the same devices."""
        return Rays(*(tf.concat(pair, 1) for pair in zip(self, other, strict=True)))


def alone(rays: Rays, count: int) -> Rays:
    """Paths [N] of one ray each as paths of ``count`` rays, the others without power."""
    return Rays(*(value[:, None, None] * tf.one_hot(0, count) for value in rays))


def sum_of_rays(rays: Rays, tau: tf.Tensor, size: Size, span: Span | None, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
    """Coefficients [B, A, K, L, T] and delays [B, K, L] under phases drawn from a key; of no span: nothing moves."""
    batch, antennas, devices = size
    total, paths, count = rays.power.shape
    steps = 1 if span is None else span.steps

    def draw_group(index: tf.Tensor) -> tuple[tf.Tensor]:
        power, sine, hertz = rays.of(tf.minimum(index * GROUP + tf.range(GROUP), total - 1))
        phase = keys.uniform(keys.fold(key, index), [GROUP, paths, count], -math.pi, math.pi)
        waves = tf.cast(tf.sqrt(power), tf.complex64) * phasor(phase)  # [G, L, R]
        return (in_pieces(add, paths * count * (antennas + steps), waves, sine, hertz),)

    def add(waves: tf.Tensor, sine: tf.Tensor, hertz: tf.Tensor) -> tf.Tensor:
        """Coefficients [G, L, A, T] of rays [G, L, R]."""
        seen = waves[..., None] * steering(sine, antennas)  # [G, L, R, A]
        if span is None:
            return tf.reduce_sum(seen, 2)[..., None]
        return tf.matmul(seen, turns(hertz, span), transpose_a=True)

    (a,) = in_groups(draw_group, total)
    a = tf.reshape(a, [batch, devices, paths, antennas, steps])
    return tf.transpose(a, [0, 3, 1, 2, 4]), tf.reshape(tau, [batch, devices, paths])


def doppler(zenith: tf.Tensor, azimuth: tf.Tensor, travel: tf.Tensor, speed: float, carrier: float) -> tf.Tensor:
    """Doppler shifts in Hz of waves that reach a device moving level towards an azimuth ``travel``."""
    return speed / SPEED_OF_LIGHT * carrier * tf.sin(zenith) * tf.cos(azimuth - travel)


def element_gain(pattern: str, zenith: tf.Tensor, azimuth: tf.Tensor) -> tf.Tensor:
    """Power gain of an antenna element that faces azimuth 0 (38.901, table 7.3-1: 8 dBi, 65 degrees wide)."""
    if pattern == "omni":
        return tf.ones_like(zenith)
    azimuth = tf.math.floormod(azimuth + math.pi, 2 * math.pi) - math.pi
    wide = math.radians(65)
    down = tf.minimum(12 * tf.square((zenith - math.pi / 2) / wide), 30.0)
    aside = tf.minimum(12 * tf.square(azimuth / wide), 30.0)
    return tf.pow(10.0, (8.0 - tf.minimum(down + aside, 30.0)) / 10)
