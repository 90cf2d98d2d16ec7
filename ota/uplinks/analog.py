"""Analog over-the-air aggregation: all devices send at once and the channel adds.

Device k sends x_k = b_k w_k s_k, with s_k = encode(u_k) and b_k from the power rule on the gain it believes; the
receiver combines its antennas, divides by the announced arrival level and decodes once: u_hat = decode(v^H (sum_k h_k
x_k + n) / level). Amiri and Gunduz, "Federated learning over wireless fading channels", IEEE TWC 2020.

Budgets. ``round``: every device's realised energy in every round is at most its budget, P unless the terms say
otherwise, because the level is set from what each would really spend on this round's symbols and gains. ``average``: at
most the budget expected over fading and participation, with the expected cost of a rule measured on links drawn for the
purpose. Each device reports one float32 a round for the level; those bits count.
"""

import math
from typing import ClassVar, Literal, NamedTuple

import tensorflow as tf
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from ...phy import Awgn, Level, Place, PowerRule, TruncatedInversion, behind, keys, squared
from ..codecs import Code, Codec
from ..codecs.identity import Identity
from ..round import Nest, Report, Round, Terms, at_devices, nmse, weighted_sum

REPORT_BITS = 32.0  # what a device tells the server so that the level can be set
SAMPLES = 4096  # rounds over which the expected cost of a device is measured; devices that are alike share them


class Heard(NamedTuple):
    """What the receiver has so far, and what the devices have spent."""

    y: tf.Tensor  # [1, A, T, F]
    code: Code
    cost: tf.Tensor  # expected cost of the rule, [K]
    level: Level
    spent: tf.Tensor  # [K]
    energy: tf.Tensor  # [K]
    target: tf.Tensor  # [d]


