"""Running a scenario: every point of its sweep with every seed, to one dataset.

Only what no record holds is done, in this process, in many, or on a cluster; bits do not depend on where. A unit that
fails is recorded with its reason and the others go on. With a folder a run that was killed goes on where it stopped,
bit for bit, and one that has grown does what is new.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..reading import files
from ..reading.overrides import apply
from ..reading.planned import planned
from ..reading.searches import Searches
from ..reading.sweep import Point, Sweep
from ..studies.base import Study
from . import bisections, engines, searches
from .campaign import Campaign, Found, Plan
from .store import Store
from .units import Progress

if TYPE_CHECKING:
    import xarray as xr

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

    What comes back is an ``xarray.Dataset`` over the axes of the sweep, ``seed`` and the dimensions of the study, with
    a variable for each of its measures; a unit that failed is NaN there, and ``attrs["failures"]`` says why.

    Args:
        source: the name of a preset, the path of a .toml file, or a table as such a file has; schemes may be objects.
        sets: changes such as "link.snr_db=[0,20]" or "rounds=20".
        out: a folder that keeps records, results.nc and curve.csv; what is there already is not done again.
        progress: called with steps done and steps to do.
        processes: of this machine, or the workers of ``executor`` as many at a time.
        executor: of a cluster, by Python's ``concurrent.futures``.
        fresh: whether records of other versions are kept apart where they would be refused.
        retry: whether units that failed are done again.

    >>> from overair.scenarios import run
    >>> scenario = {"study": "aggregation", "uplink": "analog", "devices": 5, "rounds": 10}
    >>> dataset = run(scenario, sets=["link.snr_db=[0,20]", "seeds=[0]"])
    >>> dict(dataset.sizes), bool((dataset.nmse.isel(snr_db=1) < dataset.nmse.isel(snr_db=0)).all())
    ({'seed': 1, 'snr_db': 2}, True)
    """
    from ..results import curves, dataset

    engines.check_not_beginning()
    engines.check_places("processes", processes)
    name, raw = files.read(source)
    plan, asked = planned(apply(raw, sets))
    dataset.check(plan)
    store = Store(None if out is None else Path(out))
    store.check(fresh)
    campaign = Campaign((_plan(point, asked) for point in plan.points), store, retry)
    campaign.check()
    store.open(plan.resolved)
    log.info("%s", _told(plan, campaign))
    try:
        if campaign.queue:
            with closing(_engine(campaign, processes, executor)) as engine:
                campaign.run(engine, progress)
    finally:  # a run that is stopped shows what it has
        about = {"preset": name} if name == source else {}
        made = dataset.assemble(plan, list(_found(campaign, plan, asked)), about, asked)
        if store.folder:
            dataset.save(made, store.folder)
            curves.save(made, store.folder / "curve.csv")
    return made


def _plan(point: Point, asked: Searches) -> Plan:
    """How the units of a point follow one another."""
    if asked.find and asked.tune:
        return bisections.required_at_best(asked.find, asked.tune, point)
    if asked.find:
        return bisections.required(asked.find, point)
    if asked.seeds:
        return searches.enough(asked.seeds, point)
    return searches.best(asked.tune, point) if asked.tune else searches.every_seed(point)


def _found(campaign: Campaign, plan: Sweep, asked: Searches) -> Iterator[Sequence[Found | None]]:
    """What points gave by seed; of one that was stopped what is there, of a search that was stopped nothing."""
    for outcome, partial, point in zip(campaign.outcomes, campaign.partial, plan.points, strict=True):
        there = [] if asked.find or asked.tune else partial
        yield outcome or [*there, *[None] * (len(point.scenario.seeds) - len(there))]


def _told(plan: Sweep, campaign: Campaign) -> str:
    """What is to do, in a line."""
    count, left = len(campaign.asked), len(campaign.queue)
    points = f"{len(plan.points)} point{'s' if len(plan.points) > 1 else ''}"
    units = f"{count} unit{'s' if count != 1 else ''}"
    more = f", then up to {campaign.later} more" if campaign.later else ""
    return f"overair: {units} at {points}, {count - left} of them there, {left} to do{more}"


def _engine(campaign: Campaign, processes: int, executor: Executor | None) -> engines.Engine:
    if executor is not None:
        return engines.Elsewhere(executor, processes)
    return engines.Processes(processes) if processes > 1 else engines.Here(campaign.worker)
