"""The largest entries of an update, rounded to levels of laws that are fitted to its layers.

Of all entries of layers that are fitted together, the k of largest magnitude are kept. Each is a sign and b - 1 bits
that name one of 2^(b-1) levels of its layer (``_levels``), for magnitudes above the smallest one kept. Where k and b are
open, those with the least error to be expected of the fitted laws are taken, of pairs that fit: with k(t) magnitudes
above t, it is sum_l n_l (E[|x|^(m+2); |x| < t] + E[|x|^m (|x| - level)^2; |x| > t]), on a grid of t from 2^-10 to 2^5 of
the root of the mean square.

Told besides: k, the smallest magnitude kept, and b as 32 bits each, and scale and shape of each layer as float32.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from .. import subsets
from ..past import Past
from ._laws import Law, LawName, beyond, fit, log_moment
from ._levels import errors_of, levels_of
from ._positions import last, position_bits

NUMBER = 32.0  # bits
STARTS = np.concatenate([[0.0], np.geomspace(2.0**-10, 2.0**5, 96)])  # over the root of the mean square
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


def compress(update: tf.Tensor, bits: tf.Tensor, layers: tuple[int, ...], past: Past, way: Way) -> tuple[tf.Tensor, ...]:
    """What is decoded [d], and the bits used; ``layers`` are their sizes."""
    room, few = tf.cast(bits, tf.float64), sum(size for size in layers if size <= way.small)
    if not few or way.payload:
        return _sent(update, room, layers, past, way)
    fitted = way._replace(small=0)
    affordable = NUMBER * few <= room / 2.0
    return tf.cond(
        affordable,
        lambda: _sent(update, room, layers, past, way),
        lambda: _sent(update, room, layers, past, fitted),
    )


def _sent(update: tf.Tensor, room: tf.Tensor, layers: tuple[int, ...], past: Past, way: Way) -> tuple[tf.Tensor, ...]:
    parts, before = tf.split(update, layers), tf.split(past.estimate, layers)
    small = [size <= way.small or size == 0 for size in layers]
    large = [part for part, is_small in zip(parts, small, strict=True) if not is_small]
    whole, speaks = update.shape[-1] - sum(part.shape[0] for part in large), tf.reduce_any(update != 0)
    if not large:
        cost = Bill(way, 0, whole, tf.zeros([], tf.float64)).bits(tf.constant(0), tf.constant(way.depths[-1], tf.float64))
        return _if(speaks & (cost <= room), update, cost)
    rounded, cost = _rounded(
        large, [part for part, is_small in zip(before, small, strict=True) if not is_small], room, whole, way
    )
    decoded = iter(rounded)
    joined = tf.concat([part if is_small else next(decoded) for part, is_small in zip(parts, small, strict=True)], 0)
    return _if(speaks & (cost <= room), joined, cost)


def _if(sent: tf.Tensor, decoded: tf.Tensor, cost: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.where(sent, decoded, 0.0), tf.cast(tf.where(sent, cost, 0.0), decoded.dtype)


def _rounded(
    parts: list[tf.Tensor], past: list[tf.Tensor], room: tf.Tensor, whole: int, way: Way
) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Layers with their largest entries rounded and zeros elsewhere, and what that costs."""
    sizes = [part.shape[0] for part in parts]
    size, magnitude = sum(sizes), tf.abs(tf.concat(parts, 0))
    mean, square = _moments(parts)
    told = tf.constant(float(len(parts)), tf.float64)
    if way.past:
        old_mean, old_square = _moments(past)
        known = old_mean > 0  # of others the law is sent
        mean, square = tf.where(known, old_mean, mean), tf.where(known, old_square, square)
        told -= tf.reduce_sum(tf.cast(known, tf.float64))
    law, bill = fit(way.law, mean, square), Bill(way, size, whole, told)
    choice = _chosen(law, tf.constant(sizes, tf.float64), square, bill, room)
    depth = tf.gather(tf.constant(way.depths, tf.float64), choice.depth)
    kept = tf.minimum(choice.kept, tf.math.count_nonzero(magnitude, dtype=tf.int32))
    kept = tf.where(bill.bits(kept, depth) <= room, kept, tf.minimum(kept, bill.most(room, depth)))
    chosen = subsets.largest(subsets.order(magnitude), kept)
    start = tf.cast(tf.reduce_min(tf.where(chosen, magnitude, tf.reduce_max(magnitude))), tf.float64)

    def at(bits: int) -> list[tf.Tensor]:
        levels = tf.cast(levels_of(way.law, way.m, 2 ** (bits - 1), law, start), magnitude.dtype)  # [L, N]
        found = zip(parts, tf.split(chosen, sizes), tf.unstack(levels), strict=True)
        return [tf.where(mask, tf.where(part < 0, -1.0, 1.0) * _nearest(tf.abs(part), row), 0.0) for part, mask, row in found]

    rounded = tf.switch_case(choice.depth, [lambda bits=bits: at(bits) for bits in way.depths])
    return rounded, bill.bits(kept, depth)


def _moments(parts: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
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


def sizes_of(layers: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    return tuple(map(math.prod, layers))
