"""The largest entries of an update, rounded to levels of laws that are fitted to its layers.

Of all entries of layers that are fitted together, the k of largest magnitude are kept. Each is a sign and b - 1 bits
that name one of 2^(b-1) levels of its layer (``_levels``), for magnitudes above the smallest one kept. Where k and b
are open, those with the least error to be expected of the fitted laws are taken, of pairs that fit: with k(t)
magnitudes above t, it is sum_l n_l (E[|x|^(m+2); |x| < t] + E[|x|^m (|x| - level)^2; |x| > t]), on a grid of t from
2^-7 to 2^5 of the root of the mean square.

Told besides: k, the smallest magnitude kept, and b as 32 bits each, and scale and shape of each layer as float32.
"""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf

from .. import subsets
from ..layers import Layers
from . import Known
from ._laws import Law, LawName, beyond, fit, log_moment
from ._levels import errors_of, levels_of
from ._positions import last, position_bits

NUMBER = 32.0  # bits
STARTS = np.concatenate([[0.0], np.geomspace(2.0**-7, 2.0**5, 192)])  # over the root of the mean square
FEW = 4  # levels up to which comparing with each edge is faster than a search


class Way(NamedTuple):
    """How it is done, chosen beforehand."""

    law: LawName
    m: float  # the power of magnitudes by which squared errors are weighed
    depths: tuple[int, ...]  # b, ascending; several to choose from
    kept: float | None  # of all entries; what suits unless given
    past: bool  # whether laws are those of the last estimate
    small: int  # layers of at most so many entries are sent as float32
    payload: bool  # whether only b bits of each entry sent are counted


class Choice(NamedTuple):
    """Of depth and number."""

    depth: tf.Tensor  # its place among the depths
    kept: tf.Tensor  # k, int32


