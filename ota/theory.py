"""The error of an analog sum in closed form, given the vectors and what the transmitters were told of the channel.

Element n of device k arrives times a_kn in units of the level c_n, where a_kn follows from the rule. With h = m h_told
+ w, of which E|w|^2 = e_kn is all that can be known, and s_kn the weighted symbols, the expected squared error is

    sum_n |sum_k (a_kn m_kn - 1) s_kn|^2 + sum_kn a_kn^2 |s_kn|^2 e_kn / |h_told|^2 + N0 sum_n 1/c_n^2

Cao, Zhu, Xu, Huang, "Optimized power control for over-the-air computation in fading channels", IEEE TWC 2020, eq. 6,
for m = 1 and e = 0. Known are the unknown parts of CSI with an error over Rayleigh fading, and of timing offsets:
uniform on {low..high}, D leaves (1 - E/N) exp(-j 2 pi f D/N) of a symbol, E samples of it being past the prefix, and
loses 2 E/N - (E/N)^2 to other elements; transmitters that see it know the phase alone. Error-free are uplinks
without air.
"""

from functools import singledispatch
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ..phy import (
    Air,
    Awgn,
    ErrorVariance,
    FullInversion,
    MseOptimal,
    Perfect,
    PhaseOnly,
    Rayleigh,
    TimingOffset,
    TruncatedInversion,
    combine,
    squared,
)
from .codecs.identity import Identity
from .round import Round, Uplink, weighted_sum
from .uplinks.analog import Analog

UNKNOWN = float("nan")


class Sent(NamedTuple):
    """What rules look at, of K devices on M elements."""

    gain: tf.Tensor  # |h| as told, [K, M]
    energy: tf.Tensor  # of weighted symbols, for each granted element, [K, M]
    budgets: tf.Tensor  # [K]
    noise: tf.Tensor  # N0 times the share of granted elements that are used


class Arrival(NamedTuple):
    """What a rule makes of them."""

    share: tf.Tensor  # a, [K, M]
    relief: tf.Tensor  # 1 / c^2, [M] or []


class Offset(NamedTuple):
    """What timing offsets leave of a symbol beyond what transmitters know."""

    mean: np.ndarray  # [F]
    power: float  # E|.|^2
    lost: float  # and heard of other elements, as a share of their energy


