"""The terms of an uplink: what is agreed before the first round."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import tensorflow as tf

from ..phy import Air
from ..phy.documented import documented
from ..phy.inputs import is_number, is_whole, shown
from .aggregators import AggregationRule
from .layers import Layers, check_layers, size_of

Access = Literal["equal", "shares", "turns"]  # parts of the band as large, or as scheduled, or all of it in turn
MOST_BITS = 1e12  # of a packet
MEMORY_BYTES = 4 * 2**30  # of what is kept of each device or estimate, at most


@documented
@dataclass(frozen=True)
class Terms:
    """What is agreed before the first round: the air, the length of an update and its layers, and the grant.

        slots = ceil(elements / those of a slot),   airtime = slots * slot seconds + sounding symbols * symbol seconds.

    >>> from overair.ota import Terms
    >>> from overair.phy import Air, Grid, Tdl
    >>> terms = Terms(Air(Grid(), Tdl(), devices=5), size=100, elements=1000)
    >>> terms.slots, terms.layers, terms.budgets.shape
    (2, ((100,),), TensorShape([5]))
    """

    air: Air  # devices, channel and grid
    size: int  # entries of an update, d
    elements: int  # resource elements granted to a round
    participation: float | None = 1.0  # chance of each device in each round, by itself; None: no one such chance
    layers: Layers = ()  # one of this size unless given
    papr: bool = False  # whether that of what devices send is measured
    layer: int | None = None  # the kernel whose error is reported, from 1; all entries unless given
    payload: float | None = None  # bits of every packet; airtime is then an outcome, and the grant fixed if None
    access: Access = "equal"  # of those that send, to the grant
    aggregator: AggregationRule | None = None  # what the server makes of separate estimates; the sum is taken without
    groups: int = 1  # sums that the whole grant is shared by, of which these are the terms of one
    obeyed: bool = True  # whether all keep to the power rule, whatever round
    senders: int | None = None  # as many as a round has, where that is given; else up to all
    separate: bool = False  # whether updates are asked for one by one, beside their sum
    cohort: bool = False  # whether devices are others in every round, so that nothing can be kept of one

    def __post_init__(self) -> None:
        if not is_whole(self.size, 1):
            raise ValueError(f"size: expected at least 1 number in an update, received {shown(self.size)}")
        check_layers(self.layers, self.size)
        if not self.layers:
            object.__setattr__(self, "layers", ((self.size,),))
        kernels = len(self._kernels)
        if self.layer is not None and not is_whole(self.layer, 1, kernels):
            raise ValueError(
                f"layer: expected a number from 1 to {kernels}, as many kernels as there are, received "
                f"{shown(self.layer)}"
            )
        if not is_whole(self.elements, 1):
            raise ValueError(f"grant.elements: expected at least 1 resource element, received {shown(self.elements)}")
        if self.payload is not None and not (is_number(self.payload) and 1 <= self.payload <= MOST_BITS):
            raise ValueError(
                f"grant.bits: expected 1 to {MOST_BITS:.0e} bits a packet or None, received {shown(self.payload)}"
            )
        if not isinstance(self.papr, bool):
            raise ValueError(f"papr: expected True or False, received {shown(self.papr)}")
        self.air.check_memory(self.slots, "grant.elements")
        if self.participation is not None:
            check_participation(self.participation)

    @property
    def budgets(self) -> tf.Tensor:
        """Energy per granted element that each device may spend, in units of P, [K]; all of it in its sum."""
        return self.air.budgets * self.groups if self.groups > 1 else self.air.budgets

    @property
    def apart(self) -> bool:
        """Whether separate estimates are asked for."""
        return self.separate or (self.aggregator is not None and self.aggregator.apart)

    def share(self, groups: int) -> "Terms":
        """The terms of one of so many sums that share the grant: in whole slots, where there are as many."""
        if groups == 1:
            return self
        grid, each = self.air.grid, self.slots // groups
        elements = min(self.elements // groups, each * grid.elements) if each else self.elements // groups
        return replace(self, elements=max(1, elements), groups=groups)

    @property
    def measured(self) -> slice:
        """The entries whose error is reported."""
        if self.layer is None:
            return slice(None)
        first = size_of(self.layers[: self._kernels[self.layer - 1]])
        return slice(first, first + size_of((self.layers[self._kernels[self.layer - 1]],)))

    @property
    def _kernels(self) -> list[int]:
        """Their places among the layers."""
        return [place for place, shape in enumerate(self.layers) if len(shape) > 1]

    @property
    def chance(self) -> float:
        """To take part, where mean energies are asked for: refused where they depend on the schedule."""
        if self.participation is None:
            raise ValueError(
                "uplink.budget: expected round with this scheduler, under which the mean energy of those that send is "
                'unknown, received average; or take scheduler = {kind = "coins"} with one chance'
            )
        return self.participation

    @property
    def granted(self) -> int:
        """Elements of a grant that is fixed: refused where it is the bits of packets that are."""
        if self.payload is not None:
            raise ValueError(
                f"grant.bits: expected none with an analog uplink, which sends no bits, received {self.payload:g}; "
                "set grant.elements, or take a digital uplink"
            )
        return self.elements

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
        return self.air.csit.bits(self.air.grid, self.air.antennas)

    def energy(self, data: tf.Tensor) -> tf.Tensor:
        """Energy an element of the whole grant, sounding included, from that of an element of the data's, [K].

        All devices sound, whoever then takes part. Nobody exceeds its budget by that: pilots take at most what their
        elements are granted for.
        """
        whole = self.elements * self.groups + self.air.pilots
        return (data * self.elements + self.air.pilot_energy * self.air.budgets) / whole


def check_memory(terms: Terms, vectors: int = 1) -> None:
    """Refuse feedback whose memory, so many vectors for each device, would not fit."""
    if terms.cohort and vectors:
        raise ValueError(
            "uplink.feedback: expected 0 with a cohort, as what a device owes would be kept for all of very many "
            "devices, received error feedback or momentum; set feedback = 0 and momentum = 1, or take another codec"
        )
    told = f"{terms.air.devices} devices x {terms.size} parameters"
    advice = "do without, or take fewer of either"
    check_kept("uplink.feedback", "what devices owe", terms.air.devices * terms.size * vectors, told, advice)


def check_kept(field: str, what: str, numbers: int, told: str, advice: str = "take fewer of either") -> None:
    """Refuse so many float32 numbers, of devices or estimates times parameters, that would not fit."""
    needed = 4 * numbers
    if needed > MEMORY_BYTES:
        raise ValueError(
            f"{field}: expected at most {MEMORY_BYTES / 2**30:g} GiB of {what}, received {told}, "
            f"{needed / 2**30:.3g} GiB; {advice}"
        )


def remembering(uplink: Any) -> tuple[str, str] | None:
    """The field of an uplink whose scheme goes by the last estimate, and its type; None of one that does without."""
    for part in ("codec", "compressor"):
        scheme = getattr(uplink, part, None)
        if getattr(scheme, "remembers", False):
            return part, type(scheme).__name__
    return None


def check_participation(chance: Any) -> None:
    """Refuses what is no chance to take part."""
    if not is_number(chance) or not 0 < chance <= 1:
        raise ValueError(f"participation: expected a probability above 0 and up to 1, received {shown(chance)}")
