"""What a federation is made of besides its model, all of it checked together before data are held and rounds compiled.

Scenarios check their points by it, long before the first of them runs, and ``Federation`` itself what it is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import keras
import numpy as np

from ...ota import AggregationRule, Terms, Uplink
from ...ota.layers import size_of
from ...phy import Air
from ..data import Arrays
from . import clock, given, memories, server, stale
from .algorithms import Algorithm
from .attackers import Attacker
from .attacks import Attack
from .downlinks import Downlink
from .effort import Effort
from .guard import Guard
from .hardware import Hardware
from .population import Population, sizes
from .protections import Protection
from .radio import Radio
from .schedulers import Scheduler
from .task import Task


@dataclass(frozen=True)
class Setup:
    """The parts, each as ``Federation`` has it."""

    task: Task
    data: Arrays
    shares: Sequence[np.ndarray] | Population
    algorithm: Algorithm
    uplink: Uplink
    air: Air
    elements: int
    optimizer: keras.optimizers.Optimizer
    batch_size: int | None
    downlink: Downlink
    papr: bool
    layer: int | None
    scheduler: Scheduler
    hardware: Hardware | None
    radio: Radio
    payload: float | None
    effort: Effort
    aggregator: AggregationRule | None
    attackers: Attacker | None
    protection: Protection | None

    def terms(self) -> Terms:
        """What is agreed before the first round, attackers aside."""
        sent = self.algorithm.sends(self.task)
        access = "equal" if self.payload is None else self.scheduler.access
        told = sent, self.papr, self.layer, self.payload, access, self.aggregator
        chance, senders = self.scheduler.participation, getattr(self.scheduler, "senders", None)
        separate, cohort = self.algorithm.separate, isinstance(self.shares, Population)
        size, elements = size_of(sent), self.elements
        return Terms(self.air, size, elements, chance, *told, senders=senders, separate=separate, cohort=cohort)


class Agreed(NamedTuple):
    """What follows from parts that go together."""

    terms: Terms
    attack: Attack
    learnt: Arrays  # what devices learn from
    algorithm: Algorithm
    guard: Guard
    clock: clock.Clock | None
    broadcast: int  # resource elements
    broadcast_seconds: float


def agreed(setup: Setup) -> Agreed:
    """Raise ValueError where parts do not go together, by the name of one of them."""
    given.check_data(setup.data, setup.task)
    given.check_shares(setup.shares, setup.air.devices, len(setup.data.y_train))
    air, uplink, scheduler, downlink, effort = setup.air, setup.uplink, setup.scheduler, setup.downlink, setup.effort
    scheduler.check(air.devices)
    effort.check(air.devices)
    attack = Attack(setup.attackers, air.devices)
    terms = attack.check(setup.terms(), rules=hasattr(uplink, "rule"))
    uplink.check(terms)
    algorithm, learnt = _learning(setup, terms, attack)
    stale.check(scheduler, downlink, algorithm, uplink, terms, effort)
    memories.check(algorithm, setup.task, air.devices, downlink, not scheduler.stale)
    counts, guard = sizes(setup.shares, air.devices), Guard(setup.protection, uplink, terms)
    of_all = np.array(counts) / max(sum(counts), 1)
    guard.check(algorithm.moves, scheduler.sees_updates, of_all, setup.batch_size, setup.attackers, setup.shares)
    server.check(algorithm, setup.optimizer)
    downlink.check(uplink, terms, setup.optimizer)
    broadcast = downlink.elements(uplink, terms)
    seconds = air.grid.slots(broadcast) * air.grid.slot_seconds
    timed = clock.clock_of(setup.hardware, setup.radio, algorithm, counts, setup.batch_size, effort)
    clock.check(scheduler, timed, uplink, terms, seconds)
    return Agreed(terms, attack, learnt, algorithm, guard, timed, broadcast, seconds)


def _learning(setup: Setup, terms: Terms, attack: Attack) -> tuple[Algorithm, Arrays]:
    """The algorithm over the uplink, and the data that devices learn from, checked with what each device holds."""
    shares = setup.shares
    if isinstance(shares, Population):
        shares.check(setup.air, setup.scheduler, setup.downlink, setup.algorithm)
        shares.check_single(setup.effort, setup.attackers, setup.protection)
        return setup.algorithm.over(setup.uplink), setup.data
    algorithm, learnt = setup.algorithm.over(setup.uplink), attack.on(setup.data, shares)
    algorithm.check(setup.task, terms, learnt.y_train, shares)
    return algorithm, learnt
