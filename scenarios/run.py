"""Running a scenario: every point of its sweep with every seed, to one dataset.

Points that differ only in SNR and seed share one compiled federation. A point whose numbers stop being finite
stops, is recorded so, and the others go on. With a folder a run that was killed goes on where it stopped, bit for
bit.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import files
from .build import Federations
from .identity import identity
from .overrides import apply
from .progress import Progress
from .schema import Scenario
from .sweep import Point, sweep
from .tasks import is_images

if TYPE_CHECKING:
    import xarray as xr

    from .results import Record
    from .store import Store

CHECKPOINT_SECONDS = 20.0

log = logging.getLogger("overair")


def run(
    source: str | Path | Mapping[str, Any] | Scenario,
    sets: Iterable[str] = (),
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> "xr.Dataset":
    """Run a preset, a file, a table or a scenario, changed by ``path=value`` texts; keep results in ``out``."""
    name, raw = files.read(source)
    plan = sweep(apply(raw, sets))
    if is_images(plan.resolved):
        from . import image_run

        return image_run.run(plan, name if name == source else None, None if out is None else Path(out), progress)
    federations = Federations(point.scenario for point in plan.points)  # all are checked before any runs

    from . import curves, results
    from .store import Store

    store = Store(None if out is None else Path(out))
    store.open(plan.resolved)
    records = {}
    tasks = [(at, point, seed) for at, point in enumerate(plan.points) for seed in point.scenario.seeds]
    for at, point, seed in tasks:
        if record := store.finished(identity(point.scenario, seed)):
            records[at, seed] = record
    todo = [task for task in tasks if (task[0], task[2]) not in records]
    todo.sort(key=lambda task: federations.group(task[1].scenario))  # stable: one federation at a time
    counter = _Counter(progress, sum(point.scenario.rounds for _, point, _ in todo))
    known: dict[str, Record] = {}  # an ideal uplink, say, does the same at every SNR
    for at, point, seed in todo:
        unit = identity(point.scenario, seed)
        if unit in known:
            counter.add(point.scenario.rounds)
        else:
            known[unit] = _one(federations.get(point.scenario), point, seed, store, counter)
            store.finish(unit, known[unit])
        records[at, seed] = known[unit]
    dataset = results.assemble(plan, records)
    if store.folder:
        results.save(dataset, store.folder / "results.nc")
        curves.save(dataset, store.folder / "curve.csv", name if name == source else None)
    return dataset


class _Counter:
    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.done, self.total = progress, 0, total

    def add(self, rounds: int) -> None:
        self.done += rounds
        if self.progress:
            self.progress(self.done, self.total)


def _one(federation: Any, point: Point, seed: int, store: "Store", counter: _Counter) -> "Record":
    """One point with one seed, from the start or from where it was left."""
    import numpy as np
    import tensorflow as tf

    from .measures import over_rounds
    from .results import COSTS, VARIABLES, Record, evaluations

    scenario, unit = point.scenario, identity(point.scenario, seed)
    rounds = evaluations(scenario.rounds, scenario.evaluate_every)
    values = np.full([len(VARIABLES), len(rounds)], np.nan)
    state, first = federation.init(seed), 0
    if half := store.half_done(unit):
        first, values = half.round, half.values
        state = tf.nest.pack_sequence_as(state, [tf.constant(array) for array in half.state])
        counter.add(first)
    saved, costs = time.monotonic(), []
    for round in range(first + 1, scenario.rounds + 1):
        state, metrics = federation.step(state, seed, scenario.link.snr_db)
        counter.add(1)
        if not bool(metrics.finite):
            log.warning(
                "warning: %s stopped in round %d of seed %d: numbers are no longer finite", _name(point), round, seed
            )
            counter.add(scenario.rounds - round)
            return Record(round, values)
        costs.append([float(getattr(metrics, measure.name)) for measure in COSTS])
        if round not in rounds:
            continue
        values[:, rounds.index(round)] = [*map(float, federation.evaluate(state)), *over_rounds(COSTS, np.array(costs))]
        costs = []
        if round < scenario.rounds and store.folder and time.monotonic() - saved > CHECKPOINT_SECONDS:
            store.advance(unit, round, values, [np.asarray(part) for part in tf.nest.flatten(state)])
            saved = time.monotonic()
    return Record(-1, values)


def _name(point: Point) -> str:
    return ", ".join(f"{axis} = {label}" for axis, label in point.coordinates.items()) or "the scenario"
