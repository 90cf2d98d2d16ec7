"""A campaign: plans that ask for units, the doing of those that no record holds, here or on any engine.

A plan is a generator that yields the units it asks for and is sent what they gave; what it asks for next may depend on
that, as a search's does, so it says how many that are at most. Plans go on as their units come in, in any order.
"""

import logging
import time
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, NamedTuple

import numpy as np

from .claims import Claims
from .engines import Engine
from .queue import Queue
from .store import Store
from .units import Progress, Record, Unit
from .worker import Task, Worker

DEATHS = 2  # of workers over one unit, after which it has failed
POLL_SECONDS = 1.0  # while others hold what is left

Found = dict[str, np.ndarray] | str  # the measures of a unit, or why it failed


class Asked(NamedTuple):
    """What a plan asks for."""

    units: list[Unit]
    later: int = 0  # units that it asks for afterwards, at most


Plan = Generator[Asked, list[Found], list[Found]]  # returns what a point gave by seed

log = logging.getLogger("overair")


class Campaign:
    """Plans, what is found for them, and what is left to do."""

    def __init__(self, plans: Iterable[Plan], store: Store, retry: bool) -> None:
        self.store, self.retry, self.worker = store, retry, Worker()
        self.found: dict[str, Found] = {}
        self.queue = Queue()
        self.asked: dict[str, Unit] = {}
        self._deaths: dict[str, int] = {}
        self._plans = [_Going(plan) for plan in plans]
        self._waiting: dict[str, list[_Going]] = {}
        self.done = self._asked_for = 0  # steps
        for plan in self._plans:
            self._go_on(plan)

    @property
    def outcomes(self) -> list[list[Found] | None]:
        """What points gave by seed, None of those that were stopped."""
        return [going.outcome for going in self._plans]

    @property
    def partial(self) -> list[list[Found | None]]:
        """What the first units of each plan gave, None where they have not."""
        return [[self.found.get(unit.asked) for unit in going.first] for going in self._plans]

    @property
    def later(self) -> int:
        """Units that plans ask for when what they wait for is there, at most."""
        return sum(going.later for going in self._plans)

    @property
    def total(self) -> int:
        """Steps that there are to do, those of later units included: at most."""
        return self._asked_for + sum(going.later * going.steps for going in self._plans)

    def check(self) -> None:
        """Prepares each group that is to do, and checks each of its points, before anything runs."""
        prepared: dict[str, Any] = {}
        for unit in {id(unit.study): unit for unit in self.queue}.values():
            if unit.group not in prepared:
                prepared[unit.group] = self.worker.prepare(unit.study, unit.seed)
            unit.study.check(prepared[unit.group])

    def run(self, engine: Engine, progress: Progress | None) -> None:
        """Do all that is to do, here or by others on the same folder."""
        records = self.store.folder and self.store.folder / "records"
        running = dict[Future[Record], tuple[int, Unit]]()
        with Claims(records) as claims:
            while self.queue or running:
                places = range(min(engine.places, len(self.queue) + len(running)))  # however many there are
                for place in sorted({*places} - {place for place, _ in running.values()}):
                    if (unit := self._next(place, claims, progress)) is None:
                        break
                    running[engine.submit(place, self._task(unit, progress))] = place, unit
                if not running and self.queue:
                    time.sleep(POLL_SECONDS)
                done, _ = wait(running, POLL_SECONDS if self.queue else None, FIRST_COMPLETED)
                for future in done:
                    place, unit = running.pop(future)
                    self._end(future, place, unit, engine)
                    claims.release(unit.key)
                    self._tell(progress)

    def _go_on(self, going: "_Going") -> None:
        """Sends a plan what it waits for, for as long as all of it is there."""
        while not going.is_over and all(unit.asked in self.found for unit in going.units):
            going.go_on([self.found[unit.asked] for unit in going.units])
            for unit in going.units:
                self._ask(unit)
        if not going.is_over:
            for asked in {unit.asked for unit in going.units} - self.found.keys():
                if going not in self._waiting.setdefault(asked, []):
                    self._waiting[asked].append(going)

    def _ask(self, unit: Unit) -> None:
        if unit.asked in self.asked:
            return
        self.asked[unit.asked] = unit
        if not self._is_there(unit):
            self.queue.add(unit)
            self._asked_for += unit.study.steps()

    def _next(self, place: int, claims: Claims, progress: Progress | None) -> Unit | None:
        """A unit that is ours; those that others have finished meanwhile are taken from the folder."""
        for _ in range(len(self.queue)):
            unit = self.queue.take(place)
            if not claims.take(unit.key):
                self.queue.add(unit)
            elif self._is_there(unit):
                claims.release(unit.key)
                self._count(unit)
                self._tell(progress)
            else:
                return unit
        return None

    def _end(self, future: Future[Record], place: int, unit: Unit, engine: Engine) -> None:
        try:
            record = future.result()
        except Exception as error:  # the worker's end, as what a unit raises comes as a record
            engine.replace(place)
            self._deaths[unit.key] = self._deaths.get(unit.key, 0) + 1
            if self._deaths[unit.key] < DEATHS:
                self.queue.add(unit)
                return
            record = Record({}, {}, failure=f"its worker died {DEATHS} times ({type(error).__name__})")
        if record.failure is not None:
            log.warning("%s with seed %d failed: %s", unit.alias, unit.seed, record.failure)
            if (there := self.store.record(unit.key, unit.study.found)) is not None:  # what it had is not lost
                record = there._replace(failure=record.failure)
        self.store.keep(unit.key, record)
        self._take(unit, record)
        self._count(unit)

    def _take(self, unit: Unit, record: Record, retry: bool = False) -> bool:
        """Whether a record tells all that is wanted of a unit, or its failure, and plans go on."""
        values = unit.study.found(record)
        if values is None:
            values = None if retry else record.failure
        if values is None:
            return False
        self.found[unit.asked] = values
        for going in self._waiting.pop(unit.asked, []):
            self._go_on(going)
        return True

    def _is_there(self, unit: Unit) -> bool:
        record = self.store.record(unit.key, unit.study.found)
        return record is not None and self._take(unit, record, self.retry)

    def _task(self, unit: Unit, progress: Progress | None) -> Task:
        def tell(done: int, total: int) -> None:
            if progress:
                progress(self.done + unit.study.steps() * done // total, self.total)

        record = self.store.record(unit.key, unit.study.found)
        there = record._replace(failure=None) if record is not None and record.values else None
        return Task(unit.study, unit.seed, unit.key, unit.alias, there, self.store.folder, tell)

    def _count(self, unit: Unit) -> None:
        self.done += unit.study.steps()

    def _tell(self, progress: Progress | None) -> None:
        if progress:
            progress(self.done, self.total)


class _Going:
    """A plan on its way."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._begun = False
        self.is_over = False
        self.outcome: list[Found] | None = None
        self.units: list[Unit] = []
        self.first: list[Unit] = []
        self.later = self.steps = 0  # units at most, and steps of one

    def go_on(self, found: list[Found]) -> None:
        try:
            self.units, self.later = self._plan.send(found) if self._begun else next(self._plan)
        except StopIteration as end:
            self.is_over, self.outcome, self.units, self.later = True, end.value, [], 0
        self.first = self.first or self.units
        self.steps = max((unit.study.steps() for unit in self.units), default=self.steps)
        self._begun = True
