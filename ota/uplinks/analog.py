"""Analog over-the-air aggregation (AirComp, OTA): all devices send at once and the channel adds."""

from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ...phy import Level, Place, PowerRule, TruncatedInversion, combine, keys, squared
from ...phy.strict import dataclass
from .. import apart
from ..codecs import Codec, Past
from ..codecs.identity import Identity
from ..round import Nest, Outcome, Probe, ReceivedSum, Round, Terms, weighted_sum
from ._analog_checks import check as check_analog
from ._analog_state import AnalogMemory, Heard
from ._counting import amplitudes, counts, reported, stretch, told
from ._gains import factors, over_gains, repeats, share_arrived, share_of_each, times
from ._guarded import disguised, heard, lowered, nobody, sending
from ._levels import expected_cost, joint_level
from ._peaks import measured, none
from ._rebels import counted


@dataclass(frozen=True)
class Analog:
    """Over-the-air aggregation by a codec that survives addition, and a power rule: all devices send at once.

        x_k = b_k w_k s_k,   s_k = encode(u_k),   u_hat = decode(v^H (sum_k h_k x_k + n) / level).

    Device k has b_k from the power rule on the gain it believes; the receiver combines its antennas, divides by the
    announced arrival level and decodes once. Amiri and Gunduz, "Federated learning over wireless fading channels", IEEE
    TWC 2020.

    With ``feedback`` b a device sends what its codec selects of z = u + b r, and then owes r + z - b r - z_hat, where
    z_hat is what it believes to have arrived: nothing where it was silent, and all where its rule uses no channel.

    A rule whose level is not announced sends the scale beside: w_k b_k on one more element, by whose sum the others are
    divided. Where that is below the noise's standard deviation nothing is decoded.

    Budgets. ``round``: every device's realised energy in every round is at most its budget, by a level from what each
    would spend on this round's symbols and gains, of which it reports a float32, unless the rule agreed on a level
    beforehand. ``average``: at most the budget on average over fading and participation, by links drawn for the
    purpose.

    >>> import tensorflow as tf
    >>> from overair.ota import Analog, RandomLinear, Round, Terms, apply
    >>> from overair.phy import Air, Grid, MseOptimal, Tdl, keys
    >>> terms = Terms(Air(Grid(), Tdl(), devices=5), size=100, elements=40)
    >>> uplink, place = Analog(RandomLinear(), MseOptimal()), terms.air.init(keys.key(0))
    >>> link = terms.air.draw(place, keys.key(1), time=0.0, slots=terms.slots, snr_db=20.0)
    >>> round, updates = Round(terms, keys.key(2), tf.fill([5], 0.2), link), keys.normal(keys.key(3), [5, 100])
    >>> estimate, state, report = apply(uplink, uplink.init(terms, place), round, updates)
    >>> estimate.shape, float(report.payload), bool((report.energy <= 1.0001).numpy().all())  # of at most P an element
    (TensorShape([100]), 40.0, True)
    """

    codec: Codec = Identity()
    """How an update becomes symbols."""
    rule: PowerRule = TruncatedInversion()
    """How transmitters spend their budget."""
    budget: Literal["round", "average"] = "round"
    """Whether P holds in every round, or on average over fading and participation."""
    feedback: Annotated[float, Ge(0), Le(1)] | None = None
    """Weight of error feedback; the codec's own unless given."""
    groups: Annotated[int, Gt(0), Le(64)] = 1
    """Sums of devices that share the grant; dealt anew every round."""
    uses_air: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("codec", "rule"):
            if isinstance(getattr(self, name), type):
                raise ValueError(f"analog.{name}: expected an instance, received the class; call it")
        if self.feedback and self.codec.feedback is None:
            raise ValueError(f"analog.feedback: expected 0 for votes, which owe nothing, received {self.feedback}")

    @property
    def apart(self) -> bool:
        return self.groups > 1

    def probes(self, terms: Terms) -> bool:
        """For a rule that looks at all, an amplifier, feedback, counts and rebels; else the level is applied last."""
        scales = terms.air.homogeneous and terms.obeyed and not counts(self.codec)
        return self.rule.joint or bool(self._feedback) or not scales

    def check(self, terms: Terms) -> None:
        check_analog(self, terms, self._elements(terms.share(self.groups)))
        apart.check(self, terms)

    def init(self, terms: Terms, place: Place) -> Nest:
        self.check(terms)
        average = self.budget == "average"
        cost = expected_cost(self.rule, terms, self._elements(terms), place) if average else tf.ones_like(terms.budgets)
        owed = tf.zeros([terms.air.devices if self._feedback else 0, terms.size])
        return AnalogMemory(cost, owed, Past.none(terms.layers))

    def begin(self, state: Nest, round: Round, probe: Probe) -> Nest:
        terms, nothing, one = round.terms, tf.zeros_like(round.weights), tf.ones([])
        _ = round.antenna_weights  # made before any loop over devices, and kept
        code = self.codec.code(terms.layers, self._data_elements(terms), keys.fold(round.key, "codec"), state.past)
        y, zeros, last = terms.air.empty(terms.slots), tf.zeros([terms.size]), (none(round), nobody(self.rule, round))
        acc = Heard(y, code, state.cost, state.owed, Level(one, one), nothing, nothing, zeros, zeros, *last)
        if not self.probes(terms):
            return acc
        acc = acc._replace(code=told(self.codec, code, round, probe, lambda *asked: self._wanted(acc, *asked)))
        needed = counted(probe(lambda devices, updates: self._needed(acc, round, devices, updates)), round)
        return acc._replace(level=self._level(round, needed), needed=needed)

    def _needed(self, acc: Heard, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
        """Energy an element of the grant that devices [C] with updates [C, d] would spend at level 1, [C]."""
        sent = self._sent(acc, round, devices, updates)[1]
        power = self._power(round, self._symbols(acc, round, devices, sent))  # [C, N]
        if self.budget == "average":
            return tf.gather(acc.cost, devices) * tf.reduce_sum(power, axis=1)
        cost = self.rule.cost(round.gains(devices, power.shape[1]), share_of_each(round, self._elements(round.terms)))
        return tf.reduce_sum(power * cost, axis=1)

    def _level(self, round: Round, needed: tf.Tensor) -> Level:
        budgets, elements = round.terms.budgets, self._elements(round.terms)
        # What is needed counts silent elements and, on average, absent rounds; the noise beside it is scaled alike.
        share = elements / round.terms.elements * (round.terms.chance if self.budget == "average" else 1.0)
        noise = round.air_link.noise * share
        if self.rule.joint:
            return lowered(joint_level(self.rule, round, needed, budgets, noise, elements), round)
        return self.rule.level(needed, budgets, None, noise)

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        terms = round.terms
        wanted, sent = self._sent(acc, round, devices, updates)  # [C, d] each
        symbols = self._symbols(acc, round, devices, sent)  # [C, M]
        power = self._power(round, symbols)
        b, gains = factors(self.rule, round, devices, power, acc.level.scale, self._elements(terms))  # [C, N]
        x = times(b, disguised(symbols, round, devices), terms.air.grid)  # [C, T, F]
        y = terms.air.add(acc.y, x[None], round.air_link, devices)
        energy = tf.reduce_sum(squared(x), axis=[1, 2]) / terms.elements  # [C]
        needed = acc.needed
        if not self.probes(terms):
            each = tf.gather(acc.cost, devices) * tf.reduce_sum(power, axis=1) if self.budget == "average" else energy
            needed = tf.tensor_scatter_nd_update(needed, devices[:, None], each)
        weights = tf.gather(round.weights, devices)
        return acc._replace(
            y=y,
            owed=self._owed(acc, round, devices, wanted, sent, b * gains),
            needed=needed,
            energy=tf.tensor_scatter_nd_update(acc.energy, devices[:, None], energy),
            target=acc.target + weighted_sum(weights, updates),
            sent=acc.sent + weighted_sum(weights, sent),
            papr=measured(acc.papr, round, devices, x),
            sends=sending(acc.sends, devices, b),
        )

    def end(self, acc: Nest, state: Nest, round: Round) -> Outcome:
        acc, terms = self.announced(acc, round), round.terms
        y = terms.air.receive(acc.y, round.air_link, keys.fold(round.key, "noise"))
        symbols = terms.air.grid.collect(combine(round.antenna_weights, y)[0], self._elements(terms))  # [M]
        symbols, noise, legible = self._read(symbols, acc.level.arrival, round)
        there = heard(acc.sends, acc.energy) & legible
        anybody = tf.reduce_any(there)
        symbols *= tf.cast(anybody, symbols.dtype)

        def decode(symbols: tf.Tensor, more: tf.Tensor) -> tf.Tensor:
            return self.codec.decode(symbols, terms.layers, acc.code, noise + more)

        estimate = self.codec.decode(symbols, terms.layers, acc.code, noise)
        estimate *= tf.cast(anybody, estimate.dtype)  # nobody's votes are no votes
        errors = round.errors(estimate, acc.target, self.codec.target(acc.sent))
        free = reported(self.rule, self.codec) * tf.reduce_sum(tf.cast(round.weights > 0, tf.float32))
        state = AnalogMemory(state.cost, acc.owed, state.past.after(estimate))
        report = round.report(errors, acc.energy, there, tf.zeros([]), self._elements(terms), free, acc.papr)
        return Outcome(estimate, state, report, ReceivedSum(symbols, decode))

    def sends(self, acc: Heard, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Symbols [C, M] of devices with updates [C, d], and what they multiply them by at the level of ``acc``."""
        symbols = self._symbols(acc, round, devices, self._sent(acc, round, devices, updates)[1])
        given = self._power(round, symbols), acc.level.scale, self._elements(round.terms)
        return disguised(symbols, round, devices), factors(self.rule, round, devices, *given)[0]  # [C, N]

    def announced(self, acc: Heard, round: Round) -> Heard:
        """What was received, at the level of the round: where that is only a scale, all have sent at level 1."""
        if self.probes(round.terms):
            return acc
        level = self._level(round, acc.needed)
        scaled = acc._replace(y=acc.y * tf.cast(level.scale, acc.y.dtype), energy=acc.energy * level.scale**2)
        return scaled._replace(level=level)

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
        wanted = self._wanted(acc, devices, updates)
        chosen = self.codec.select(stretch(self.codec, round, devices, wanted), round.terms.layers, acc.code)
        return wanted, stretch(self.codec, round, devices, chosen, back=True)

    def _wanted(self, acc: Heard, devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
        return updates + self._feedback * tf.gather(acc.owed, devices) if self._feedback else updates

    def _owed(
        self, acc: Heard, round: Round, devices: tf.Tensor, wanted: tf.Tensor, sent: tf.Tensor, arrives: tf.Tensor
    ) -> tf.Tensor:
        """What everybody owes after devices have sent; ``arrives`` [C, N] is b h as they believe."""
        if not self._feedback:
            return acc.owed
        grid, layers, data = round.terms.air.grid, round.terms.layers, self._data_elements(round.terms)
        share = share_arrived(self.rule, arrives, acc.level.arrival)
        if repeats(round, self._elements(round.terms)):
            share = tf.tile(share, [1, grid.rows(data)])
        delivered = self.codec.delivered(sent, layers, acc.code, share[:, :data])  # [C, d]
        after = (1.0 - self._feedback) * tf.gather(acc.owed, devices) + wanted - delivered
        return tf.tensor_scatter_nd_update(acc.owed, devices[:, None], after)

    def _power(self, round: Round, symbols: tf.Tensor) -> tf.Tensor:
        """What symbols [C, M] take of a budget at b = 1, if on average then expected: [C, N], a value a gain."""
        share = round.terms.chance if self.budget == "average" else 1.0
        return over_gains(squared(symbols) * (share / round.terms.elements), round)

    def _symbols(self, acc: Heard, round: Round, devices: tf.Tensor, sent: tf.Tensor) -> tf.Tensor:
        sent = stretch(self.codec, round, devices, sent)
        symbols = self.codec.encode(sent, round.terms.layers, acc.code)  # [C, M]
        if not self.rule.announced:
            symbols = tf.pad(symbols, [[0, 0], [0, 1]], constant_values=1.0)
        weights = amplitudes(self.codec, round)
        return tf.cast(tf.gather(weights, devices), symbols.dtype)[:, None] * symbols