class Bill(NamedTuple):
    """What k of n entries at a depth cost."""

    way: Way
    size: int  # n
    whole: int  # entries that are sent as float32
    told: tf.Tensor  # laws that are sent, float64

    def bits(self, kept: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
        kept = tf.cast(kept, tf.float64)
        if self.way.payload:
            return depth * (kept + float(self.whole))
        side = NUMBER * (3.0 + 2.0 * self.told) if self.size else 0.0
        return side + NUMBER * self.whole + depth * kept + position_bits(self.size, kept)

    def most(self, room: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
        """The largest k of which all smaller ones fit too, or all; an int32."""

        def fits(count: tf.Tensor) -> tf.Tensor:
            return self.bits(count, depth) <= room

        return tf.where(fits(tf.constant(self.size)), self.size, last(fits, self.size))


Rounding: TypeAlias = Callable[[list[tf.Tensor], tf.Tensor, int], tuple[list[tf.Tensor], tf.Tensor]]


def compress(update: tf.Tensor, bits: tf.Tensor, known: Known, way: Way) -> tuple[tf.Tensor, tf.Tensor]:
    """What is decoded [d], and the bits used."""
    known = known.filled(update.shape[-1])
    assert known.past is not None
    estimate, layers = known.past.estimate, known.layers

    def rounding(parts: list[tf.Tensor], room: tf.Tensor, whole: int) -> tuple[list[tf.Tensor], tf.Tensor]:
        old = _large(estimate, layers, way.small if whole else 0) if way.past else None
        return _rounded(parts, old, room, whole, way)

    return layered(update, bits, layers, way, rounding)


def layered(
    update: tf.Tensor, bits: tf.Tensor, layers: Layers, way: Way, rounding: Rounding, least: float = 0.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Small layers as float32, and what ``rounding`` makes of the others.

    So if small ones take half of the bits at most, and leave the ``least`` without which none of the others is sent.
    """
    room, few = tf.cast(bits, tf.float64), sum(size for size in map(math.prod, layers) if size <= way.small)
    if not few or way.payload:
        return _sent(update, room, layers, way, rounding)
    affordable = (NUMBER * few <= room / 2.0) & (NUMBER * few + least <= room)
    return tf.cond(
        affordable,
        lambda: _sent(update, room, layers, way, rounding),
        lambda: _sent(update, room, layers, way._replace(small=0), rounding),
    )


def _sent(
    update: tf.Tensor, room: tf.Tensor, layers: Layers, way: Way, rounding: Rounding
) -> tuple[tf.Tensor, tf.Tensor]:
    large = _large(update, layers, way.small)
    whole = update.shape[-1] - sum(part.shape[0] for part in large)
    if large:
        rounded, cost = rounding(large, room, whole)
        joined = _joined(update, layers, way.small, rounded)
    else:
        joined, none = update, tf.zeros([], tf.float64)
        cost = Bill(way, 0, whole, none).bits(none, tf.constant(way.depths[-1], tf.float64))
    sent = tf.reduce_any(joined != 0) & (cost <= room)
    decoded = tf.where(tf.math.is_finite(update), tf.where(sent, joined, 0.0), update)  # trouble is not hidden
    return decoded, tf.cast(tf.where(sent, cost, 0.0), update.dtype)


def _split(update: tf.Tensor, layers: Layers, small: int) -> list[tuple[tf.Tensor, bool]]:
    """Each layer, and whether it is rounded."""
    sizes = list(map(math.prod, layers))
    return [(part, size > small) for part, size in zip(tf.split(update, sizes), sizes, strict=True)]


def _large(update: tf.Tensor, layers: Layers, small: int) -> list[tf.Tensor]:
    return [part for part, is_large in _split(update, layers, small) if is_large]


def _joined(update: tf.Tensor, layers: Layers, small: int, rounded: list[tf.Tensor]) -> tf.Tensor:
    coded = iter(rounded)
    return tf.concat([next(coded) if is_large else part for part, is_large in _split(update, layers, small)], 0)


def _rounded(
    parts: list[tf.Tensor], past: list[tf.Tensor] | None, room: tf.Tensor, whole: int, way: Way
) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Layers with their largest entries rounded and zeros elsewhere, and what that costs."""
    sizes, magnitude = [part.shape[0] for part in parts], tf.abs(tf.concat(parts, 0))
    mean, square = moments(parts)
    told = tf.constant(float(len(parts)), tf.float64)
    if past is not None:
        old_mean, old_square = moments(past)
        known = old_mean > 0  # of others the law is sent
        mean, square = tf.where(known, old_mean, mean), tf.where(known, old_square, square)
        told -= tf.reduce_sum(tf.cast(known, tf.float64))
    law, bill = fit(way.law, mean, square), Bill(way, sum(sizes), whole, told)
    choice = _chosen(law, tf.constant(sizes, tf.float64), square, bill, room)
    depth = tf.gather(tf.constant(way.depths, tf.float64), choice.depth)
    kept = tf.minimum(choice.kept, tf.math.count_nonzero(magnitude, dtype=tf.int32))
    kept = tf.where(bill.bits(kept, depth) <= room, kept, tf.minimum(kept, bill.most(room, depth)))
    chosen = subsets.largest(subsets.order(magnitude), kept)
    start = tf.cast(tf.reduce_min(tf.where(chosen, magnitude, tf.reduce_max(magnitude))), tf.float64)

    def at(bits: int) -> list[tf.Tensor]:
        levels = tf.cast(levels_of(way.law, way.m, 2 ** (bits - 1), law, start), magnitude.dtype)  # [L, N]
        nearest = map(_nearest, tf.split(magnitude, sizes), tf.unstack(levels))
        signed = [tf.where(part < 0, -value, value) for part, value in zip(parts, nearest, strict=True)]
        return [tf.where(mask, value, 0.0) for mask, value in zip(tf.split(chosen, sizes), signed, strict=True)]

    rounded = tf.switch_case(choice.depth, [lambda bits=bits: at(bits) for bits in way.depths])
    return rounded, bill.bits(kept, depth)


def moments(parts: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """E|x| and E x^2 of each layer, float64 [L]; squares of float32 would vanish below 1e-19."""
    peaks = [tf.reduce_max(tf.abs(part)) for part in parts]
    units = [tf.math.divide_no_nan(part, peak) for part, peak in zip(parts, peaks, strict=True)]
    peak = tf.cast(tf.stack(peaks), tf.float64)
    mean = peak * tf.cast(tf.stack([tf.reduce_mean(tf.abs(unit)) for unit in units]), tf.float64)
    return mean, peak**2 * tf.cast(tf.stack([tf.reduce_mean(unit**2) for unit in units]), tf.float64)


def _chosen(law: Law, sizes: tf.Tensor, square: tf.Tensor, bill: Bill, room: tf.Tensor) -> Choice:
    way = bill.way
    depths = tf.constant(way.depths, tf.float64)
    if way.kept is None:
        return _best(law, sizes, square, bill, room)
    wanted = min(max(round(way.kept * (bill.size + bill.whole)) - bill.whole, 0), bill.size)
    fits = bill.bits(tf.fill([len(way.depths)], wanted), depths) <= room
    deepest = tf.maximum(tf.reduce_max(tf.where(fits, tf.range(len(way.depths)), -1)), 0)
    return Choice(deepest, tf.constant(wanted))


def _best(law: Law, sizes: tf.Tensor, square: tf.Tensor, bill: Bill, room: tf.Tensor) -> Choice:
    """Depth and number of least expected error among those that fit; where more would be better, all that fit."""
    way, depths = bill.way, tf.constant(bill.way.depths, tf.float64)
    unit = tf.sqrt(tf.math.divide_no_nan(tf.reduce_sum(sizes * square), tf.reduce_sum(sizes)))
    relative = Law(*(value[:, None] for value in law._replace(scale=tf.math.divide_no_nan(law.scale, unit))))
    starts = tf.constant(STARTS)
    likely = tf.cast(tf.round(tf.reduce_sum(sizes[:, None] * beyond(relative, starts), axis=0)), tf.int32)  # [T]
    energy = sizes[:, None] * relative.scale ** (way.m + 2.0)
    energy *= tf.exp(log_moment(relative.order, relative.shape, way.m + 2.0))  # [L, 1]
    share = beyond(relative, starts, way.m + 2.0)  # [L, T]
    rounding = errors_of(way.law, way.m, tuple(2 ** (b - 1) for b in way.depths), relative, starts)  # [L, T, depths]
    errors = tf.reduce_sum(energy[..., None] * (1.0 - share[..., None] * (1.0 - rounding)), axis=0)  # [T, depths]
    fits = bill.bits(likely[:, None], depths) <= room
    index = tf.argmin(tf.reshape(tf.where(fits, errors, np.inf), [-1]), output_type=tf.int32)
    at, depth = index // len(way.depths), index % len(way.depths)
    more = tf.argmin(errors[:, depth], output_type=tf.int32) < at
    most = bill.most(room, depths[depth])
    return Choice(depth, tf.where(more & (most < bill.size), tf.maximum(most, likely[at]), likely[at]))


def _nearest(magnitude: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
    """The nearest of ascending levels [N]."""
    edges, steps = (levels[1:] + levels[:-1]) / 2.0, levels[1:] - levels[:-1]
    if levels.shape[0] > FEW:
        return tf.gather(levels, tf.searchsorted(edges, magnitude))
    climbed = [tf.where(magnitude > edges[i], steps[i], 0.0) for i in range(levels.shape[0] - 1)]
    return tf.add_n([levels[0] + tf.zeros_like(magnitude), *climbed])
