"""Plane waves: how their phases turn with time, and from antenna to antenna of the receiver."""

import math

import tensorflow as tf

from ..arithmetic import precise
from ..link import Span


def turns(hertz: tf.Tensor, span: Span) -> tf.Tensor:
    """exp(j 2 pi f t) at a span's absolute times, complex [..., T], of Doppler shifts f [...].

    Whole turns up to the round's start are taken off in float64, so hours of a moving device cost no precision.
    """
    before = tf.cast(hertz, tf.float64) * precise(span.start)
    whole = tf.cast(before - tf.floor(before), hertz.dtype)
    return phasor(2 * math.pi * (whole[..., None] + hertz[..., None] * span.times()))


def steering(sine: tf.Tensor, antennas: int) -> tf.Tensor:
    """Response of a uniform linear array, half a wavelength apart, to waves whose angles off broadside have that sine.

    exp(j pi n sin(angle)) at antenna n: complex [..., A].
    """
    return phasor(math.pi * sine[..., None] * tf.range(antennas, dtype=sine.dtype))


def phasor(angle: tf.Tensor) -> tf.Tensor:
    """exp(j angle)."""
    return tf.complex(tf.cos(angle), tf.sin(angle))
