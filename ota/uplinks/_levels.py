"""The level of a round for rules that look at everybody, and what a rule costs on average."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import tensorflow as tf

from ...phy import Awgn, Grid, Level, MaximumRatio, Place, PowerRule, SharedPlace, can_share, keys
from ..round import Round, Terms, at_devices

MOST_DRAWS = 2**19  # of links; where this many rounds bring a device too rarely, it is made to take part
SAMPLES = 4096  # rounds, at least, over which the cost of a device is measured; devices that are alike share them
ERROR = 0.002  # of that cost: its standard error once it has been measured for long enough
MOST_ROUNDS, MOST_WAITED = 2**19, 2**17  # rounds of devices, and rounds, after which it has been at any error
TRIES = 16  # rounds or batches of them, at least, that an error is read off
BATCH, HELD = 64, 2**18  # links drawn at once, and gains held of them
APART = 1.7  # seconds between rounds


def whole_grant(level: Level, elements: int) -> Level:
    return Level(*(tf.broadcast_to(value, [elements]) for value in level))


def joint_level(
    rule: PowerRule, round: Round, spent: tf.Tensor, budgets: tf.Tensor, noise: tf.Tensor, elements: int
) -> Level:
    """The level [M] of a rule that looks at all devices: one slot after another, so that only a slot is ever dense."""
    grid, link = round.terms.air.grid, round.air_link
    lacking = link.transmitters.error if rule.robust else None  # [1, K, T, F], where all may be 1
    still = (link.receiver.best if rule.robust else link.receiver).steps == round.antenna_weights.shape[2] == 1
    slots, width = (1, grid.subcarriers) if still else (round.terms.slots, grid.elements)
    used = min(width, elements) if slots == 1 else width

    def of_slot(slot: tf.Tensor) -> Level:
        gains = tf.reshape(round.slot_gains(slot, rule.robust), [link.devices, width])
        gains *= tf.cast(round.weights > 0, gains.dtype)[:, None]
        error = None if lacking is None else _over_slot(lacking[0], slot, grid, width)[:, :used]
        level = whole_grant(rule.level(spent, budgets, gains[:, :used], noise, error), used)
        level = Level(*(tf.pad(value, [[0, width - used]], constant_values=1.0) for value in level))
        times = [grid.symbols, grid.subcarriers]
        return Level(*(tf.broadcast_to(tf.reshape(value, [-1, grid.subcarriers]), times) for value in level))

    signature = Level(*[tf.TensorSpec([grid.symbols, grid.subcarriers])] * 2)
    levels = tf.map_fn(of_slot, tf.range(slots), fn_output_signature=signature, parallel_iterations=1)
    whole = [tf.broadcast_to(value, [round.terms.slots, grid.symbols, grid.subcarriers]) for value in levels]
    return Level(*(tf.reshape(value, [-1])[:elements] for value in whole))


def _over_slot(field: tf.Tensor, slot: tf.Tensor, grid: Grid, width: int) -> tf.Tensor:
    """A field [C, T, F] on the elements of a slot, or of one symbol that stands for all: [C, width]."""
    symbols = width // grid.subcarriers
    field = field if field.shape[1] == 1 else field[:, slot * grid.symbols :][:, :symbols]
    return tf.reshape(tf.broadcast_to(field, [tf.shape(field)[0], symbols, grid.subcarriers]), [-1, width])


class Sampling(NamedTuple):
    """How the expected cost of devices is measured."""

    draws: int  # of links
    alike: bool  # whether all devices have the same
    rare: bool  # whether so few take part that those who count are made to


def sampling(terms: Terms) -> Sampling:
    """As many draws as needed, refused where those are too many."""
    air, devices = terms.air, terms.air.devices
    alike = not (air.channel.scales or air.channel.lasting or any(impairment.scales for impairment in air.impairments))
    shared = devices if alike else 1
    draws = math.ceil(SAMPLES / terms.chance / shared)
    if draws <= MOST_DRAWS:
        return Sampling(draws, alike, False)
    one_by_one = SAMPLES * devices // shared
    if air.antennas > 1 and one_by_one > MOST_DRAWS:
        raise ValueError(
            f"participation: expected at least {SAMPLES / MOST_DRAWS:g} under an average budget with several antennas "
            f"and {devices} devices that differ, as more than {MOST_DRAWS} links are too many to measure their mean "
            f"energy, received {terms.chance:g}; take budget = round, or fewer devices"
        )
    return Sampling(one_by_one if air.antennas > 1 else math.ceil(SAMPLES / shared), alike, True)


def check_average(rule: PowerRule, terms: Terms) -> None:
    """Raise ValueError where the mean energy is infinite, another at every SNR, or takes too many draws to measure."""
    if not rule.bounded and not isinstance(terms.air.channel, Awgn):
        raise ValueError(
            "uplink.budget: expected round for a rule that inverts every fade, whose mean energy is "
            "infinite, received average; or take truncated_inversion with a threshold above 0"
        )
    if terms.air.pilots > 0 or (terms.air.antennas > 1 and not isinstance(terms.air.combiner, MaximumRatio)):
        raise ValueError(
            "uplink.budget: expected round where gains depend on the noise, as with estimated CSI or with "
            "combiners other than maximum_ratio, received average; the mean energy is another at every SNR"
        )
    sampling(terms)


def expected_cost(rule: PowerRule, terms: Terms, elements: int, place: Place) -> tf.Tensor:
    """The rule's cost of an element, averaged over fading while taking part, [K]; over devices too if alike."""
    return _compiled(rule, terms, elements)(place)  # type: ignore[arg-type]