def expected_nmse(uplink: Uplink, round: Round, vectors: tf.Tensor, independent: bool) -> tf.Tensor:
    """Mean NMSE over noise, and over what is unknown to the transmitters, of vectors [K, d]; NaN where not known.

    ``independent``: whether entries are independent, as what is lost to other elements needs.
    """
    if not uplink.uses_air:
        return tf.zeros([])
    terms = round.terms
    offset = _offset(terms.air, independent, -(-terms.size // 2))
    if offset is None or not isinstance(uplink, Analog) or not _holds(uplink, terms.air, terms.size, offset):
        return tf.constant(UNKNOWN)
    symbols = uplink.codec.encode(vectors, terms.layers, ()) * tf.cast(round.weights[:, None], tf.complex64)  # [K, M]
    everybody, elements = tf.range(terms.air.devices), symbols.shape[1]
    told = round.gains(everybody, elements)  # [K, M]
    share_used = elements / terms.elements
    sent = Sent(tf.abs(told), squared(symbols) / terms.elements, terms.budgets, round.air_link.noise * share_used)
    arrival = arrive(uplink.rule, sent)
    if arrival is None:
        return tf.constant(UNKNOWN)
    target = weighted_sum(round.weights, vectors)
    return _error(round, symbols, told, arrival, offset) / tf.reduce_sum(target**2)


def _error(round: Round, symbols: tf.Tensor, told: tf.Tensor, arrival: Arrival, offset: Offset) -> tf.Tensor:
    link, (elements, size) = round.air_link, (symbols.shape[1], round.terms.size)
    best = round.on_grant(combine(round.antenna_weights, link.response(of=link.transmitters.best))[0], elements)
    known = tf.math.divide_no_nan(best, told)  # [K, M]
    turns = np.resize(offset.mean, elements)  # [M]
    misfit = tf.cast(arrival.share, known.dtype) * known * tf.constant(turns, known.dtype) - 1.0
    certain = tf.reduce_sum(squared(tf.reduce_sum(misfit * symbols, axis=0)))

    spread = squared(known) * tf.constant(offset.power - np.abs(turns) ** 2, tf.float32) + offset.lost
    if link.transmitters.error is not None:
        lacking = round.on_grant(link.transmitters.error[0], elements)
        spread += offset.power * tf.math.divide_no_nan(lacking, squared(told))
    uncertain = tf.reduce_sum(arrival.share**2 * squared(symbols) * spread)

    relief = tf.broadcast_to(arrival.relief, [elements])
    halves = 2.0 * tf.reduce_sum(relief) - (relief[-1] if size % 2 else 0.0)  # an odd last entry has half an element
    return certain + uncertain + link.noise / 2.0 * halves


@singledispatch
def arrive(rule: object, sent: Sent) -> Arrival | None:
    """What a rule makes of them; None of a rule of which nothing is known here."""
    return None


@arrive.register
def _(rule: FullInversion, sent: Sent) -> Arrival:
    spent = tf.reduce_sum(sent.energy / sent.gain**2, axis=1)
    return Arrival(tf.ones_like(sent.gain), tf.reduce_max(spent / sent.budgets))


@arrive.register
def _(rule: TruncatedInversion, sent: Sent) -> Arrival | None:
    if rule.floor:
        return None
    share = tf.cast(sent.gain**2 >= rule.threshold, sent.gain.dtype)
    if rule.unbiased:
        share = tf.math.divide_no_nan(share, tf.reduce_mean(share, axis=1, keepdims=True))
    spent = tf.reduce_sum(tf.math.divide_no_nan(sent.energy * share**2, sent.gain**2), axis=1)
    return Arrival(share, tf.reduce_max(spent / sent.budgets))


@arrive.register
def _(rule: PhaseOnly, sent: Sent) -> Arrival:
    mean = tf.reduce_mean(sent.gain, axis=0)  # [M]
    return Arrival(sent.gain / mean, tf.reduce_max(tf.reduce_sum(sent.energy, axis=1) / sent.budgets) / mean**2)


@arrive.register
def _(rule: MseOptimal, sent: Sent) -> Arrival:
    """Those that reach least send in full: of all ways to part them, ordered by reach, the best is the lowest level."""
    energy = tf.reduce_sum(sent.energy, axis=1)  # [K]
    reach = sent.gain * tf.sqrt(sent.budgets / energy)[:, None]  # [K, M]
    ordered = tf.argsort(reach, axis=0)
    reached, weight = tf.sort(reach, axis=0), tf.gather(energy, ordered)
    level = (sent.noise + tf.cumsum(weight * reached**2)) / tf.cumsum(weight * reached)
    c = tf.reduce_min(level, axis=0)  # [M]
    return Arrival(tf.minimum(reach / c, 1.0), 1.0 / c**2)


def _holds(uplink: Analog, air: Air, size: int, offset: Offset) -> bool:
    """Whether the rest of the formula's conditions are met."""
    plain = isinstance(uplink.codec, Identity) and uplink.budget == "round" and isinstance(air.csir, Perfect)
    known = isinstance(air.csit, Perfect) or air.csit == ErrorVariance(e=0.0)
    gaussian = (
        isinstance(air.csit, ErrorVariance)
        and isinstance(air.channel, Rayleigh)
        and air.antennas == 1
        and not uplink.rule.joint
    )
    certain = known and offset.power == 1.0 and bool(np.all(offset.mean == 1.0))
    alone = air.orthogonal or not uplink.rule.joint
    return plain and alone and (known or gaussian) and (certain or not size % 2)


def _offset(air: Air, independent: bool, elements: int) -> Offset | None:
    """Of the air's impairments; None where they are others."""
    grid, F = air.grid, air.grid.subcarriers
    if air.orthogonal and all(each.stage == "paths" and each.seen for each in air.impairments):
        return Offset(np.ones(F), 1.0, 0.0)
    if len(air.impairments) != 1 or not isinstance(late := air.impairments[0], TimingOffset):
        return None
    if not late.whole or late.lasting or air.antennas > 1:
        return None
    if not air.orthogonal and not (independent and isinstance(air.channel, Awgn) and air.oversampling == 1):
        return None
    samples = np.arange(late.low, late.high + 1)  # D
    arrives = samples + grid.advance
    past = np.maximum(0, np.maximum(arrives - grid.prefix, -arrives)) / F  # E/N
    f = np.arange(F) - F // 2
    gain = (1 - past)[:, None] * np.exp(-2j * np.pi * np.outer(samples, 0 * f if late.seen else f) / F)
    rows = grid.rows(elements)  # of symbols, the first of which hears none before it
    lost = past * (rows - 1) / rows + past - past**2
    return Offset(gain.mean(axis=0), float(((1 - past) ** 2).mean()), float(lost.mean()))


__all__ = ["Arrival", "Sent", "arrive", "expected_nmse"]
