"""A round of an uplink: what one round brings, and the report of what it cost. `collection.py` plays it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import tensorflow as tf

from ..phy import Link, Place, combine
from ..phy.documented import documented
from ..phy.keys import Key
from .outcome import Nest, Outcome, ReceivedSum, Report
from .terms import MEMORY_BYTES, Terms, check_memory

Updates = Callable[[tf.Tensor], tuple[tf.Tensor, Nest]]  # from devices [C] to updates [C, d], and what is beside
Kept = tuple[Nest, Callable[[Nest, tf.Tensor, Nest], Nest]]  # of nobody; so far, devices [C] and what is beside -> more
Question = Callable[[tf.Tensor, tf.Tensor], Nest]  # from devices [C] and updates [C, d] to a number each, [C], or a sum
Probe = Callable[..., Nest]  # the answers of all that take part, [K], zero for others; or their sum, from nothing on


class Split(NamedTuple):
    """What devices make of their power where a guarantee asks for it."""

    data: tf.Tensor  # of the power of a level, the share that is left for data
    noise: tf.Tensor | None  # variance of the noise that each adds to its symbols, [K]


@documented
@dataclass(frozen=True)
class Round:
    """One round: its key, the weight of every device's update (zero: absent), and its link if the uplink uses one.

    estimate of sum_k w_k u_k over the devices whose weights are above zero.

    >>> import tensorflow as tf
    >>> from overair.ota import Round, Terms
    >>> from overair.phy import Air, Grid, Tdl, keys
    >>> terms = Terms(Air(Grid(), Tdl(), devices=5), size=100, elements=500)
    >>> link = terms.air.draw(terms.air.init(keys.key(0)), keys.key(1), time=0.0, slots=terms.slots, snr_db=10.0)
    >>> round = Round(terms, keys.key(2), tf.constant([0.5, 0.5, 0.0, 0.0, 0.0]), link)  # two of five take part
    >>> round.gains([0, 1], 500).shape, round.antenna_weights.shape
    (TensorShape([2, 500]), TensorShape([1, 1, 1, 1]))
    """

    terms: Terms  # agreed before the first round
    key: Key  # int64 [2], of this round
    weights: tf.Tensor  # of every device's update, zero of who is absent, float32 [K]
    link: Link | None = None  # of this round, where the uplink uses one
    shares: tf.Tensor | None = None  # of the band, if a schedule deals it, [K]
    rebels: tf.Tensor | None = None  # who ignores the power rule and spends all it has, bool [K]
    split: Split | None = None  # of power between data and noise; all of it for data unless given

    @cached_property
    def antenna_weights(self) -> tf.Tensor:
        """The receiver's antenna weights toward those that take part, [B, A, T, F]."""
        return self.terms.air.combiner.weights(self.air_link, tf.where(self.weights > 0)[:, 0])

    def gains(self, devices: tf.Tensor, elements: int, best: bool = False) -> tf.Tensor:
        """Gains behind the combiner as transmitters were told, or best know, on the first elements: complex [C, M]."""
        return self.on_grant(self.fields(devices, elements, best)[0], elements)

    def fields(self, devices: tf.Tensor, elements: int, best: bool = False) -> tf.Tensor:
        """The same on the symbols that hold these elements, for every link of a batch: [B, C, T, F]."""
        link, symbols = self.air_link, self.terms.air.grid.rows(elements)
        weights = self.antenna_weights
        weights = weights if weights.shape[2] == 1 else weights[:, :, :symbols]
        belief = link.transmitters.best if best else link.transmitters
        return combine(weights, link.response(devices, belief, symbols))

    def slot_gains(self, slot: tf.Tensor, best: bool = False) -> tf.Tensor:
        """Gains of all devices over one slot as the receiver was told, or best knows: [K, T, F], T = 1 if still."""
        link, symbols, weights = self.air_link, self.terms.air.grid.symbols, self.antenna_weights
        first = slot * symbols
        weights = weights if weights.shape[2] == 1 else weights[:, :, first : first + symbols]
        belief = link.receiver.best if best else link.receiver
        return combine(weights, belief.at(first, symbols).response(link.frequencies))[0]

    def on_grant(self, field: tf.Tensor, elements: int) -> tf.Tensor:
        """The first elements [C, M] of a field [C, T, F], where T may be 1."""
        grid, symbols = self.terms.air.grid, self.terms.air.grid.rows(elements)
        used = [tf.shape(field)[0], symbols, grid.subcarriers]
        return grid.collect(tf.broadcast_to(field[:, :symbols], used), elements)

    def errors(self, estimate: tf.Tensor, target: tf.Tensor, wanted: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """NMSE against the sum of updates and against what was sent of them, of the entries that the terms name."""
        part = self.terms.measured
        return nmse(estimate[part], target[part]), nmse(estimate[part], wanted[part])

    def report(
        self,
        errors: tuple[tf.Tensor, tf.Tensor],
        energy: tf.Tensor,
        heard: tf.Tensor,
        bits: tf.Tensor,
        elements: int,
        free: tf.Tensor | float = 0.0,
        papr: tf.Tensor | None = None,
    ) -> "Report":
        """The report of a round on the air: errors, what the data cost, and the sounding and the feedback besides.

        ``bits`` take elements; ``free`` ones, and the feedback, take none. ``papr`` is that of each device, in dB.
        """
        terms, zero, there = self.terms, tf.zeros([]), self.weights > 0
        free += terms.feedback_bits * tf.reduce_sum(tf.cast(there, tf.float32))
        pilots, airtime = zero + terms.air.pilots, zero + terms.airtime
        shares = _share(there & (energy <= 0), there), _share(there & ~heard, there)
        costs = terms.energy(energy), heard, bits + free, zero + elements, pilots, airtime
        asked = papr is not None and terms.papr
        peaks = tf.reduce_mean(tf.boolean_mask(papr, energy > 0)) if asked else zero + math.nan
        return Report(*errors, *costs, free, *shares, peaks)

    @property
    def air_link(self) -> Link:
        if self.link is None:
            raise ValueError("round.link: expected a link for this uplink, received none; draw one with air.draw")
        return self.link


@documented
@runtime_checkable
class Uplink(Protocol):
    """The way of the updates to the server, as ``collect`` uses it.

        estimate ~ sum_k w_k u_k over devices k, at a cost in elements, energy and bits that the report tells.

    A round is ``begin``, ``add`` for one group of devices after another, ``end``; ``apply`` and ``collect`` play it:

        acc = uplink.begin(state, round, probe)  # nothing received yet; all may be asked first
        acc = uplink.add(acc, round, devices, updates)  # some devices after others
        outcome = uplink.end(acc, state, round)

    >>> import tensorflow as tf
    >>> from overair.ota import Digital, Round, Terms, Uplink, apply
    >>> from overair.phy import Air, Grid, Tdl, keys
    >>> uplink, terms = Digital(), Terms(Air(Grid(), Tdl(), devices=5), size=100, elements=500)
    >>> place = terms.air.init(keys.key(0))
    >>> link = terms.air.draw(place, keys.key(1), time=0.0, slots=terms.slots, snr_db=20.0)
    >>> round, updates = Round(terms, keys.key(2), tf.fill([5], 0.2), link), keys.normal(keys.key(3), [5, 100])
    >>> estimate, state, report = apply(uplink, uplink.init(terms, place), round, updates)
    >>> isinstance(uplink, Uplink), estimate.shape, float(report.payload), bool(report.nmse < 1)
    (True, TensorShape([100]), 500.0, True)
    """

    uses_air: ClassVar[bool]  # whether rounds need a link

    @property
    def apart(self) -> bool:
        """Whether the receiver can have estimates of single devices, or of groups, beside the sum."""
        ...

    def probes(self, terms: Terms) -> bool:
        """Whether ``begin`` asks: updates that are not all at hand are then computed twice."""
        ...

    def check(self, terms: Terms) -> None:
        """Raise ValueError where the terms cannot be met."""
        ...

    def init(self, terms: Terms, place: Place) -> Nest:
        """The state before the first round, a nest of tensors; ``place`` is where the devices are in all rounds."""
        ...

    def begin(self, state: Nest, round: Round, probe: Probe) -> Nest:
        """Nothing received yet, and whatever must be known of all devices before the first sends.

        ``probe`` puts a question to all that take part, from devices [C] and updates [C, d] to a number each, [C], and
        has the answers, [K], zero for others.
        """
        ...

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        """Devices, int32 [C], send their updates, float32 [C, d]."""
        ...

    def end(self, acc: Nest, state: Nest, round: Round) -> Outcome:
        """What was received, after all have sent: an estimate float32 [d], the state after the round, and a report."""
        ...


def at_devices(devices: tf.Tensor, values: tf.Tensor, everybody: tf.Tensor) -> tf.Tensor:
    """Values [C] of some devices at their places among all, [K] as ``everybody``; zero for the others."""
    return tf.scatter_nd(devices[:, None], values, tf.shape(everybody, devices.dtype))


def weighted_sum(weights: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
    """sum_k w_k u_k, [d], of weights [C] and updates [C, d]."""
    return tf.linalg.matvec(updates, weights, transpose_a=True)


def _share(some: tf.Tensor, of: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(some, tf.float32)) / tf.reduce_sum(tf.cast(of, tf.float32))


def nmse(estimate: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """|estimate - target|^2 / |target|^2; NaN where there is no target, as when nobody takes part."""
    return tf.reduce_sum((estimate - target) ** 2) / tf.reduce_sum(target**2)


__all__ = [
    "MEMORY_BYTES", "Nest", "Outcome", "Probe", "Question", "ReceivedSum", "Report", "Round", "Terms",
    "Updates", "Uplink", "at_devices", "check_memory", "nmse", "weighted_sum",
]  # fmt: skip