@lru_cache(maxsize=4)
def _compiled(rule: PowerRule, terms: Terms, elements: int) -> Callable[[Place], tf.Tensor]:
    """Compiled once for all seeds; only the last few are kept, as there may be many points."""
    return tf.function(lambda place: _measured(rule, terms, elements, place), autograph=False)


class Tally(NamedTuple):
    """Sums over rounds of costs c and counts n of device-rounds, and of their products; [K], or [1] of all alike."""

    c: tf.Tensor
    n: tf.Tensor
    cc: tf.Tensor
    cn: tf.Tensor
    nn: tf.Tensor

    def and_of(self, c: tf.Tensor, n: tf.Tensor) -> "Tally":
        return Tally(self.c + c, self.n + n, self.cc + c * c, self.cn + c * n, self.nn + n * n)

    @property
    def mean(self) -> tf.Tensor:
        return tf.math.divide_no_nan(self.c, self.n)

    @property
    def error(self) -> tf.Tensor:
        """Standard error of the mean over the mean: rounds are independent, devices within one need not be."""
        spread = tf.maximum(self.cc - 2.0 * self.mean * self.cn + self.mean**2 * self.nn, 0.0)
        return tf.math.divide_no_nan(tf.sqrt(spread), self.c)


def _measured(rule: PowerRule, terms: Terms, elements: int, place: Place) -> tf.Tensor:
    """The mean cost, [K]; where that stays uncertain by more than it should, two standard errors above."""
    air, (draws, alike, rare) = terms.air, sampling(terms)
    if air.channel.static:  # one symbol shows what the others repeat
        elements = min(elements, air.grid.subcarriers)
    sample = Terms(air, terms.size, elements)
    alone = rare or air.antennas == 1  # what a device costs does not depend on who else is there
    gains = air.devices * air.antennas * (elements if air.channel.static else sample.slots * air.grid.elements)
    apart = alone or terms.chance == 1  # else all of a batch would have the same company
    batch = max(1, min(BATCH, HELD // gains)) if apart and (alike or can_share(air.channel)) else 1
    there = place if alike else SharedPlace(place.key)
    least = max(TRIES, math.ceil(draws / batch))
    most = max(least, min(MOST_ROUNDS // air.devices, MOST_WAITED) // batch)

    def one(index: tf.Tensor, tally: Tally) -> tuple[tf.Tensor, Tally]:
        key = keys.fold(place.key, "expected cost", index)
        present = keys.uniform(keys.fold(key, "present"), [air.devices]) < terms.chance
        counted = _counted(index, air.devices, air.antennas) if alone else present
        time = APART * tf.cast(index, tf.float64)  # fading that goes on over rounds is another by then
        link = air.draw(there, key, time, sample.slots, batch=batch)
        round = Round(sample, key, tf.cast(present | counted, tf.float32), link)
        taking_part = tf.where(counted)[:, 0]
        fields = round.fields(taking_part, elements)  # [B, C, T, F]
        each = round.on_grant(tf.reshape(fields, [-1, *fields.shape[2:]]), elements)  # [B C, N]
        costs = tf.reshape(tf.reduce_mean(rule.cost(each), axis=1), [batch, -1])
        c = tf.cast(at_devices(taking_part, tf.reduce_sum(costs, axis=0), round.weights), tf.float64)
        n = tf.cast(counted, tf.float64) * batch
        return index + 1, tally.and_of(*(tf.reduce_sum(each, keepdims=True) if alike else each for each in (c, n)))

    def goes_on(index: tf.Tensor, tally: Tally) -> tf.Tensor:
        return (index < least) | (tf.reduce_max(tally.error) > ERROR) & (index < most)

    nothing = tf.zeros([1 if alike else air.devices], tf.float64)
    tally = tf.while_loop(goes_on, one, (tf.constant(0), Tally(*[nothing] * 5)), parallel_iterations=1)[1]
    safe = tf.where(tally.error > ERROR, 1.0 + 2.0 * tally.error, 1.0)
    return tf.broadcast_to(tf.cast(tally.mean * safe, tf.float32), [air.devices])


def _counted(index: tf.Tensor, devices: int, antennas: int) -> tf.Tensor:
    """Who takes part in a draw, and counts, bool [K]: a single antenna hears each as if alone, several one in turn."""
    return tf.ones([devices], tf.bool) if antennas == 1 else tf.range(devices) == index % devices