@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Analog:
    """A codec that survives addition, a power rule, and how the budget is meant."""

    codec: Codec = Identity()
    rule: PowerRule = TruncatedInversion()
    budget: Literal["round", "average"] = "round"
    uses_air: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("codec", "rule"):
            if isinstance(getattr(self, name), type):
                raise ValueError(f"analog.{name}: expected an instance, received the class; call it")

    def measures(self, terms: Terms) -> bool:
        """Needed where a rule looks at everybody or an amplifier at the level; else it is a scale, applied last."""
        return self.rule.joint or not terms.air.homogeneous

    def check(self, terms: Terms) -> None:
        needed = self.codec.elements(terms.size, terms.elements)
        if needed > terms.elements:
            raise ValueError(
                f"grant.elements: expected at least {needed} resource elements for this codec and {terms.size} "
                f"parameters, received {terms.elements}"
            )
        faded = not isinstance(terms.air.channel, Awgn)
        if self.budget == "average" and faded and not self.rule.bounded:
            raise ValueError(
                "uplink.budget: expected round for a rule that inverts every fade, whose mean energy is "
                "infinite, received average; or take truncated_inversion with a threshold above 0"
            )

    def init(self, terms: Terms, place: Place) -> Nest:
        """The expected cost of the rule for each device, [K]; unused under a round budget."""
        self.check(terms)
        if self.budget == "round":
            return tf.ones([terms.air.devices])
        return _expected_cost(self.rule, terms, self._elements(terms), place)

    def begin(self, state: Nest, round: Round) -> Nest:
        terms, nothing, one = round.terms, tf.zeros_like(round.weights), tf.ones([])
        _ = round.combiner  # made before any loop over devices, and kept
        code = self.codec.code(terms.size, self._elements(terms), keys.fold(round.key, "codec"))
        level = _whole_grant(Level(one, one), self._elements(terms)) if self.rule.joint else Level(one, one)
        y = terms.air.empty(terms.slots)
        return Heard(y, code, state, level, nothing, nothing, tf.zeros([terms.size]))

    def spend(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
        power = self._power(round, self._symbols(acc, round, devices, updates))  # [C, M]
        if self.budget == "average":
            return tf.gather(acc.cost, devices) * tf.reduce_sum(power, axis=1)
        return tf.reduce_sum(power * self.rule.cost(round.gains(devices, power.shape[1])), axis=1)

    def settle(self, acc: Nest, round: Round, spent: tf.Tensor) -> Nest:
        return acc._replace(level=self._level(round, spent), spent=spent)

    def _level(self, round: Round, spent: tf.Tensor) -> Level:
        budgets, elements = round.terms.budgets, self._elements(round.terms)
        # What is spent counts silent elements and, on average, absent rounds; the noise beside it is scaled alike.
        share = elements / round.terms.elements * (round.terms.participation if self.budget == "average" else 1.0)
        noise = round.air_link.noise * share
        if self.rule.joint:
            return _joint_level(self.rule, round, spent, budgets, noise, elements)
        return self.rule.level(spent, budgets, None, noise)

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        terms, symbols = round.terms, self._symbols(acc, round, devices, updates)  # [C, M]
        power, budgets = self._power(round, symbols), tf.gather(terms.budgets, devices)[:, None]
        b = self.rule.amplitude(acc.level.scale, round.gains(devices, symbols.shape[1]), power, budgets)
        x = b * symbols  # [C, M]
        y = terms.air.add(acc.y, terms.air.grid.fill(x)[None], round.air_link, devices)
        energy = tf.reduce_sum(squared(x), axis=1) / terms.elements  # [C]
        spent = energy  # at level 1
        if self.budget == "average":
            spent = tf.gather(acc.cost, devices) * tf.reduce_sum(power, axis=1)
        return acc._replace(
            y=y,
            spent=acc.spent
            if self.measures(terms)
            else tf.tensor_scatter_nd_update(acc.spent, devices[:, None], spent),
            energy=tf.tensor_scatter_nd_update(acc.energy, devices[:, None], energy),
            target=acc.target + weighted_sum(tf.gather(round.weights, devices), updates),
        )

    def end(self, acc: Nest, state: Nest, round: Round) -> tuple[tf.Tensor, Nest, Report]:
        terms, elements = round.terms, self._elements(round.terms)
        if not self.measures(terms):
            level = self._level(round, acc.spent)
            y, energy = acc.y * tf.cast(level.scale, acc.y.dtype), acc.energy * level.scale**2
            acc = acc._replace(level=level, y=y, energy=energy)
        y = terms.air.receive(acc.y, round.air_link, keys.fold(round.key, "noise"))
        symbols = terms.air.grid.collect(behind(round.combiner, y)[0], elements)  # [M]
        heard = acc.energy > 0
        anybody = tf.cast(tf.reduce_any(heard), symbols.dtype)
        symbols = anybody * symbols / tf.cast(acc.level.arrival, symbols.dtype)
        estimate = self.codec.decode(symbols, terms.size, acc.code)
        bits = REPORT_BITS * tf.reduce_sum(tf.cast(round.weights > 0, tf.float32))
        zero = tf.zeros([])
        report = Report(
            nmse(estimate, acc.target), acc.energy, heard, bits, zero + elements, zero, zero + terms.airtime
        )
        return estimate, state, report

    def _elements(self, terms: Terms) -> int:
        return self.codec.elements(terms.size, terms.elements)

    def _power(self, round: Round, symbols: tf.Tensor) -> tf.Tensor:
        """What symbols [C, M] take of a budget at b = 1: energy per granted element, if on average then expected."""
        share = round.terms.participation if self.budget == "average" else 1.0
        return squared(symbols) * (share / round.terms.elements)

    def _symbols(self, acc: Heard, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
        symbols = self.codec.encode(updates, acc.code)  # [C, M]
        return tf.cast(tf.gather(round.weights, devices), symbols.dtype)[:, None] * symbols


def _whole_grant(level: Level, elements: int) -> Level:
    return Level(*(tf.broadcast_to(value, [elements]) for value in level))


def _joint_level(
    rule: PowerRule, round: Round, spent: tf.Tensor, budgets: tf.Tensor, noise: tf.Tensor, elements: int
) -> Level:
    """The level [M] of a rule that looks at all devices: one slot after another, so that only a slot is ever dense."""
    grid, link = round.terms.air.grid, round.air_link

    def of_slot(slot: tf.Tensor) -> Level:
        gains = round.slot_gains(slot)  # [K, T or 1, F]
        flat = tf.reshape(gains, [link.devices, -1])
        level = _whole_grant(rule.level(spent, budgets, flat, noise), tf.shape(flat)[1])
        times = [grid.symbols, grid.subcarriers]
        return Level(*(tf.broadcast_to(tf.reshape(value, [-1, grid.subcarriers]), times) for value in level))

    slots = 1 if link.receiver.steps == 1 else round.terms.slots
    signature = Level(*[tf.TensorSpec([grid.symbols, grid.subcarriers])] * 2)
    levels = tf.map_fn(of_slot, tf.range(slots), fn_output_signature=signature, parallel_iterations=1)
    whole = [tf.broadcast_to(value, [round.terms.slots, grid.symbols, grid.subcarriers]) for value in levels]
    return Level(*(tf.reshape(value, [-1])[:elements] for value in whole))


@tf.function(autograph=False)
def _expected_cost(rule: PowerRule, terms: Terms, elements: int, place: Place) -> tf.Tensor:
    """The rule's cost of an element, averaged over fading while taking part, [K]; over devices too if alike."""
    air, devices = terms.air, terms.air.devices
    alike = not (air.channel.scales or any(impairment.scales for impairment in air.impairments))
    draws = math.ceil(SAMPLES / terms.participation / (devices if alike else 1))
    if air.channel.static:  # one symbol shows what the others repeat
        elements = min(elements, air.grid.subcarriers)
    sample = Terms(air, terms.size, elements)

    def one(totals: tuple[tf.Tensor, tf.Tensor], index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        key = keys.fold(place.key, "expected cost", index)
        present = keys.uniform(keys.fold(key, "present"), [devices]) < terms.participation
        link = air.draw(place, key, 0.0, sample.slots)
        round = Round(sample, key, tf.cast(present, tf.float32), link)
        taking_part = tf.where(present)[:, 0]
        cost = tf.reduce_mean(rule.cost(round.gains(taking_part, sample.elements)), axis=1)
        return totals[0] + at_devices(taking_part, cost, round.weights), totals[1] + round.weights

    zeros = tf.zeros([devices])
    cost, count = tf.foldl(one, tf.range(draws), (zeros, zeros), parallel_iterations=1)
    if alike:
        return tf.fill([devices], tf.reduce_sum(cost) / tf.reduce_sum(count))
    return cost / tf.maximum(count, 1.0)
