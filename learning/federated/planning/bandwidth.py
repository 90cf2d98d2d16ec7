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
from typing import Any, NamedTuple

import tensorflow as tf

HALVINGS = 60  # of the time between the earliest and the latest end
NEAR = 1e-4  # to a sum of 1: from there one more step of Newton's leaves 1e-9 of what time is left to send
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
        return self.needs(end)[0]

    def needs(self, end: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The same, and by how much less of it does for each second more, [K]."""
        left = end - self.ready
        g = self.size * math.log(2.0) / (left * self.snr)
        possible = (left > 0) & (self.snr > 0) & (g < 1)
        g = tf.where(possible, g, 0.5)
        r = lower(g)
        share = tf.where(possible, g * self.snr / (r - g), NEVER)
        return share, share * r / (left * (r - 1.0))


class Split(NamedTuple):
    """Of the band."""

    end: tf.Tensor  # when all have sent, float64; infinite where one never can, 0 where nobody is to
    share: tf.Tensor  # of each, adding up to 1, float64 [K]; or whole subcarriers, int32 [K]


def lower(g: tf.Tensor) -> tf.Tensor:
    """The r > 1 at which r exp(-r) = g exp(-g), of g between 0 and 1: -W(-g exp(-g)), the lower branch.

    Barry et al., "Analytical approximations for real values of the Lambert W-function", 2000, with 1/(1 + x) for their
    exp(-x), is right to 3e-4; a step of Fritsch, Shafer, Crowley, CACM 1973, of fourth order, leaves a rounding.
    """
    u = g - 1.0 - tf.math.log(g)
    root = tf.sqrt(u)
    bend = 1.0 - 0.0042 * u / (1.0 + 0.0201 * root)
    r = 1.0 + u + 2.0 / 0.3361 * (1.0 - 1.0 / (1.0 + 0.3361 * math.sqrt(0.5) * root / bend))
    z = r - 1.0 - tf.math.log(r) - u
    q = 2.0 * (1.0 - r) * (1.0 - r + 2.0 / 3.0 * z)
    return r * (1.0 + tf.math.divide_no_nan(z * (q - z), (1.0 - r) * (q - 2.0 * z)))


def split(uploads: Uploads, chosen: tf.Tensor) -> Split:
    """The shares of those chosen, bool [K]. Where one of them never can send, shares are equal."""
    count = tf.reduce_sum(tf.cast(chosen, tf.float64))
    equal = tf.where(chosen, tf.math.divide_no_nan(tf.constant(1.0, tf.float64), count), 0.0)
    end = _together(uploads, chosen, *(_last(uploads, share, chosen) for share in (tf.ones_like(equal), equal)))
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
    return tf.argsort(tf.where(turn < 0, tf.size(turn), turn), stable=True), ends


def paying(uploads: Uploads, rounds: tf.Tensor, besides: float) -> tf.Tensor:
    """Those who join while the time to an accuracy falls, bool [K].

    That is the seconds of a round, with those that it takes besides, times the rounds that one, two, ... devices need,
    float64 [K]. Whoever is first joins, if anybody can ever send.
    """

    def falls(at: tf.Tensor, ends: tf.Tensor) -> tf.Tensor:
        now, before = tf.maximum(at - 1, 0), tf.maximum(at - 2, 0)
        times = (ends + besides) * rounds
        return (at < 2) | (tf.gather(times, now) < tf.gather(times, before))

    turn, ends = _joined(uploads, falls)
    times = (ends + besides) * rounds
    turned = tf.pad(times[1:] >= times[:-1], [[0, 1]], constant_values=True)
    return (turn >= 0) & (turn <= tf.argmax(turned, output_type=tf.int32))


def _together(uploads: Uploads, chosen: tf.Tensor, alone: tf.Tensor, latest: tf.Tensor) -> tf.Tensor:
    """When those chosen end together, after the last of them alone, and before it by equal shares; maybe never."""

    def look(low: tf.Tensor, high: tf.Tensor, time: tf.Tensor, _: tf.Tensor) -> Any:
        share, falls = (tf.reduce_sum(tf.where(chosen, each, 0.0)) for each in uploads.needs(time))
        low, high = tf.where(share <= 1.0, low, time), tf.where(share <= 1.0, time, high)
        end = _tangent(time, share, falls)
        there = tf.abs(share - 1.0) <= NEAR
        return low, high, tf.where(there, end, _within(low, end, high)), there

    start = alone, latest * (1.0 + NEAR), alone, tf.constant(False)
    found = tf.while_loop(lambda *state: ~state[-1], look, start, maximum_iterations=HALVINGS)[2]
    return tf.where(tf.math.is_finite(latest), found, latest)


def _joined(uploads: Uploads, goes_on: Callable[..., tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """The turn of each device, -1 of those not asked, and the ends with one, two, ... of them, infinite beyond.

    Each step looks at one time: from there it goes nearer to the next end, or a device joins, if this is the end.
    """
    alone, devices = uploads.ends(tf.ones_like(uploads.ready)), uploads.ready.shape[0]
    alive = tf.math.is_finite(alone)
    count = tf.reduce_sum(tf.cast(alive, tf.int32))
    equal = tf.where(alive, 1.0 / tf.cast(count, tf.float64), 0.0)
    latest = _last(uploads, equal, alive) * (1.0 + NEAR)

    def look(at: tf.Tensor, turn: tf.Tensor, ends: tf.Tensor, low: tf.Tensor, high: tf.Tensor, time: tf.Tensor) -> Any:
        needs = uploads.needs(time)
        best, end, need = _next(time, needs, turn >= 0, alone)
        low, high = tf.where(need <= 1.0, low, time), tf.where(need <= 1.0, time, high)
        narrow = high - low <= NEAR**2 * high
        end = tf.where(narrow, high, end)
        there = narrow | (tf.abs(need - 1.0) <= NEAR)
        turn = tf.where(there & (tf.range(devices) == best), at, turn)
        ends = tf.where(there & (tf.range(devices) == at), end, ends)
        low, high = tf.where(there, end, low), tf.where(there, latest, high)
        _, end, _ = _next(time, needs, turn >= 0, alone)
        return at + tf.cast(there, tf.int32), turn, ends, low, high, _within(low, end, high)

    none = tf.constant(0), tf.fill([devices], -1), tf.fill([devices], tf.constant(NEVER, tf.float64))
    start = *none, tf.constant(0.0, tf.float64), latest, tf.reduce_min(alone)
    _, turn, ends, *_ = tf.while_loop(lambda at, _, ends, *__: (at < count) & goes_on(at, ends), look, start)
    return turn, ends


def _next(
    time: tf.Tensor, needs: tuple[tf.Tensor, tf.Tensor], inside: tf.Tensor, alone: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Who joins those inside next, about when all of them then end, and the shares that they need at this time.

    It is not before the one who joins would end with all of the band.
    """
    share, falls = needs
    together = tf.reduce_sum(tf.where(inside, share, 0.0)) + share
    falls += tf.reduce_sum(tf.where(inside, falls, 0.0))
    end = tf.maximum(alone, tf.where(tf.math.is_finite(together), _tangent(time, together, falls), 0.0))
    end = tf.where(inside, tf.constant(NEVER, tf.float64), end)
    best = tf.argmin(end, output_type=tf.int32)
    return best, tf.reduce_min(end), tf.gather(together, best)


def _tangent(time: tf.Tensor, share: tf.Tensor, falls: tf.Tensor) -> tf.Tensor:
    """Where a sum of shares comes to 1, by a tangent of one over it, which is nearly straight over time."""
    return time + share * (share - 1.0) / falls


def _within(low: tf.Tensor, guess: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    """A guess, or the middle where it is not between the others."""
    return tf.where((low < guess) & (guess < high), guess, 0.5 * (low + high))


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
