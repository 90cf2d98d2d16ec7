"""What a receiver makes of the symbols it hears, by what it believes of the channel, and how well it believes to hear.

A receiver whose knowledge is announced to lack the share e of the channel's power believes the gain sqrt(1 - e) h and,
beside the noise, an unknown gain of mean power e: 10 dB with e = 0.1 are then less than 10 dB.
"""

import math
from typing import Literal, NamedTuple, TypeAlias

import tensorflow as tf

from ...phy import Link, behind, squared

Equalizer: TypeAlias = Literal["mmse", "zero_forcing", "none"]


class Believed(NamedTuple):
    """The gain behind the combiner, [B, T, F] with T = 1 where nothing moves, and the power of what is not signal."""

    gain: tf.Tensor
    noise: tf.Tensor  # [B, 1, 1]


def believed_snr(link: Link, weights: tf.Tensor, error: float) -> Believed:
    """What the receiver believes of a link with a single sender, behind weights [B, A, T, F]."""
    gain, noise = behind(weights, link.response(of=link.receiver))[:, 0], link.noise
    if error:
        gain *= (1.0 - error) ** 0.5
        noise += error * tf.reduce_sum(link.true.power, axis=[1, 2])
    return Believed(gain, noise[:, None, None])


def equalized(equalizer: Equalizer, heard: tf.Tensor, believed: Believed) -> tuple[tf.Tensor, tf.Tensor]:
    """Symbols of power 1 from what is heard [B, T, F], and their SNR as believed; 0 where no gain is."""
    power = squared(believed.gain)
    down = power + believed.noise if equalizer == "mmse" else power
    inverse = tf.math.conj(believed.gain) * tf.cast(tf.math.divide_no_nan(1.0, down), believed.gain.dtype)
    return heard * inverse, power / believed.noise


def effective(snr: tf.Tensor) -> tf.Tensor:
    """The SNR without fading of the same capacity as SNRs [B, k] or [B, 1] together, [B]."""
    return tf.math.expm1(tf.reduce_mean(tf.math.log1p(snr), axis=-1))


def decibels(ratio: tf.Tensor) -> tf.Tensor:
    """10 log10 of a ratio, from -100 dB on: a decoder that is told an SNR is told a number."""
    return 10.0 / math.log(10.0) * tf.math.log(tf.maximum(ratio, 1e-10))
