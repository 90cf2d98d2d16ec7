"""Analog over-the-air aggregation: all devices send at once and the channel adds.

Device k sends x_k = b_k w_k s_k, with s_k = encode(u_k) and b_k from the power rule on the gain it believes; the
receiver combines its antennas, divides by the announced arrival level and decodes once: u_hat = decode(v^H (sum_k h_k
x_k + n) / level). Amiri and Gunduz, "Federated learning over wireless fading channels", IEEE TWC 2020.

With ``feedback`` b a device sends what its codec selects of z = u + b r, and then owes r + z - b r - z_hat, where
z_hat is what it believes to have arrived of it: nothing where it was silent, and all where its rule uses no channel.
Codecs have a b of their own.

A rule whose level is not announced sends the scale beside: w_k b_k on one more element, by whose sum the others are
divided. Where that is below the noise's standard deviation nothing is decoded.

Budgets. ``round``: every device's realised energy in every round is at most its budget, P unless the terms say
otherwise, because the level is set from what each would really spend on this round's symbols and gains. ``average``: at
most the budget expected over fading and participation, with the expected cost of a rule measured on links drawn for the
purpose. Each device reports one float32 a round for the level if it is announced; those bits count.
"""

from typing import Annotated, ClassVar, Literal, NamedTuple

import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ...phy import Awgn, Grid, Level, MaximumRatio, Place, PowerRule, TruncatedInversion, behind, keys, squared
from ...phy.strict import STRICT
from ..codecs import Code, Codec, Past
from ..codecs.identity import Identity
from ..round import Nest, Report, Round, Terms, check_memory, nmse, weighted_sum
from ._levels import expected_cost, joint_level, whole_grant

REPORT_BITS = 32.0  # what a device tells the server so that the level can be set


class State(NamedTuple):
    """What lasts from round to round."""

    cost: tf.Tensor  # expected cost of the rule, [K]; unused under a round budget
    owed: tf.Tensor  # what each device still owes, [K, d]; [0, d] without feedback
    past: Past


class Heard(NamedTuple):
    """What the receiver has so far, and what the devices have spent."""

    y: tf.Tensor  # [1, A, T, F]
    code: Code
    cost: tf.Tensor  # [K]
    owed: tf.Tensor  # [K, d] or [0, d]
    level: Level
    spent: tf.Tensor  # [K]
    energy: tf.Tensor  # [K]
    target: tf.Tensor  # sum_k w_k u_k, [d]
    sent: tf.Tensor  # sum_k w_k sent_k, [d]


class Received(NamedTuple):
    """What the codec decodes, and what came of it."""

    symbols: tf.Tensor  # in units of what was sent, [M]
    noise: tf.Tensor  # of a real number in them, []
    heard: tf.Tensor  # bool [K]
    energy: tf.Tensor  # [K]


