"""Running a scenario: every point of its sweep with every seed, to one dataset.

Only what no record holds is done, in this process, in many, or on a cluster; bits do not depend on where. A unit that
fails is recorded with its reason and the others go on. With a folder a run that was killed goes on where it stopped, bit
for bit, and one that has grown does what is new.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..reading import files
from ..reading.overrides import apply
from ..reading.sweep import Sweep, sweep
from ..studies.base import Study
from . import engines
from .claims import Claims
from .queue import Queue
from .store import Store
from .units import Progress, Record, Unit, key
from .worker import Task, Worker

if TYPE_CHECKING:
    import xarray as xr

DEATHS = 2  # of workers over one unit, after which it has failed
POLL_SECONDS = 1.0  # while others hold what is left

log = logging.getLogger("overair")


def run(
    source: str | Path | Mapping[str, Any] | Study,
    sets: Iterable[str] = (),
    out: str | Path | None = None,
    progress: Progress | None = None,
    *,
    processes: int = 1,
    executor: Executor | None = None,
    fresh: bool = False,
    retry: bool = False,
) -> "xr.Dataset":
    """Run a preset, a file, a table or a scenario, changed by ``path=value`` texts; keep results in ``out``.

    ``processes`` of this machine, or the workers of an ``executor`` as many at a time, do it. ``fresh`` keeps records of
    other versions apart where they would be refused; ``retry`` does units again that failed.
    """
    from ..results import dataset

    name, raw = files.read(source)
    plan = sweep(apply(raw, sets))
    dataset.check(plan)
    store = Store(None if out is None else Path(out))
    store.check(fresh)
    campaign = _Campaign(plan, store, retry)
    for unit in campaign.first_of_groups():
        campaign.worker.prepare(plan.points[unit.point].scenario, unit.seed)  # all are checked before any runs
    store.open(plan.resolved)
    log.info("%s", campaign.told())
    if campaign.todo:
        with closing(_engine(campaign, processes, executor)) as engine:
            campaign.run(engine, progress)
    made = dataset.assemble(plan, campaign.values(), {"preset": name} if name == source else {})
    if store.folder:
        dataset.save(made, store.folder)
    return made


def _engine(campaign: "_Campaign", processes: int, executor: Executor | None) -> engines.Engine:
    if executor is not None:
        return engines.Elsewhere(executor, max(processes, 1))
    return engines.Processes(processes) if processes > 1 else engines.Here(campaign.worker)


class _Campaign:
    """The units of a plan: what is there, what is to do, and the doing of it."""

    def __init__(self, plan: Sweep, store: Store, retry: bool) -> None:
        self.plan, self.store, self.worker = plan, store, Worker()
        self.units = [
            Unit(at, seed, key(point.scenario, seed), point.scenario.group(seed))
            for at, point in enumerate(plan.points)
            for seed in point.scenario.seeds
        ]
        self.found: dict[str, dict[str, np.ndarray] | str] = {}  # measures, or why a unit failed
        self.deaths: dict[str, int] = {}
        self.todo: list[Unit] = []
        for unit in {unit.key: unit for unit in reversed(self.units)}.values():
            if not self._is_there(unit, retry):
                self.todo.append(unit)
        self.todo.reverse()  # in the order of points, once each
        self.done, self.total = 0, sum(self._study(unit).steps() for unit in self.todo)

    def told(self) -> str:
        """What is to do, in a line."""
        count = len({unit.key for unit in self.units})
        there = count - len(self.todo)
        points = f"{len(self.plan.points)} point{'s' if len(self.plan.points) > 1 else ''}"
        return f"overair: {count} units at {points}, {there} of them there, {len(self.todo)} to do"

    def first_of_groups(self) -> Iterator[Unit]:
        """A unit of each group that is to do."""
        yield from {unit.group: unit for unit in reversed(self.todo)}.values()

    def values(self) -> list[list[dict[str, np.ndarray] | str | None]]:
        """What units gave by point and seed; the reason where one failed."""
        found: list[list[Any]] = [[] for _ in self.plan.points]
        for unit in self.units:
            found[unit.point].append(self.found.get(unit.key))
        return found

    def run(self, engine: engines.Engine, progress: Progress | None) -> None:
        """Do all that is to do, here or by others on the same folder."""
        records = self.store.folder and self.store.folder / "records"
        queue, running = Queue(self.todo), dict[Future[Record], tuple[int, Unit]]()
        with Claims(records) as claims:
            while queue or running:
                for place in sorted({*range(engine.places)} - {place for place, _ in running.values()}):
                    if (unit := self._next(queue, place, claims, progress)) is not None:
                        running[engine.submit(place, self._task(unit, progress))] = place, unit
                if not running and queue:
                    time.sleep(POLL_SECONDS)
                done, _ = wait(running, POLL_SECONDS if queue else None, FIRST_COMPLETED)
                for future in done:
                    place, unit = running.pop(future)
                    self._end(future, place, unit, queue, engine)
                    claims.release(unit.key)
                    self._tell(unit, progress)

    def _next(self, queue: Queue, place: int, claims: Claims, progress: Progress | None) -> Unit | None:
        """A unit that is ours; those that others have finished meanwhile are taken from the folder."""
        for _ in range(len(queue)):
            unit = queue.take(place)
            if not claims.take(unit.key):
                queue.put_back(unit)
            elif self._is_there(unit, False) and unit.key not in self.deaths:
                claims.release(unit.key)
                self._tell(unit, progress)
            else:
                return unit
        return None

    def _end(self, future: Future[Record], place: int, unit: Unit, queue: Queue, engine: engines.Engine) -> None:
        try:
            record = future.result()
        except Exception as error:  # the worker's end, as what a unit raises comes as a record
            engine.replace(place)
            self.deaths[unit.key] = self.deaths.get(unit.key, 0) + 1
            if self.deaths[unit.key] < DEATHS:
                queue.put_back(unit)
                return
            record = Record({}, {}, failure=f"its worker died {DEATHS} times ({type(error).__name__})")
        if record.failure is not None:
            log.warning("warning: %s with seed %d failed: %s", self._alias(unit), unit.seed, record.failure)
        self._take(unit, record)
        self.store.keep(unit.key, record)

    def _take(self, unit: Unit, record: Record) -> bool:
        """Whether a record holds all that is wanted of a unit, which is then kept."""
        values = record.failure if record.failure is not None else self._study(unit).found(record)
        if values is not None:
            self.found[unit.key] = values
        return values is not None

    def _is_there(self, unit: Unit, retry: bool) -> bool:
        record = self.store.record(unit.key)
        if record is None or retry and record.failure is not None:
            return False
        return self._take(unit, record)

    def _task(self, unit: Unit, progress: Progress | None) -> Task:
        def tell(done: int, total: int) -> None:
            if progress:
                progress(self.done + self._study(unit).steps() * done // total, self.total)

        record = self.store.record(unit.key)
        there = None if record is None or record.failure is not None else record
        return Task(self._study(unit), unit.seed, unit.key, self._alias(unit), there, self.store.folder, tell)

    def _tell(self, unit: Unit, progress: Progress | None) -> None:
        if unit.key in self.found:
            self.done += self._study(unit).steps()
        if progress:
            progress(self.done, self.total)

    def _study(self, unit: Unit) -> Study:
        return self.plan.points[unit.point].scenario  # type: ignore[no-any-return]

    def _alias(self, unit: Unit) -> str:
        told = self.plan.points[unit.point].coordinates.items()
        return ", ".join(f"{axis} = {label}" for axis, label in told) or "the scenario"
