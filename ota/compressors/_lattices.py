"""The lattices D4 and E8: their nearest points, a uniform shift of their cells, and what a point costs to tell.

D_L holds the whole numbers of even sum; E8 is D8 and D8 + 1/2. The cell of volume V holds a mean square of G V^(2/L) a
coordinate: G = 13/(120 sqrt 2) for D4 and 929/12960 for E8, where whole numbers have 1/12. Behind a dither u, uniform
on a cell, a point is told coordinate by coordinate: E8's half in a bit; the last coordinate by half of what it is above
the parity of the others; each as a rounded normal around u, of the variance that x + error has. Of a normal x at a step
s that is 1/2 log2(2 pi e (1 + D)) - log2(s V^(1/L)) bits a coordinate, D the error, and more where steps are coarse.
Conway, Sloane, "Fast quantizing and decoding algorithms for lattice quantizers and codes", IEEE Trans. Information
Theory, 1982.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from .. import gaussian_coding
from ._normal_rates import Steps

STEPS = 2.0 ** np.arange(-8.0, 1.8, 1 / 8)  # coarser ones cost more than their law says
BLOCKS = 16_384  # on which rates are measured
FINE = 0.25  # steps below which they need not be
LEAST = 0.05  # variance of a normal whose cells are coded, in squared steps


class Lattice(NamedTuple):
    """What it takes to use one."""

    dims: int  # L
    volume: float  # V
    moment: float  # G
    halves: bool

    def error(self, step: tf.Tensor) -> tf.Tensor:
        """Mean square of a coordinate's error."""
        return self.moment * self.volume ** (2.0 / self.dims) * step**2


LATTICES = {"d4": Lattice(4, 2.0, 13 / (120 * 2**0.5), False), "e8": Lattice(8, 1.0, 929 / 12960, True)}


def nearest(lattice: Lattice, x: tf.Tensor) -> tf.Tensor:
    """The points of a lattice nearest to those of [B, L]."""
    whole = _even(x)
    if not lattice.halves:
        return whole
    half = _even(x - 0.5) + 0.5
    near = tf.reduce_sum((x - whole) ** 2, axis=1) <= tf.reduce_sum((x - half) ** 2, axis=1)
    return tf.where(near[:, None], whole, half)


def _even(x: tf.Tensor) -> tf.Tensor:
    """Whole numbers of even sum: where the sum is odd, the one that was rounded most goes the other way."""
    rounded = tf.round(x)
    off = x - rounded
    worst = tf.one_hot(tf.argmax(tf.abs(off), axis=1), x.shape[1], dtype=x.dtype)
    odd = tf.math.floormod(tf.reduce_sum(rounded, axis=1, keepdims=True), 2.0)
    return rounded + odd * worst * tf.where(off < 0, -1.0, 1.0)


def dither(lattice: Lattice, key: Key, blocks: int) -> tf.Tensor:
    """Uniform on the cell around zero, [B, L]: a cube of side 2 is a period of both lattices."""
    anywhere = keys.uniform(key, [blocks, lattice.dims], 0.0, 2.0)
    return anywhere - nearest(lattice, anywhere)


def symbols(points: tf.Tensor, dither: tf.Tensor) -> tf.Tensor:
    """The numbers that tell points [B, L], and their means: int32 and float, [2, B, L] together, as floats."""
    half = points[:, :1] - tf.floor(points[:, :1])
    index, mean = points - half, dither - half
    parity = tf.math.floormod(tf.reduce_sum(index[:, :-1], axis=1, keepdims=True), 2.0)
    last = (tf.stack([index[:, -1:], mean[:, -1:]]) - parity) / 2.0
    return tf.concat([tf.stack([index[:, :-1], mean[:, :-1]]), last], axis=2)


def deviations(lattice: Lattice, step: tf.Tensor) -> tf.Tensor:
    """Of the normals that are rounded to these numbers, [L], float64."""
    variance = (1.0 + lattice.error(step)) / step**2
    most, last = tf.maximum(variance - 1.0 / 12.0, LEAST), tf.maximum(variance / 4.0 - 1.0 / 12.0, LEAST)
    return tf.sqrt(tf.stack([most] * (lattice.dims - 1) + [last]))


def costs(lattice: Lattice, told: tf.Tensor, step: tf.Tensor, most: tf.Tensor) -> tf.Tensor:
    """Bits of each block whose symbols and means are ``told``, [B], float64."""
    each = gaussian_coding.lengths(told[0], told[1], deviations(lattice, step), most)
    return tf.reduce_sum(each, axis=1) + float(lattice.halves)


@cache
def steps(lattice: Lattice) -> Steps:
    """With their rates on normals, down to the rate at which bits buy most; measured once where steps are coarse."""
    error = lattice.error(STEPS)
    rates = 0.5 * np.log2(2 * math.pi * math.e * (1 + error)) - np.log2(STEPS * lattice.volume ** (1 / lattice.dims))
    with tf.init_scope():
        x = keys.normal(keys.key(0, "lattice", "x"), [BLOCKS, lattice.dims])
        shift = dither(lattice, keys.key(0, "lattice", "dither"), BLOCKS)
        for place in np.flatnonzero(STEPS >= FINE):
            told = symbols(nearest(lattice, x / float(STEPS[place]) + shift), shift)
            cost = costs(lattice, told, tf.constant(STEPS[place]), tf.constant(1000))
            rates[place] = float(tf.reduce_mean(cost)) / lattice.dims
    best = int(np.argmin(rates * (1.0 + error)))
    return Steps(STEPS[best::-1].copy(), rates[best::-1].copy())
