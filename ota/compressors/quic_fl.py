"""QUIC-FL: rotated quantisation, unbiased given its rotation, by levels for a normal and shared random numbers."""

import math
from typing import ClassVar, NamedTuple

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from . import ALONE, Known
from ._fitting import fitting_in
from ._positions import position_bits
from ._quic_levels import BORDER, LEAST, MOST, OUTSIDE, level_at, place_at
from ._rotation import returned, turned

EXACT_BITS = 32.0
SIDE_BITS = 32.0 + 8.0  # the deviation, and the rung of the ladder; how many are sent exactly comes on top
USUAL = LEAST + OUTSIDE * (
    EXACT_BITS - LEAST + math.log2(math.e / OUTSIDE)
)  # bits of one, with its share of exact ones


class Plan(NamedTuple):
    """What is sent of each coordinate."""

    inner: tf.Tensor  # which are sent by levels, bool [n]
    exact: tf.Tensor  # which are sent as they are, bool [n]
    depth: tf.Tensor  # bits of an inner one, int32
    deeper: tf.Tensor  # which of them have one bit more, bool [n]
    scale: tf.Tensor  # n over the number of those that are sent; 0 where there are none
    bits: tf.Tensor  # all of them, float64


@dataclass(frozen=True)
class QuicFl:
    """Rotated quantisation that is unbiased given its rotation, at depths that follow from the bits.

    z = H R x/deviation, with random signs R and a Hadamard matrix (block diagonal, as ``random_linear`` has it), is
    close to a standard normal in its entries. Those beyond T = 3.097, one in 512, are sent as they are, in 32 bits each
    and log2 C(n, k) together for their places; all others at b bits by the levels of ``_quic_levels``, which use random
    numbers of the shared key. As nothing is scaled by what was quantised, decoded vectors may be added up before one
    rotation back. Where the rotation is uniform the error is 1.4654, .2135, .0426 and .0095 of |x|^2 for 1 to 4 bits
    (the authors' tables: 1.4670 and .2149 at 1 and 2), and 3.5e-5 at 8. Of bits between two depths, coordinates that
    the key draws have the deeper one. Below 2.08 bits a coordinate fewer of them are sent, at 2 bits and times n over
    their number: 2.523/R - 1 at R bits, while one bit of each would have 2.665/R - 1. Which are sent, and at which
    depth, hangs on the number of coordinates beyond T, but no coin of a quantiser: that leaves no bias (``_fitting``),
    but for less than one vector in a thousand where 32 to 35 bits are left and a coordinate beyond T fits alone only.
    Whole bytes are used. Ben Basat et al., "Accelerating federated learning with quick distributed mean estimation",
    ICML 2024.

    >>> import tensorflow as tf
    >>> from overair.ota import QuicFl
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [4096])
    >>> decoded, used = QuicFl().compress(x, tf.constant(2.5 * 4096), keys.key(0, "code"))
    >>> decoded.shape, bool(used <= 2.5 * 4096)
    (TensorShape([4096]), True)
    """

    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        whole = turned(update, key)
        deviation = tf.sqrt(tf.reduce_mean(whole.v**2))
        unit = tf.math.divide_no_nan(whole.v, deviation)  # z, [n]
        plan = planned(unit, tf.cast(bits, tf.float64), key)
        heard = tf.where(plan.inner, rounded(unit, plan, key)[1], tf.where(plan.exact, unit, 0.0))
        speaks = (plan.scale > 0) & (whole.peak > 0)
        decoded = whole.peak * deviation * plan.scale / whole.root * returned(whole.signs, heard, update.shape[-1])
        used = tf.cast(tf.where(speaks, plan.bits, 0.0), update.dtype)
        return tf.where(speaks, decoded, tf.zeros_like(decoded)), used


def planned(unit: tf.Tensor, bits: tf.Tensor, key: Key) -> Plan:
    """What is sent of coordinates [n] in at most so many bits."""
    size = unit.shape[-1]
    side = SIDE_BITS + size.bit_length()
    room = 8.0 * tf.floor(bits / 8.0) - side
    room = tf.where(room >= EXACT_BITS, room, tf.zeros_like(room))  # for one coordinate, whatever it holds
    outer = tf.abs(unit) > BORDER

    def length(counts: tf.Tensor) -> tf.Tensor:  # of [rungs, 2] inner and outer ones
        return float(LEAST) * tf.cast(counts[:, 0], tf.float64) + exact_bits(counts[:, 0] + counts[:, 1], counts[:, 1])

    likely = tf.clip_by_value(room / USUAL, 0.0, float(size))
    sent = fitting_in(tf.cast(outer, tf.int32), tf.constant(2), length, likely, room, key)
    inner, exact = sent.chosen & ~outer, sent.chosen & outer
    count, beyond = (tf.reduce_sum(tf.cast(which, tf.int32)) for which in (inner, exact))
    apart = exact_bits(count + beyond, beyond)
    left = tf.cast(tf.clip_by_value(room - apart, 0.0, tf.cast(MOST * count, tf.float64)), tf.int32)
    depth = tf.maximum(left // tf.maximum(count, 1), LEAST)
    order = subsets.order(tf.where(inner, keys.uniform(keys.fold(key, "deeper"), [size]), -1.0))
    deeper = subsets.largest(order, tf.maximum(left - depth * count, 0))
    used = 8.0 * tf.math.ceil((side + apart + tf.cast(left, tf.float64)) / 8.0)
    return Plan(inner, exact, depth, deeper, sent.scale, used)


def exact_bits(kept: tf.Tensor, beyond: tf.Tensor) -> tf.Tensor:
    """What so many exact ones of those that are kept take: values and places, float64."""
    return EXACT_BITS * tf.cast(beyond, tf.float64) + tf.math.ceil(position_bits(kept, beyond) - 1e-6)


def rounded(unit: tf.Tensor, plan: Plan, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
    """What is told of coordinates [n], int32, and the levels [n] that it stands for."""
    coin, shared = (keys.uniform(keys.fold(key, word), unit.shape) for word in ("coin", "shared"))

    def at(depth: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        index = place_at(unit, depth, coin, shared)
        return index, level_at(index, depth, shared)

    def mixed() -> tuple[tf.Tensor, tf.Tensor]:
        pairs = zip(at(plan.depth + 1), at(plan.depth), strict=True)
        return tuple(tf.where(plan.deeper, fine, coarse) for fine, coarse in pairs)

    return tf.cond(tf.reduce_any(plan.deeper), mixed, lambda: at(plan.depth))
