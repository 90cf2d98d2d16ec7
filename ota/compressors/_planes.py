"""Bit planes of a dithered quantiser's indices, and what side information says of each when those above it are known.

An entry x is round(x + u) = q in fine steps, -M to M, sent as the bits of q + M, the highest first. The receiver knows
u and a centre y with x - y of a known law and deviation. Bits above one leave the indices from a to a + 2 w - 1, so

    P(1)/P(0) = [F(a + 2w) - F(a + w)]/[F(a + w) - F(a)],    F(j) = P(x < j - M - 1/2 - u),

F(0) = 0 and F(2M + 1) = 1. What remains of q's information is the sum over bits, by the chain rule.
"""

import math
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

Law = Literal["laplace", "normal"]
FAINT = 1e-6  # chance that each index has besides: nothing is impossible
LEAST = 1e-3  # deviation in steps
DRAWS = 4  # of what the side information may be


class Believed(NamedTuple):
    """Of entries before their bits are heard, [..., n] each, in fine steps."""

    centre: tf.Tensor
    deviation: tf.Tensor
    dither: tf.Tensor


def count(levels: int) -> int:
    """Bits of an index."""
    return (2 * levels).bit_length()


def bits(index: tf.Tensor, levels: int) -> tf.Tensor:
    """Of indices [..., n] from -M to M, int32 [P, ..., n], the highest first."""
    places = tf.range(count(levels))[::-1]
    shifts = tf.reshape(places, [-1, *[1] * len(index.shape)])
    return tf.bitwise.right_shift(tf.cast(index, tf.int32) + levels, shifts) % 2


def ratio(law: Law, levels: int, believed: Believed, low: tf.Tensor, half: tf.Tensor) -> tf.Tensor:
    """ln P(1)/P(0) of the bit that halves the indices from ``low`` on, which count from 0: half of them each."""
    ends = [low, low + half, low + 2 * half]
    first, second, third = (_border(end, levels, believed) for end in ends)
    faint = FAINT * tf.cast(half, first.dtype)
    return tf.math.log(_between(law, second, third) + faint) - tf.math.log(_between(law, first, second) + faint)


def information(
    law: Law, levels: int, planes: tf.Tensor, believed: Believed, off: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and variance of what planes [P, B, n] lack, in bits, by plane and block, [P, B] each.

    It is that of a receiver whose centre is off by so many deviations, one of DRAWS of equal chance, [DRAWS, B, n].
    """
    known = believed._replace(centre=believed.centre + off * believed.deviation)
    low, found = tf.zeros_like(planes[0]), []
    for plane, half in zip(tf.unstack(planes), 2 ** np.arange(planes.shape[0])[::-1], strict=True):
        llr = ratio(law, levels, known, low, tf.constant(half, tf.int32))
        lacking = tf.nn.softplus(tf.where(plane == 1, -llr, llr)) / math.log(2.0)
        mean, variance = tf.nn.moments(lacking, axes=[0])
        found.append((tf.reduce_sum(mean, axis=-1), tf.reduce_sum(variance, axis=-1)))
        low += plane * int(half)
    means, variances = zip(*found, strict=True)
    return tf.stack(means), tf.stack(variances)


def quantile(law: Law, chance: tf.Tensor) -> tf.Tensor:
    """Where a law of deviation 1 has such a chance below."""
    if law == "normal":
        return tf.math.ndtri(chance)
    tail = tf.math.log(2.0 * tf.minimum(chance, 1.0 - chance)) / math.sqrt(2.0)
    return tf.where(chance < 0.5, tail, -tail)


def _border(end: tf.Tensor, levels: int, believed: Believed) -> tf.Tensor:
    """The lower border of an index that counts from 0, in deviations from the centre."""
    border = tf.cast(end - levels, believed.dither.dtype) - 0.5 - believed.dither
    away = (border - believed.centre) / tf.maximum(believed.deviation, LEAST)
    return tf.where(end <= 0, -math.inf, tf.where(end > 2 * levels, math.inf, away))


def _between(law: Law, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    """The chance between two borders, from the side on which tails are small."""
    low, high = tf.where(low > 0, -high, low), tf.where(low > 0, -low, high)
    return tf.maximum(_below(law, high) - _below(law, low), 0.0)


def _below(law: Law, border: tf.Tensor) -> tf.Tensor:
    if law == "normal":
        return 0.5 * tf.math.erfc(-border / math.sqrt(2.0))
    tail = 0.5 * tf.exp(-math.sqrt(2.0) * tf.abs(border))
    return tf.where(border < 0, tail, 1.0 - tail)
