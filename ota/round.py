"""A round of an uplink: the terms all rounds share, what one round brings, and the report of what it cost.

Every uplink is used the same way, whatever it does:

    acc = uplink.begin(state, round)
    if uplink.measures(terms):  # what the level needs of everybody, before the first sends
        spent = uplink.spend(acc, round, devices, updates)  # one group of devices after another
        acc = uplink.settle(acc, round, spent)
    acc = uplink.add(acc, round, devices, updates)  # one group of devices after another
    estimate, state, report = uplink.end(acc, state, round)

``apply`` is these in a row for updates that are all at hand.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import tensorflow as tf

from ..phy import Air, Link, Place, behind
from ..phy.keys import Key
from .layers import Layers, check_layers

Nest = Any  # a nest of tensors
MEMORY_BYTES = 4 * 2**30  # of error feedback, at most


@dataclass(frozen=True)
class Terms:
    """What is agreed before the first round: the air, the length of an update and its layers, and the grant."""

    air: Air
    size: int
    elements: int
    participation: float = 1.0
    layers: Layers = ()  # one of this size unless given

    def __post_init__(self) -> None:
        check_layers(self.layers, self.size)
        if not self.layers:
            object.__setattr__(self, "layers", ((self.size,),))
        if self.size < 1:
            raise ValueError(f"size: expected a model with trainable weights, received {self.size}")
        if self.elements < 1:
            raise ValueError(f"grant.elements: expected at least 1 resource element, received {self.elements}")

        if not 0 < self.participation <= 1:
            raise ValueError(
                f"participation: expected a probability above 0 and up to 1, received {self.participation}"
            )

    @property
    def budgets(self) -> tf.Tensor:
        """Energy per granted element that each device may spend, in units of P, [K]."""
        return self.air.budgets

    @property
    def slots(self) -> int:
        """Slots a round takes."""
        return self.air.grid.slots(self.elements)

    @property
    def airtime(self) -> float:
        """Seconds a round takes on the air, prefixes and sounding included."""
        grid = self.air.grid
        return self.slots * grid.slot_seconds + self.air.pilots / grid.subcarriers * grid.symbol_seconds

    @property
    def feedback_bits(self) -> float:
        """Bits fed back to a device so that it knows its channel."""
        return self.air.transmitter_knowledge.bits(self.air.grid, self.air.antennas)

    def energy(self, data: tf.Tensor) -> tf.Tensor:
        """Energy an element of the whole grant, sounding included, from that of an element of the data's, [K].

        All devices sound, whoever then takes part. Nobody exceeds its budget by that: pilots take at most what their
        elements are granted for.
        """
        return (data * self.elements + self.air.pilot_energy * self.budgets) / (self.elements + self.air.pilots)


@dataclass(frozen=True)
class Round:
    """One round: its key, the weight of every device's update (zero: absent), and its link if the uplink uses one."""

    terms: Terms
    key: Key
    weights: tf.Tensor  # [K]
    link: Link | None = None

    @cached_property
    def combiner(self) -> tf.Tensor:
        """The receiver's antenna weights toward those that take part, [B, A, T, F]."""
        return self.terms.air.receiver.combine(self.air_link, tf.where(self.weights > 0)[:, 0])

    def gains(self, devices: tf.Tensor, elements: int) -> tf.Tensor:
        """Gains behind the combiner as the transmitters believe them, on the first elements: complex [C, M]."""
        link, symbols = self.air_link, self.terms.air.grid.rows(elements)
        combiner = self.combiner if self.combiner.shape[2] == 1 else self.combiner[:, :, :symbols]
        field = behind(combiner, link.response(devices, link.transmitters, symbols))[0]  # [C, T, F]
        return self.on_grant(field, elements)

    def slot_gains(self, slot: tf.Tensor) -> tf.Tensor:
        """Gains of all devices over one slot as the receiver can best tell: [K, T, F], T = 1 if nothing moves."""
        link, symbols = self.air_link, self.terms.air.grid.symbols
        first = slot * symbols
        combiner = self.combiner if self.combiner.shape[2] == 1 else self.combiner[:, :, first : first + symbols]
        return behind(combiner, link.receiver.best.at(first, symbols).response(link.frequencies))[0]

    def on_grant(self, field: tf.Tensor, elements: int) -> tf.Tensor:
        """The first elements [C, M] of a field [C, T, F], where T may be 1."""
        grid = self.terms.air.grid
        symbols = grid.rows(elements)
        used = [tf.shape(field)[0], symbols, grid.subcarriers]
        return grid.collect(tf.broadcast_to(field[:, :symbols], used), elements)

    def report(
        self, errors: tuple[tf.Tensor, tf.Tensor], energy: tf.Tensor, heard: tf.Tensor, bits: tf.Tensor, elements: int
    ) -> "Report":
        """The report of a round on the air: errors, what the data cost, and the sounding and the feedback besides."""
        terms, zero = self.terms, tf.zeros([])
        bits += terms.feedback_bits * tf.reduce_sum(tf.cast(self.weights > 0, tf.float32))
        pilots, airtime = zero + terms.air.pilots, zero + terms.airtime
        return Report(*errors, terms.energy(energy), heard, bits, zero + elements, pilots, airtime)

    @property
    def air_link(self) -> Link:
        if self.link is None:
            raise ValueError("round.link: expected a link for this uplink, received none; draw one with air.draw")
        return self.link


