"""Joint bandwidth: shares of the band by which all that send end at one moment, the earliest that there is.

Device k is ready at T_k and sends S bits in a share b_k of the band B with all its power, at snr_k/b_k:

    T_k + S / (b_k B log2(1 + snr_k/b_k)) = t for all k,   sum_k b_k = 1.

With G_k = S ln 2 / ((t - T_k) B snr_k), which must be below 1, the share is b_k = -G_k snr_k / (W(-G_k exp(-G_k)) +
G_k), W the lower branch of Lambert's; the end t is found by bisection. In whole subcarriers, t is the first at which
the shares, each rounded up, are no more than there are. ``joining`` adds device after device, each time the one that
lengthens the round least. Shi, Zhou, Niu, Jiang, Geng, "Joint device scheduling and resource allocation for latency
constrained wireless federated learning", IEEE TWC 2021.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from ....ota.allocation import worth

HALVINGS = 60  # of the time between the earliest and the latest end
NEVER = math.inf


class Uploads(NamedTuple):
    """What K devices have to send, float64."""

    ready: tf.Tensor  # seconds until each has computed, [K]
    size: tf.Tensor  # bits over hertz of the whole band, in seconds at 1 bit/s/Hz, [K]
    snr: tf.Tensor  # of each alone on the whole band, linear, [K]

    @classmethod
    def of(cls, ready: tf.Tensor, bits: float | tf.Tensor, snr: tf.Tensor, bandwidth: float) -> "Uploads":
        """From seconds, bits of each or of all, SNRs on the whole band, and its hertz."""
        ready = tf.cast(ready, tf.float64)
        size = tf.cast(bits, tf.float64) / bandwidth
        return cls(ready, tf.broadcast_to(size, tf.shape(ready)), tf.cast(snr, tf.float64))

    def ends(self, share: tf.Tensor) -> tf.Tensor:
        """When each has sent on a share of the band, [K]; never without one."""
        rate = share * tf.math.log1p(tf.math.divide_no_nan(self.snr, share)) / math.log(2.0)
        return tf.where(rate > 0, self.ready + tf.math.divide_no_nan(self.size, rate), NEVER)

    def shares(self, end: tf.Tensor) -> tf.Tensor:
        """The least share with which each has sent by then, [K]; infinite where none suffices."""
        g = self.size * math.log(2.0) / ((end - self.ready) * self.snr)
        possible = (end > self.ready) & (self.snr > 0) & (g < 1)
        g = tf.where(possible, g, 0.5)
        share = g * self.snr / (tf.exp(worth(g - 1.0 - tf.math.log(g))) - g)
        return tf.where(possible, share, NEVER)


class Split(NamedTuple):
    """Of the band."""

    end: tf.Tensor  # when all have sent, float64; infinite where one never can, 0 where nobody is to
    share: tf.Tensor  # of each, adding up to 1, float64 [K]; or whole subcarriers, int32 [K]


def split(uploads: Uploads, chosen: tf.Tensor) -> Split:
    """The shares of those chosen, bool [K]. Where one of them never can send, shares are equal."""
    count = tf.reduce_sum(tf.cast(chosen, tf.float64))
    equal = tf.where(chosen, tf.math.divide_no_nan(tf.constant(1.0, tf.float64), count), 0.0)
    alone, latest = _last(uploads, tf.ones_like(equal), chosen), _last(uploads, equal, chosen)

    def fits(end: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.where(chosen, uploads.shares(end), 0.0)) <= 1.0

    end = _first(fits, alone, latest)
    share = tf.where(chosen & tf.math.is_finite(end), uploads.shares(end), equal)
    return Split(end, tf.math.divide_no_nan(share, tf.reduce_sum(share)))


def subcarriers(uploads: Uploads, chosen: tf.Tensor, total: int) -> Split:
    """The same in whole subcarriers, int32 [K]; what is over goes to those that end last.

    Of more devices than subcarriers some never end, and nobody gets any.
    """
    count = tf.reduce_sum(tf.cast(chosen, tf.int32))
    equal = tf.where(chosen, total // tf.maximum(count, 1), 0)

    def whole(end: tf.Tensor) -> tf.Tensor:
        exact = tf.minimum(uploads.shares(end), 2.0) * total
        return tf.where(chosen, tf.cast(tf.math.ceil(exact - 1e-9), tf.int32), 0)

    def fits(end: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(whole(end)) <= total

    alone = _last(uploads, tf.ones_like(uploads.ready), chosen)
    end = _first(fits, alone, _last(uploads, _part(equal, total), chosen))
    counts = tf.where(tf.math.is_finite(end), whole(end), equal)
    left = tf.where(tf.reduce_sum(counts) > 0, total - tf.reduce_sum(counts), 0)
    late = tf.argsort(tf.where(chosen, uploads.ends(_part(counts, total)), -1.0), direction="DESCENDING", stable=True)
    rank = tf.math.invert_permutation(late)
    each, over = left // tf.maximum(count, 1), left % tf.maximum(count, 1)
    counts += tf.where(chosen, each + tf.cast(rank < over, tf.int32), 0)
    return Split(_last(uploads, _part(counts, total), chosen), counts)


def joining(uploads: Uploads) -> tuple[tf.Tensor, tf.Tensor]:
    """In which order devices join, int32 [K], and when the round ends with the first one, two, ... of them, [K].

    Whoever could never send comes last, at infinite ends.
    """
    turn, ends = _joined(uploads, lambda at, ends: tf.constant(True))
    return tf.math.invert_permutation(turn), ends


def paying(uploads: Uploads, rounds: tf.Tensor, besides: float) -> tf.Tensor:
    """Those who join while the time to an accuracy falls, bool [K].

    That is the seconds of a round, with those that it takes besides, times the rounds that one, two, ... devices need,
    float64 [K]. Whoever is first joins.
    """

    def falls(at: tf.Tensor, ends: tf.Tensor) -> tf.Tensor:
        now, before = tf.maximum(at - 1, 0), tf.maximum(at - 2, 0)
        times = (ends + besides) * rounds
        return (at < 2) | (times[now] < times[before])

    turn, ends = _joined(uploads, falls)
    times = (ends + besides) * rounds
    turned = tf.pad(times[1:] >= times[:-1], [[0, 1]], constant_values=True)
    return (turn >= 0) & (turn <= tf.argmax(turned, output_type=tf.int32))


def _joined(uploads: Uploads, goes_on: Callable[..., tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """The turn of each device, -1 of those not asked, and the ends with one, two, ... of them, infinite beyond."""
    alive = tf.math.is_finite(uploads.ends(tf.ones_like(uploads.ready)))
    equal = tf.where(alive, 1.0 / tf.reduce_sum(tf.cast(alive, tf.float64)), 0.0)
    latest = _last(uploads, equal, alive)

    def join(at: tf.Tensor, turn: tf.Tensor, ends: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        inside = turn >= 0
        need = _needs(uploads, inside)
        before = tf.where(at > 0, ends[tf.maximum(at - 1, 0)], 0.0)
        end = _first(lambda end: need(end)[0] <= 1.0, before, latest)
        best = need(end)[1]
        ends = tf.tensor_scatter_nd_update(ends, [[at]], [tf.where(alive[best], end, NEVER)])
        return at + 1, tf.where(tf.range(tf.size(turn)) == best, at, turn), ends

    shape, never = tf.shape(uploads.ready), tf.constant(NEVER, tf.float64)
    start = tf.constant(0), tf.fill(shape, -1), tf.fill(shape, never)
    _, turn, ends = tf.while_loop(lambda at, _, ends: (at < shape[0]) & goes_on(at, ends), join, start)
    return turn, ends


def _needs(uploads: Uploads, inside: tf.Tensor) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """From an end to the shares of those inside with the one that needs least besides, and who that is."""

    def need(end: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        share = tf.minimum(uploads.shares(end), 2.0)  # more than there is
        outside = share + 3.0 * tf.cast(inside, tf.float64)
        together = tf.reduce_sum(tf.where(inside, share, 0.0)) + tf.reduce_min(outside)
        return together, tf.argmin(outside, output_type=tf.int32)

    return need


def _part(counts: tf.Tensor, total: int) -> tf.Tensor:
    return tf.cast(counts, tf.float64) / total


def _last(uploads: Uploads, share: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """When the last of those chosen has sent on these shares."""
    return tf.reduce_max(tf.where(chosen, uploads.ends(share), 0.0))


def _first(fits: Callable[[tf.Tensor], tf.Tensor], low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    """The first time between two, of which the later one does, that fits; infinite where the later one is."""

    def halve(low: tf.Tensor, high: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        middle = 0.5 * (low + high)
        inside = fits(middle)
        return tf.where(inside, low, middle), tf.where(inside, middle, high)

    _, found = tf.while_loop(lambda *_: True, halve, (low, high), maximum_iterations=HALVINGS)
    return tf.where(tf.math.is_finite(high), found, high)
