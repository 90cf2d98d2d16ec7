"""What a receiver makes of the symbols it hears: scaled to be symbols again or as they are, and how good they are."""

import math
from typing import Literal, TypeAlias

import tensorflow as tf

from ...phy import squared
from ...phy.links import Read

Equalizer: TypeAlias = Literal["mmse", "zero_forcing", "none"]


def equalized(equalizer: Equalizer, read: Read) -> tuple[tf.Tensor, tf.Tensor]:
    """Symbols of power 1 from those read [B, T, F], unless they are left as they are, and their SNR; 0 without gain."""
    power = squared(read.gain)
    snr = power / read.noise
    if equalizer == "none":
        return read.z, snr
    down = power + read.noise if equalizer == "mmse" else power
    inverse = tf.math.conj(read.gain) * tf.cast(tf.math.divide_no_nan(1.0, down), read.gain.dtype)
    return read.z * inverse, snr


def effective(snr: tf.Tensor) -> tf.Tensor:
    """The SNR without fading of the same capacity as SNRs [B, k] together, [B]."""
    return tf.math.expm1(tf.reduce_mean(tf.math.log1p(snr), axis=-1))


def decibels(ratio: tf.Tensor) -> tf.Tensor:
    """10 log10 of a ratio, from -100 dB on: a decoder that is told an SNR is told a number."""
    return 10.0 / math.log(10.0) * tf.math.log(tf.maximum(ratio, 1e-10))