class Report(NamedTuple):
    """What a round cost and what came of it."""

    nmse: tf.Tensor  # |estimate - sum_k w_k u_k|^2 / |sum_k w_k u_k|^2
    nmse_sent: tf.Tensor  # the same against what the air should have delivered: after feedback and selection
    energy: tf.Tensor  # measured, per granted resource element, sounding included, [K]
    heard: tf.Tensor  # bool [K]
    bits: tf.Tensor  # payload, side information and channel feedback of all devices
    payload: tf.Tensor  # resource elements that carried data
    pilots: tf.Tensor  # resource elements granted to pilots
    airtime: tf.Tensor  # seconds


@runtime_checkable
class Uplink(Protocol):
    """The way of the updates to the server. See the module's text."""

    uses_air: ClassVar[bool]  # whether rounds need a link

    def measures(self, terms: Terms) -> bool:
        """Whether `spend` must see every device before the first sends."""
        ...

    def check(self, terms: Terms) -> None:
        """Raise ValueError where the terms cannot be met."""
        ...

    def init(self, terms: Terms, place: Place) -> Nest:
        """The state before the first round."""
        ...

    def begin(self, state: Nest, round: Round) -> Nest:
        """Nothing received yet."""
        ...

    def spend(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
        """Energy per granted element that devices [C] with updates [C, d] would spend at level 1, [C]."""
        ...

    def settle(self, acc: Nest, round: Round, spent: tf.Tensor) -> Nest:
        """Announce the level; ``spent`` [K] is zero for those that are absent."""
        ...

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        """Devices [C] send their updates [C, d]."""
        ...

    def end(self, acc: Nest, state: Nest, round: Round) -> tuple[tf.Tensor, Nest, Report]:
        """The estimate [d] of the weighted sum, the next state, and the report."""
        ...


def apply(uplink: Uplink, state: Nest, round: Round, updates: tf.Tensor) -> tuple[tf.Tensor, Nest, Report]:
    """One round with the updates [K, d] of all devices at hand. Eagerly, an update that is not finite is refused."""
    if tf.executing_eagerly() and not bool(tf.reduce_all(tf.math.is_finite(updates))):
        raise ValueError("updates: expected finite numbers, received NaN or infinity")
    devices = tf.where(round.weights > 0)[:, 0]
    updates = tf.gather(updates, devices)
    acc = uplink.begin(state, round)
    if uplink.measures(round.terms):
        spent = at_devices(devices, uplink.spend(acc, round, devices, updates), round.weights)
        acc = uplink.settle(acc, round, spent)
    return uplink.end(uplink.add(acc, round, devices, updates), state, round)


def check_memory(terms: Terms) -> None:
    """Refuse error feedback whose memory, a vector for each device, would not fit."""
    needed, most = 4 * terms.air.devices * terms.size, MEMORY_BYTES
    if needed > most:
        raise ValueError(
            f"uplink.feedback: expected at most {most / 2**30:g} GiB of what devices owe, received {terms.air.devices} "
            f"devices x {terms.size} parameters, {needed / 2**30:.3g} GiB; do without, or take fewer of either"
        )


def at_devices(devices: tf.Tensor, values: tf.Tensor, everybody: tf.Tensor) -> tf.Tensor:
    """Values [C] of some devices at their places among all, [K] as ``everybody``; zero for the others."""
    return tf.scatter_nd(devices[:, None], values, tf.shape(everybody, devices.dtype))


def weighted_sum(weights: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
    """sum_k w_k u_k, [d], of weights [C] and updates [C, d]."""
    return tf.linalg.matvec(updates, weights, transpose_a=True)


def nmse(estimate: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """|estimate - target|^2 / |target|^2; NaN where there is no target, as when nobody takes part."""
    return tf.reduce_sum((estimate - target) ** 2) / tf.reduce_sum(target**2)


__all__ = ["Nest", "Report", "Round", "Terms", "Uplink", "apply", "at_devices", "check_memory", "nmse", "weighted_sum"]
