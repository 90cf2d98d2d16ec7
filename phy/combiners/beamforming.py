"""Aggregation beamforming (MMSE): the combiner that with the best power for it makes the sum's error smallest."""

from collections.abc import Callable
from typing import Annotated, NamedTuple

import tensorflow as tf
from annotated_types import Gt, Le

from ..arithmetic import squared
from ..detection import error_power
from ..link import Link
from ..strict import dataclass
from . import GROUP, Moments, moments, over_symbols, unit

LOWERED = 24  # steps
TOLERANCE = 1e-5  # of the error
VECTORS = 6  # singular ones that descent starts from, at most


@dataclass(frozen=True)
class Beamforming:
    """The combiner that with the best power makes the error of the sum smallest: graduated descent from several starts.

    What is made small over v is the error that is left once every device sends what is best for it, with P = 1,

        sum_k min_{|b_k| <= 1} (|v^H h_k b_k - 1|^2 + |b_k|^2 eps_k |v|^2) + N0 |v|^2,
        b_k = min(1, |v^H h_k| / (|v^H h_k|^2 + eps_k |v|^2)) with the phase of (v^H h_k)*,

    where h_k is the best estimate and eps_k the mean power that it lacks. That is a sum of squares, and steps are those
    of Gauss and Newton with b eliminated, damped as by Levenberg and Marquardt: a step that would make the error larger
    is not taken, and the next one is shorter. The error has many minima. Most are left behind by graduated descent: the
    noise begins as high as all that is received, where phases alone count, and comes down to what it is over
    ``LOWERED`` steps. That is done from maximum ratio, from zero forcing and from the six dominant singular vectors of
    H; from the best of the ends descent goes on until a step gains less than ``TOLERANCE``. It need not be the least
    there is: at K = 20 and A = 8, from 0 to 30 dB, it is at the median as good as the best of 40 random starts, and at
    worst 15 % above it.

    Devices are summed up in groups: what is held are matrices of 2A x 2A an element, in double precision, over so many
    symbols at a time as fit 64 MiB. All symbols count alike: what updates really hold is not known when antennas are
    combined. Liu, Zang, Li, Vucetic, "Over-the-air computation systems: optimization, analysis and scaling laws", IEEE
    TWC 2020, and Zhu and Huang, "MIMO over-the-air computation for high-mobility multimodal sensing", IEEE IoT-J 2019,
    pose like problems.

    >>> from overair.phy import Air, Beamforming, Grid, Rayleigh, keys
    >>> air = Air(Grid(subcarriers=2, symbols=1, prefix=0), Rayleigh(), devices=3, antennas=2, combiner=Beamforming(5))
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1, snr_db=10.0)
    >>> v = air.combiner.weights(link, [0, 1, 2]).numpy()
    >>> v.shape, bool(abs((abs(v) ** 2).sum(axis=1) - 1).max() < 1e-5)
    ((1, 2, 1, 2), True)
    """

    iterations: Annotated[int, Gt(0), Le(10**4)] = 100
    """Most steps once the noise has come down."""

    def weights(self, link: Link, devices: tf.Tensor) -> tf.Tensor:
        if link.antennas == 1:
            return tf.ones([1, 1, 1, 1], tf.complex64)
        return over_symbols(link, lambda part: unit(self.descend(part, devices)[0]), 4 * (2 + VECTORS))

    def descend(self, link: Link, devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """v [B, A, T, F], not of unit norm, and the error [B, T, F] that it and the best power for it leave."""
        alike = moments(link, devices)
        noise = tf.cast(tf.reshape(link.noise, [-1, 1, 1]), tf.float64)
        power = tf.math.real(tf.linalg.trace(alike.covariance))  # [B, T, F]
        high = 2.0 * power / link.antennas + noise
        low = tf.maximum(noise, 1e-6 * high)

        def lowered(step: tf.Tensor) -> tf.Tensor:
            return high * tf.math.divide_no_nan(low, high) ** (tf.cast(step, high.dtype) / LOWERED)

        starts = _starts(alike)
        ends = _descend(link, devices, starts, lowered, LOWERED)
        best = tf.argmin(ends.error + noise * _power(ends.v), axis=0)  # [B, T, F]
        one = tf.one_hot(best, starts.shape[0], axis=0, dtype=tf.complex128)[..., None]
        v = tf.reduce_sum(one * ends.v, axis=0, keepdims=True)  # [1, B, T, F, A]
        end = _descend(link, devices, v, lambda _: noise, self.iterations, TOLERANCE)
        error = (end.error + noise * _power(end.v))[0]
        sum_ = tf.reduce_sum(tf.math.conj(end.v[0]) * alike.total, axis=-1, keepdims=True)  # v^H sum_k h_k
        turn = tf.math.divide_no_nan(sum_, tf.cast(tf.abs(sum_), sum_.dtype))  # the error leaves v's phase open
        return tf.cast(tf.transpose(turn * end.v[0], [0, 3, 1, 2]), tf.complex64), error


class Point(NamedTuple):
    """A combiner, and the error there without N0 |v|^2: its value and half of its derivatives by (Re v, Im v)."""

    v: tf.Tensor  # [S, B, T, F, A]
    error: tf.Tensor  # [S, B, T, F]
    slope: tf.Tensor  # [S, B, T, F, 2A]
    bend: tf.Tensor  # [S, B, T, F, 2A, 2A]


def _starts(alike: Moments) -> tf.Tensor:
    """Of unit norm, [S, B, T, F, A]."""
    ratio, forced = tf.transpose(alike.total, [0, 3, 1, 2]), alike.solve(tf.zeros([1, 1, 1]))
    vectors = tf.stop_gradient(tf.linalg.eigh(alike.covariance)[1])[..., -VECTORS:]  # [B, T, F, A, up to so many]
    towards = (tf.cast(tf.transpose(unit(each), [0, 2, 3, 1]), tf.complex128) for each in (ratio, forced))
    return tf.concat([tf.stack([*towards]), tf.transpose(vectors, [4, 0, 1, 2, 3])], axis=0)


def _descend(
    link: Link,
    devices: tf.Tensor,
    start: tf.Tensor,
    noise: Callable[[tf.Tensor], tf.Tensor],
    most: int,
    tolerance: float = -1.0,
) -> Point:
    """Where so many steps lead at a noise that may depend on their number, or as many as gain more than a share."""

    def step(count: tf.Tensor, _: tf.Tensor, damping: tf.Tensor, here: Point) -> tuple:
        load = noise(count)  # [B, T, F]
        slope = here.slope + load[..., None] * _real(here.v)
        own = damping * tf.linalg.trace(here.bend) + load + 1e-30
        matrix = tf.linalg.set_diag(here.bend, tf.linalg.diag_part(here.bend) + own[..., None])
        move = -tf.linalg.cholesky_solve(tf.linalg.cholesky(matrix), slope[..., None])[..., 0]
        there = _point(link, devices, here.v + tf.complex(*tf.split(move, 2, axis=-1)))
        before, after = (at.error + load * _power(at.v) for at in (here, there))
        better = after <= before
        chosen = (tf.where(_like(better, new), new, old) for new, old in zip(there, here, strict=True))
        gained = -tf.reduce_sum(move * slope, axis=-1) / (before + 1e-30)  # as foretold
        damping = tf.clip_by_value(tf.where(better, damping / 5.0, damping * 4.0), 1e-10, 1e6)
        return count + 1, tf.reduce_max(gained), damping, Point(*chosen)

    here = _point(link, devices, start)
    begin = (tf.constant(0), tf.constant(1.0, tf.float64), 1e-3 * tf.ones_like(here.error), here)
    return tf.while_loop(lambda _, gained, *__: gained > tolerance, step, begin, maximum_iterations=most)[-1]


def _point(link: Link, devices: tf.Tensor, v: tf.Tensor) -> Point:
    """The error at v [S, B, T, F, A], summed up over groups of devices."""
    belief, own = link.receiver.best, _real(v)

    def add(so_far: Point, first: tf.Tensor) -> Point:
        group = devices[first : first + GROUP]
        h = tf.cast(tf.transpose(link.response(group, belief), [0, 3, 4, 2, 1]), tf.complex128)  # [B, T, F, C, A]
        lacking = tf.cast(tf.transpose(error_power(link.receiver, group), [0, 2, 3, 1]), tf.float64)  # [B, T, F, C]
        here = _of_group(h, lacking, v, own)
        return Point(v, *(sum_ + more for sum_, more in zip(so_far[1:], here[1:], strict=True)))

    nothing = Point(
        v, tf.zeros_like(own[..., 0]), tf.zeros_like(own), tf.zeros_like(own[..., None] * own[..., None, :])
    )
    return tf.foldl(add, tf.range(0, tf.size(devices), GROUP), initializer=nothing, parallel_iterations=1)


def _of_group(h: tf.Tensor, lacking: tf.Tensor, v: tf.Tensor, own: tf.Tensor) -> Point:
    arrives = tf.linalg.matvec(h, tf.math.conj(v))  # v^H h, [S, B, T, F, C]
    size, missed = tf.abs(arrives), lacking * _power(v)[..., None]
    second = size**2 + missed
    b = tf.minimum(tf.math.divide_no_nan(size, second), 1.0)
    turn = tf.math.divide_no_nan(tf.math.conj(arrives), tf.cast(size, arrives.dtype))
    along = _real(turn[..., None] * h)  # of |v^H h|, [S, B, T, F, C, 2A]
    error = tf.reduce_sum((size * b - 1.0) ** 2 + b**2 * missed, axis=-1)
    load = tf.reduce_sum(b**2 * lacking, axis=-1)[..., None]
    slope = tf.linalg.matvec(along, (size * b - 1.0) * b, transpose_a=True) + load * own

    free = tf.where(b < 1.0, tf.math.divide_no_nan(b**2, second), 0.0)  # what follows v takes that much off
    bend = tf.matmul(along * (b**2 - free * size**2)[..., None], along, transpose_a=True)
    mixed = tf.linalg.matvec(along, free * size * lacking, transpose_a=True)
    mixed += 0.5 * tf.reduce_sum(free * lacking**2, axis=-1)[..., None] * own
    bend -= mixed[..., None] * own[..., None, :] + own[..., None] * mixed[..., None, :]
    return Point(v, error, slope, tf.linalg.set_diag(bend, tf.linalg.diag_part(bend) + load))


def _real(v: tf.Tensor) -> tf.Tensor:
    return tf.concat([tf.math.real(v), tf.math.imag(v)], axis=-1)


def _power(v: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(squared(v), axis=-1)


def _like(flags: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    return tf.reshape(flags, tf.concat([tf.shape(flags), tf.ones([values.shape.rank - flags.shape.rank], tf.int32)], 0))
