"""What devices spend in the long run: how often each sends, and what a water level that never moves costs.

With gains a0 and what they lack b0, over N0 = 1, an element costs E f(v) at the level v, in units of N0 (`_water.py`).
It is tabulated over v from links drawn for the purpose, so that the level of an average budget is a look-up in every
round, whatever its SNR. Where the error of a mean is above `ERROR` of it, two standard errors are added: budgets are
kept, and a little is left. Devices that are alike share what is drawn, once for all places.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ...phy import Place, keys
from ...phy.keys import Key
from ..round import Round, Terms
from ._levels import APART, ERROR, TRIES, Tally
from ._schedule import chance_if_alike
from ._sending import Sending
from ._water import poured

LEVELS = np.geomspace(1e-2, 1e10, 768)  # chords of the logarithm are 2e-4 off at v = 1
SAMPLES = 2**15  # of devices that are alike, as of one that is not, but for what MOST allows
MOST = 2**13  # rounds in which devices that differ are looked at
SEEN = 8  # elements of a device that are looked at in a round
LEAST = 16  # times that a device must have been seen, or it is not sent by


class Law(NamedTuple):
    """What holds of devices over all rounds; [K], or [1] of all alike, or [0] where it is not asked for."""

    chance: tf.Tensor  # of sending in a round, at most, [K]
    cost: tf.Tensor  # mean of f(v) on an element of its own at LEVELS v where a0 and b0 are over N0 = 1, [.., J]


def check(terms: Terms, looks: bool) -> None:
    """Refuses schedules whose law is unknown, and, for uplinks that look at it, beliefs that differ with the SNR."""
    _ = terms.chance
    if looks and terms.air.pilots:
        raise ValueError(
            "uplink.budget: expected round with scheduled devices or water-filling where beliefs depend on the noise, "
            "as with estimated CSI, received average; the mean energy is another at every SNR"
        )


def every_round(terms: Terms) -> Law:
    """Of budgets that hold in every round."""
    return Law(tf.ones([terms.air.devices]), tf.zeros([0, len(LEVELS)]))


def law(sending: Sending, terms: Terms, place: Place, levels: bool) -> Law:
    """Of average budgets; with what levels cost where asked."""
    air, scheduled = terms.air, sending.scheduled < 1
    lasting = air.channel.lasting or any(each.scales or scheduled and each.lasting for each in air.impairments)
    alike = not (air.channel.scales or lasting)
    found = Law(tf.fill([air.devices], chance_if_alike(terms, sending.scheduled)), every_round(terms).cost)
    if alike and levels:
        return found._replace(cost=_of_all_alike(sending, terms))
    if levels or (scheduled and not alike):
        chance, cost = _compiled(sending, terms, False)(place.key)
        found = Law(chance if scheduled else found.chance, cost if levels else found.cost)
    return found


@lru_cache(maxsize=16)
def _of_all_alike(sending: Sending, terms: Terms) -> tf.Tensor:
    with tf.init_scope():
        return _compiled(sending, terms, True)(keys.key(0, "long run")).cost


@lru_cache(maxsize=4)
def _compiled(sending: Sending, terms: Terms, alike: bool) -> Callable[[Key], Law]:
    return tf.function(lambda place: _measured(sending, terms, place, alike), autograph=False)


def _measured(sending: Sending, terms: Terms, place: Key, alike: bool) -> Law:
    devices, knots = terms.air.devices, len(LEVELS)
    alone = sending.sdma == 1 and sending.scheduled == 1  # what a device counts on does not depend on who else is there
    seen = (1.0 if alone else chance_if_alike(terms, sending.scheduled)) * (devices if alike else 1)  # a round
    rounds = max(TRIES, min(math.ceil(SAMPLES / seen), SAMPLES if alike else MOST))

    def one(index: tf.Tensor, tally: Tally) -> tuple[tf.Tensor, Tally]:
        key = keys.fold(place, "long run", index)
        there = keys.uniform(keys.fold(key, "present"), [devices]) < terms.chance
        weights = tf.cast(there | tf.constant(alone), tf.float32)
        link = terms.air.draw(Place(place), key, APART * tf.cast(index, tf.float64), terms.slots)
        round = sending.chosen(Round(terms, key, weights, link))
        sends = tf.cast(round.weights > 0, tf.float64)[:, None]  # [K, 1]
        costs = _costs(sending, round, tf.where(round.weights > 0)[:, 0])  # [K, J]
        sums = (tf.reduce_sum(each, axis=0, keepdims=True) if alike else each for each in (costs, sends))
        return index + 1, tally.and_of(*sums)

    rows = 1 if alike else devices
    start = Tally(*(tf.zeros([rows, width], tf.float64) for width in (knots, 1, knots, knots, 1)))
    tally = tf.while_loop(lambda index, _: index < rounds, one, (tf.constant(0), start), parallel_iterations=1)[1]
    return Law(_at_most(tally.n[:, 0] / rounds, rounds), tf.cast(_safe(tally), tf.float32))


def _costs(sending: Sending, round: Round, senders: tf.Tensor) -> tf.Tensor:
    """Means of f(v) over some elements of those that send, 0 for the others, [K, J]."""
    counted = sending.counted_on(round, tf.ones([tf.size(senders), 1]), senders)
    some = tf.cast(keys.uniform(keys.fold(round.key, "seen"), [SEEN]) * round.terms.elements, tf.int32)
    shape = [tf.size(senders), round.terms.elements]
    a, b = (
        tf.gather(tf.broadcast_to(each, shape), some, axis=1)[..., None] for each in (counted.snr, counted.csi_noise)
    )
    costs = tf.reduce_mean(poured(tf.constant(LEVELS, tf.float32), a, b), axis=1)  # [C, J]
    return tf.scatter_nd(senders[:, None], tf.cast(costs, tf.float64), [round.terms.air.devices, len(LEVELS)])


def _at_most(share: tf.Tensor, rounds: int) -> tf.Tensor:
    """A chance that was seen in so many rounds, and two standard errors more."""
    above = 2.0 * tf.sqrt(share * (1.0 - share) / rounds) + 4.0 / rounds
    return tf.cast(tf.minimum(share + above, 1.0), tf.float32)


def _safe(tally: Tally) -> tf.Tensor:
    """Costs with what their errors may hide, rising with the level; no cost is known of who was hardly seen."""
    cost = tally.mean * tf.where(tally.error > ERROR, 1.0 + 2.0 * tally.error, 1.0)
    cost = tf.where(tally.n < LEAST, tf.constant(1e30, tf.float64), cost)
    return tf.transpose(tf.scan(tf.maximum, tf.transpose(cost)))


def level(cost: tf.Tensor, energy: tf.Tensor, devices: tf.Tensor) -> tf.Tensor:
    """v at which devices [C] spend so much on an element on average, in units of N0, [C, 1] each."""
    rows = tf.gather(cost, devices if cost.shape[0] > 1 else tf.zeros_like(devices))  # [C, J]
    rows, wanted, logs = (
        tf.math.log(tf.maximum(rows, 1e-30)),
        tf.math.log(energy),
        tf.constant(np.log(LEVELS), tf.float32),
    )
    at = tf.clip_by_value(tf.searchsorted(rows, wanted), 1, len(LEVELS) - 1)  # [C, 1]
    (low, high), (left, right) = (
        (tf.gather(each, at - 1, batch_dims=1), tf.gather(each, at, batch_dims=1))
        for each in (rows, tf.broadcast_to(logs, tf.shape(rows)))
    )
    share = tf.math.divide_no_nan(wanted - low, high - low)
    return tf.exp(left + share * (right - left))
