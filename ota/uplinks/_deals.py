"""Deals: how many of the granted elements each device gets, and which.

``equal``: as many for all. ``worst``: as many for all, and all at the rate of the worst link. ``bits``: so many that
all carry as many bits. ``error``: those with the least sum_k a_k D(b_k), the error of sum_k w_k u_k when b_k bits leave
D(b_k) of a part a_k = w_k^2 |u_k|^2. D is the compressor's own curve (``_curves``). ``norms``: as w_k |u_k| / C_k,
so that bits rise with norms. Every device says what it believes to carry on an element of equal shares, C_k, and for
``error`` and ``norms`` its |u_k|^2, a float32 each.

With D = 4^(-b/d), and at rates that hold for any number of elements, the least error is that of water-filling
(``allocation``). But a device puts all its energy on its elements, so n of them carry B(n) = n log2(1 + S/n), with S =
(2^C - 1) n_0 and n_0 the equal share. So errors are tabulated over n, and elements go where the table, from its point
seen steepest from n = 0 on, is steepest. Equal bits solve B(n) = b by n = b ln 2 / (v - t), v - 1 - ln v = t - 1 - ln
t, t = b ln 2 / S.

Unequal shares are dealt subcarrier by subcarrier, each device's at even distances: everybody sees the whole band.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ..allocation import by_norms, whole, worth
from ..round import Round, Terms, at_devices
from ._curves import Curve
from ._shares import owners, turns

TABLE = 512  # numbers of elements at which errors are tabulated
HALVINGS = 60  # of the factor between the fewest and the most bits that can be equal


class Deal(NamedTuple):
    """Who owns what, and what they count on there."""

    owner: tf.Tensor  # the turn of each element's owner, -1 for nobody, int32 [N]
    snr: tf.Tensor  # that all count on, where all follow the worst; else [0]
    unbacked: tf.Tensor  # the same if nobody backed off

    def bound(self, believed: tf.Tensor) -> tf.Tensor:
        """What devices count on, [C, N], from what they could."""
        return _bound(believed, self.snr)

    def without_margins(self, believed: tf.Tensor) -> tf.Tensor:
        """The same of what they could if nobody backed off."""
        return _bound(believed, self.unbacked)


class Asked(NamedTuple):
    """What a deal may ask."""

    round: Round
    sharers: int  # of an element
    rates: Callable[..., tf.Tensor]  # from back-offs [K], and a deal, to bits an element [K], 0 if absent
    backoff: tf.Tensor  # of what they count on, [K]
    energies: Callable[[], tf.Tensor]  # |u_k|^2, [K]
    curve: Callable[[], Curve]  # of the compressor


def equal(asked: Asked) -> Deal:
    """In turn, or by the shares of a schedule."""
    if asked.round.shares is not None:
        return scheduled(asked.round)
    count = turns(asked.round, tf.range(0))[1]
    owner = owners(asked.round.terms, tf.maximum(-(-count // asked.sharers), 1))
    return Deal(owner, tf.zeros([0]), tf.zeros([0]))


def worst(asked: Asked) -> Deal:
    """In turn, and nobody counts on more than who counts on least."""
    deal = equal(asked)

    def lowest(backoff: tf.Tensor) -> tf.Tensor:
        each = tf.where(asked.round.weights > 0, asked.rates(backoff, deal), math.inf)
        return tf.pow(2.0, tf.reduce_min(each)) - 1.0

    return deal._replace(snr=lowest(asked.backoff), unbacked=lowest(tf.ones_like(asked.backoff)))


def bits(asked: Asked) -> Deal:
    """As many bits for all that carry any."""
    snr, share = _effective(asked)
    return _dealt(asked.round, equal_bits(snr * share, asked.round.terms.elements))


def error(asked: Asked) -> Deal:
    """Bits where they lower the error most."""
    (snr, share), terms = _effective(asked), asked.round.terms
    grid = table(terms.elements)
    carries = grid * tf.math.log1p(tf.math.divide_no_nan((snr * share)[:, None], grid)) / math.log(2.0)  # [K, M]
    a = tf.cast(asked.round.weights, tf.float64) ** 2 * tf.cast(asked.energies(), tf.float64)
    return _dealt(asked.round, least_error(a[:, None] * asked.curve().at(carries), grid))


def norms(asked: Asked) -> Deal:
    """Bits about in proportion to w_k |u_k|; whoever gets few elements has more energy on each of them."""
    weights, each = asked.round.weights, asked.rates(tf.ones_like(asked.backoff))
    return _dealt(asked.round, by_norms(weights * tf.sqrt(asked.energies()), tf.where(weights > 0, each, 0.0)))


def scheduled(round: Round) -> Deal:
    """By the shares of a schedule; equal ones in turn."""
    present = round.weights > 0
    shares = tf.where(present, tf.cast(round.shares, tf.float64), 0.0)
    most, least = tf.reduce_max(shares), tf.reduce_min(tf.where(present, shares, math.inf))
    in_turn = owners(round.terms, tf.maximum(turns(round, tf.range(0))[1], 1))
    deal = _dealt(round, shares)
    return deal._replace(owner=tf.where(most <= least, in_turn, deal.owner))


DEALS: dict[str, Callable[[Asked], Deal]] = {
    "equal": equal,
    "bits": bits,
    "worst": worst,
    "error": error,
    "norms": norms,
}
TOLD = {"equal": 0.0, "bits": 32.0, "worst": 32.0, "error": 64.0, "norms": 64.0}  # bits each device says beforehand
SEES = ("error", "norms")  # that look at updates


def rates(
    round: Round, counted: Callable[..., tf.Tensor], power: tf.Tensor, backoff: tf.Tensor, deal: Deal | None = None
) -> tf.Tensor:
    """Bits an element by the SNRs that devices count on, [K], on those of a deal, or on all; one device at a time."""
    everybody = tf.where(round.weights > 0)[:, 0]
    snrs = power * tf.cast(tf.size(everybody), tf.float32) / round.air_link.noise

    def one(device: tf.Tensor) -> tf.Tensor:
        mask, snr = tf.ones([1, 1]), snrs[device][None, None]
        if deal is not None:
            mask, own = owned(deal, round, device[None], 1, power[device][None])
            snr = own / round.air_link.noise
        believed = tf.math.log1p(backoff[device] * counted(snr, device[None])) * mask  # [1, N]
        each = tf.reduce_sum(believed) / tf.reduce_sum(mask * tf.ones_like(believed))
        return each / math.log(2.0)

    each = tf.map_fn(one, everybody, fn_output_signature=tf.float32, parallel_iterations=1)
    return at_devices(everybody, each, round.weights)


def owned(deal: Deal, round: Round, devices: tf.Tensor, sharers: int, power: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Which elements devices own, 0 or 1 [C, N], and the energy on each, [C, 1], from theirs a granted one, [C]."""
    turn, _ = turns(round, devices)
    if round.terms.access == "turns":  # all of them, one device after another
        return tf.cast(turn >= 0, tf.float32)[:, None] * tf.ones([1, round.terms.elements]), power[:, None]
    mask = tf.cast((deal.owner == turn[:, None] // sharers) & (turn[:, None] >= 0), tf.float32)  # [C, N]
    count = tf.maximum(tf.reduce_sum(mask, axis=1, keepdims=True), 1.0)
    return mask, power[:, None] * (round.terms.elements / count)


def equal_bits(energy: tf.Tensor, total: int) -> tf.Tensor:
    """Shares of a total that carry as many bits each, from what all elements' SNRs of each [K] add up to; float64."""
    limits = energy / math.log(2.0)  # bits on any number of elements, [K]
    most = tf.reduce_min(tf.where(energy > 0, limits, math.inf))

    def shares(b: tf.Tensor) -> tf.Tensor:
        t = tf.where(energy > 0, tf.math.divide_no_nan(b, limits), 0.5)
        found = b * math.log(2.0) / (tf.exp(worth(t - 1.0 - tf.math.log(t))) - t)
        return tf.where(energy > 0, found, 0.0)

    def halve(low: tf.Tensor, high: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        middle = 0.5 * (low + high)
        fits = tf.reduce_sum(shares(most * middle)) <= total
        return tf.where(fits, middle, low), tf.where(fits, high, middle)

    start = tf.constant(1e-12, tf.float64), tf.constant(1.0, tf.float64)
    low, _ = tf.while_loop(lambda *_: True, halve, start, maximum_iterations=HALVINGS)
    return tf.where(most < math.inf, shares(most * low), tf.zeros_like(energy))


def table(total: int) -> np.ndarray:
    """Numbers of elements, from none to a total, [M]."""
    return np.concatenate([[0.0], np.unique(np.geomspace(1.0, total, TABLE))])


def least_error(errors: tf.Tensor, grid: np.ndarray) -> tf.Tensor:
    """Shares of the last of numbers [M] with the least sum of errors, float64 [K], from those of each number, [K, M].

    Errors fall more and more slowly from where they are seen steepest from the first on. Who would not get as far as
    there gets nothing.
    """
    length, devices = np.diff(grid), errors.shape[0]
    seen = (errors[:, :1] - errors[:, 1:]) / grid[1:]  # [K, M - 1]
    first = tf.argmax(seen, axis=1, output_type=tf.int32)
    steepest = tf.reduce_max(seen, axis=1, keepdims=True)
    slope = tf.where(tf.range(len(length)) <= first[:, None], steepest, (errors[:, :-1] - errors[:, 1:]) / length)
    order = tf.argsort(tf.reshape(slope, [-1]), direction="DESCENDING", stable=True)
    pieces = tf.gather(tf.tile(tf.constant(length), [devices]), order)
    got = tf.clip_by_value(grid[-1] - (tf.cumsum(pieces) - pieces), 0.0, pieces)
    got = tf.where(tf.gather(tf.reshape(slope, [-1]), order) > 0, got, 0.0)
    shares = tf.math.unsorted_segment_sum(got, order // len(length), devices)
    enough = shares >= tf.gather(grid[1:], first) * (1.0 - 1e-9)
    return tf.where(enough | ~tf.reduce_any(enough & (shares > 0)), shares, 0.0)


def spread(terms: Terms, counts: tf.Tensor) -> tf.Tensor:
    """The device that gets each element, [N], K for nobody, from how many each gets, int32 [K].

    Subcarrier by subcarrier, a device with n elements gets one in N/n.
    """
    subcarriers, total = terms.air.grid.subcarriers, terms.elements
    ends, place = tf.cumsum(counts), tf.range(total)
    device = tf.searchsorted(ends, place, side="right")
    padded = tf.pad(counts, [[0, 1]], constant_values=1)
    within = place - tf.gather(tf.pad(ends, [[1, 0]]), device)
    key = (tf.cast(within, tf.float64) + 0.5) / tf.cast(tf.gather(padded, device), tf.float64)
    in_turn = tf.gather(device, tf.argsort(key, stable=True))
    column, row = place % subcarriers, place // subcarriers
    ahead = column * (total // subcarriers) + tf.minimum(column, total % subcarriers)  # elements of lower subcarriers
    return tf.gather(in_turn, ahead + row)


def _dealt(round: Round, shares: tf.Tensor) -> Deal:
    present = tf.cast(round.weights > 0, tf.int32)
    turn = tf.where(present > 0, tf.cumsum(present, exclusive=True), -1)
    device = spread(round.terms, whole(shares, round.terms.elements))
    return Deal(tf.gather(tf.pad(turn, [[0, 1]], constant_values=-1), device), tf.zeros([0]), tf.zeros([0]))


def _bound(believed: tf.Tensor, snr: tf.Tensor) -> tf.Tensor:
    return believed if snr.shape.rank else tf.fill(tf.shape(believed), snr)


def _effective(asked: Asked) -> tuple[tf.Tensor, tf.Tensor]:
    """The SNR at which an element of an equal share carries what it does, 0 of those that are absent, and that share.

    Margins are for the rate alone: a device whose share they made smaller might never be heard again.
    """
    present = asked.round.weights > 0
    each = tf.cast(asked.rates(tf.ones_like(asked.backoff)), tf.float64)
    snr = tf.pow(tf.constant(2.0, tf.float64), each) - 1.0
    share = asked.round.terms.elements / tf.maximum(tf.reduce_sum(tf.cast(present, tf.float64)), 1.0)
    return tf.where(present, snr, 0.0), share