@dataclass(frozen=True, config=STRICT)
class Analog:
    """A codec that survives addition, a power rule, how the budget is meant, and error feedback (none: the codec's)."""

    codec: Codec = Identity()
    rule: PowerRule = TruncatedInversion()
    budget: Literal["round", "average"] = "round"
    feedback: Annotated[float, Ge(0), Le(1)] | None = None
    uses_air: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("codec", "rule"):
            if isinstance(getattr(self, name), type):
                raise ValueError(f"analog.{name}: expected an instance, received the class; call it")
        if self.feedback and self.codec.feedback is None:
            raise ValueError(f"analog.feedback: expected 0 for votes, which owe nothing, received {self.feedback}")

    def measures(self, terms: Terms) -> bool:
        """Needed by a rule that looks at everybody, an amplifier, and feedback; else the level is applied last."""
        return self.rule.joint or not terms.air.homogeneous or bool(self._feedback)

    def check(self, terms: Terms) -> None:
        needed = self._elements(terms)
        if needed > terms.elements:
            raise ValueError(
                f"grant.elements: expected at least {needed} resource elements for this codec and {terms.size} "
                f"parameters, received {terms.elements}"
            )
        if self._feedback:
            check_memory(terms)
        faded = not isinstance(terms.air.channel, Awgn)
        if self.budget == "average" and faded and not self.rule.bounded:
            raise ValueError(
                "uplink.budget: expected round for a rule that inverts every fade, whose mean energy is "
                "infinite, received average; or take truncated_inversion with a threshold above 0"
            )
        noisy = terms.air.pilots > 0 or (terms.air.antennas > 1 and not isinstance(terms.air.receiver, MaximumRatio))
        if self.budget == "average" and noisy:
            raise ValueError(
                "uplink.budget: expected round where gains depend on the noise, as with estimated knowledge or with "
                "combiners other than maximum_ratio, received average; the mean energy is another at every SNR"
            )

    def init(self, terms: Terms, place: Place) -> Nest:
        self.check(terms)
        cost = tf.ones([terms.air.devices])
        if self.budget == "average":
            cost = expected_cost(self.rule, terms, self._elements(terms), place)
        owed = tf.zeros([terms.air.devices if self._feedback else 0, terms.size])
        return State(cost, owed, Past.none(terms.layers))

    def begin(self, state: Nest, round: Round) -> Nest:
        terms, nothing, one = round.terms, tf.zeros_like(round.weights), tf.ones([])
        _ = round.combiner  # made before any loop over devices, and kept
        key = keys.fold(round.key, "codec")
        code = self.codec.code(terms.layers, self._data_elements(terms), key, state.past)
        level = whole_grant(Level(one, one), self._elements(terms)) if self.rule.joint else Level(one, one)
        y, zeros = terms.air.empty(terms.slots), tf.zeros([terms.size])
        return Heard(y, code, state.cost, state.owed, level, nothing, nothing, zeros, zeros)

    def spend(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
        sent = self._sent(acc, round, devices, updates)[1]
        power = self._power(round, self._symbols(acc, round, devices, sent))  # [C, N]
        if self.budget == "average":
            return tf.gather(acc.cost, devices) * tf.reduce_sum(power, axis=1)
        cost = self.rule.cost(round.gains(devices, power.shape[1]), self._share(round))
        return tf.reduce_sum(power * cost, axis=1)

    def settle(self, acc: Nest, round: Round, spent: tf.Tensor) -> Nest:
        return acc._replace(level=self._level(round, spent), spent=spent)

    def _level(self, round: Round, spent: tf.Tensor) -> Level:
        budgets, elements = round.terms.budgets, self._elements(round.terms)
        # What is spent counts silent elements and, on average, absent rounds; the noise beside it is scaled alike.
        share = elements / round.terms.elements * (round.terms.participation if self.budget == "average" else 1.0)
        noise = round.air_link.noise * share
        if self.rule.joint:
            return joint_level(self.rule, round, spent, budgets, noise, elements)
        return self.rule.level(spent, budgets, None, noise)

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        terms = round.terms
        wanted, sent = self._sent(acc, round, devices, updates)  # [C, d] each
        symbols = self._symbols(acc, round, devices, sent)  # [C, M]
        power, budgets = self._power(round, symbols), tf.gather(terms.budgets, devices)[:, None]
        gains, scale = round.gains(devices, power.shape[1]), acc.level.scale  # [C, N]
        scale = scale if scale.shape.rank == 0 else scale[: power.shape[1]]
        b = self.rule.amplitude(scale, gains, power, budgets, self._share(round))  # [C, N]
        x = _times(b, symbols, terms.air.grid)  # [C, T, F]
        y = terms.air.add(acc.y, x[None], round.air_link, devices)
        energy = tf.reduce_sum(squared(x), axis=[1, 2]) / terms.elements  # [C]
        spent = energy  # at level 1
        if self.budget == "average":
            spent = tf.gather(acc.cost, devices) * tf.reduce_sum(power, axis=1)
        weights = tf.gather(round.weights, devices)
        return acc._replace(
            y=y,
            owed=self._owed(acc, round, devices, wanted, sent, b * gains),
            spent=acc.spent
            if self.measures(terms)
            else tf.tensor_scatter_nd_update(acc.spent, devices[:, None], spent),
            energy=tf.tensor_scatter_nd_update(acc.energy, devices[:, None], energy),
            target=acc.target + weighted_sum(weights, updates),
            sent=acc.sent + weighted_sum(weights, sent),
        )

    def end(self, acc: Nest, state: Nest, round: Round) -> tuple[tf.Tensor, Nest, Report]:
        symbols, noise, heard, energy = self.received(acc, round)
        estimate = self.codec.decode(symbols, round.terms.layers, acc.code, noise)
        estimate *= tf.cast(tf.reduce_any(heard), estimate.dtype)  # nobody's votes are no votes
        errors = nmse(estimate, acc.target), nmse(estimate, self.codec.target(acc.sent))
        present = tf.reduce_sum(tf.cast(round.weights > 0, tf.float32))
        bits = (REPORT_BITS if self.rule.announced else 0.0) * present
        state = State(state.cost, acc.owed, Past(state.past.rounds + 1, estimate))
        return estimate, state, round.report(errors, energy, heard, bits, self._elements(round.terms))

    def received(self, acc: Nest, round: Round) -> Received:
        """What there is to decode after all have sent; silence where nobody was heard."""
        terms = round.terms
        if not self.measures(terms):
            level = self._level(round, acc.spent)
            y, energy = acc.y * tf.cast(level.scale, acc.y.dtype), acc.energy * level.scale**2
            acc = acc._replace(level=level, y=y, energy=energy)
        y = terms.air.receive(acc.y, round.air_link, keys.fold(round.key, "noise"))
        symbols = terms.air.grid.collect(behind(round.combiner, y)[0], self._elements(terms))  # [M]
        symbols, noise, legible = self._read(symbols, acc.level.arrival, round)
        heard = (acc.energy > 0) & legible
        return Received(symbols * tf.cast(tf.reduce_any(heard), symbols.dtype), noise, heard, acc.energy)

    def _read(self, symbols: tf.Tensor, arrival: tf.Tensor, round: Round) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The codec's symbols in units of what was sent, the noise of a real number, and whether they can be read."""
        noise = round.air_link.noise / 2.0
        if self.rule.announced:
            level = tf.cast(arrival, symbols.dtype)
            return symbols / level, noise * tf.reduce_mean(1.0 / arrival**2), tf.constant(True)
        scale = tf.math.real(symbols[-1])
        legible = scale > tf.sqrt(noise)
        unit = tf.where(legible, tf.reduce_sum(round.weights) / scale, 0.0)
        return symbols[:-1] * tf.cast(unit, symbols.dtype), noise * unit**2, legible

    @property
    def _feedback(self) -> float:
        return (self.codec.feedback or 0.0) if self.feedback is None else self.feedback

    def _elements(self, terms: Terms) -> int:
        return self._data_elements(terms) + (not self.rule.announced)

    def _data_elements(self, terms: Terms) -> int:
        return self.codec.elements(terms.layers, terms.elements - (not self.rule.announced))

    def _sent(self, acc: Heard, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What devices want to be known, and what they send of it, [C, d] each."""
        wanted = updates + self._feedback * tf.gather(acc.owed, devices) if self._feedback else updates
        return wanted, self.codec.select(wanted, round.terms.layers, acc.code)

    def _owed(
        self,
        acc: Heard,
        round: Round,
        devices: tf.Tensor,
        wanted: tf.Tensor,
        sent: tf.Tensor,
        arrives: tf.Tensor,
    ) -> tf.Tensor:
        """What everybody owes after devices have sent; ``arrives`` [C, N] is b h as they believe."""
        if not self._feedback:
            return acc.owed
        grid, layers, data = round.terms.air.grid, round.terms.layers, self._data_elements(round.terms)
        level = acc.level.arrival if acc.level.arrival.shape.rank == 0 else acc.level.arrival[: arrives.shape[1]]
        share = tf.math.real(arrives) / level
        if not self.rule.announced:
            share = tf.cast(share > 0, share.dtype)
        if not self.rule.aligned:  # who knows no channel takes it that all arrives
            share = tf.ones_like(share)
        if _repeats(round, self._elements(round.terms)):
            share = tf.tile(share, [1, grid.rows(data)])
        owed = tf.gather(acc.owed, devices)
        delivered = self.codec.delivered(sent, layers, acc.code, share[:, :data])  # [C, d]
        after = (1.0 - self._feedback) * owed + wanted - delivered
        return tf.tensor_scatter_nd_update(acc.owed, devices[:, None], after)

    def _power(self, round: Round, symbols: tf.Tensor) -> tf.Tensor:
        """What symbols [C, M] take of a budget at b = 1, if on average then expected: [C, N], a value a gain."""
        share = round.terms.participation if self.budget == "average" else 1.0
        return _over_gains(squared(symbols) * (share / round.terms.elements), round)

    def _share(self, round: Round) -> tf.Tensor | None:
        """The share of elements that each gain stands for, [N], if not as many each."""
        elements = self._elements(round.terms)
        if not _repeats(round, elements) or elements % round.terms.air.grid.subcarriers == 0:
            return None
        return _over_gains(tf.fill([elements], 1 / elements), round)

    def _symbols(self, acc: Heard, round: Round, devices: tf.Tensor, sent: tf.Tensor) -> tf.Tensor:
        symbols = self.codec.encode(sent, round.terms.layers, acc.code)  # [C, M]
        if not self.rule.announced:
            symbols = tf.pad(symbols, [[0, 0], [0, 1]], constant_values=1.0)
        return tf.cast(tf.gather(round.weights, devices), symbols.dtype)[:, None] * symbols


def _repeats(round: Round, elements: int) -> bool:
    """Whether one symbol shows the gains that the others repeat."""
    link = round.air_link
    return link.transmitters.steps == link.receiver.best.steps == 1 and elements > round.terms.air.grid.subcarriers


def _over_gains(values: tf.Tensor, round: Round) -> tf.Tensor:
    """Values of elements [..., M] added up over those that share a gain, [..., N]."""
    if not _repeats(round, values.shape[-1]):
        return values
    return tf.reduce_sum(round.terms.air.grid.fill(values), axis=-2)


def _times(b: tf.Tensor, symbols: tf.Tensor, grid: Grid) -> tf.Tensor:
    """b [C, N] times symbols [C, M] on the OFDM symbols they need, [C, T, F]."""
    if b.shape[1] == symbols.shape[1]:
        return grid.fill(b * symbols)
    return b[:, None] * grid.fill(symbols)
