"""What it took to reach a level: rounds, resource elements, bits and seconds on the air, seed by seed.

A measure is evaluated now and then and taken to be linear between; what was spent until an evaluation are the costs of
all rounds before it. The first crossing counts, also where the measure falls back later, and a level that the first
evaluation is beyond already is reached there. Seeds that never get there are infinite and count in medians; a mean over
those that do would say that a scheme is the faster the more seldom it gets there.
"""

import itertools
import re
from typing import NamedTuple

import numpy as np
import xarray as xr

from .. import studies
from ..reading.errors import ScenarioError
from . import cells
from .measures import Measure
from .variables import variables


class Cost(NamedTuple):
    """Something that rounds spend."""

    name: str
    unit: str
    long_name: str
    parts: tuple[str, ...]  # measures of a round that add up to it; a round itself has none


COSTS = (
    Cost("rounds", "1", "rounds", ()),
    Cost("elements", "1", "resource elements, with pilots", ("resource_elements", "pilot_elements")),
    Cost("bits", "bit", "payload and side information", ("bits",)),
    Cost("airtime", "s", "airtime, both ways", ("airtime",)),
)


class Goal(NamedTuple):
    """A level of a measure."""

    measure: Measure
    level: float

    def __str__(self) -> str:
        return f"{self.measure.name} {'<=' if self.measure.better == 'low' else '>='} {self.level:g}"


def goal(dataset: xr.Dataset, told: str) -> Goal:
    """The level that a text such as accuracy=0.85 names; ScenarioError where it names none."""
    core, measures = along(dataset), [each for each in variables(dataset.attrs) if each.name in dataset]
    known = {each.name: each for each in measures if core in dataset[each.name].dims}
    found = re.fullmatch(r"\s*(\w+)\s*=\s*(\S+)\s*", told)
    try:
        level = float(found[2]) if found else np.nan
    except ValueError:
        level = np.nan
    if found is None or found[1] not in known or not np.isfinite(level):
        raise ScenarioError(f"--to: expected MEASURE=LEVEL with a measure of {', '.join(known)}, received {told}")
    return Goal(known[found[1]], level)


def cost(name: str) -> Cost:
    """What rounds spend, by name; ScenarioError where there is none."""
    known = {each.name: each for each in COSTS}
    if name not in known:
        raise ScenarioError(f"--x: expected one of {', '.join(known)}, received {name}")
    return known[name]


def along(dataset: xr.Dataset) -> str:
    """The dimension along which a study goes on; ScenarioError where results have none, as those of a search."""
    study = dataset.attrs.get("study", studies.USUAL)
    last = studies.load(study).shown_last
    if last is None or last not in dataset.dims:
        raise ScenarioError(f"results: expected those of rounds, received a dataset of {study} without any")
    return str(last)


def spent(dataset: xr.Dataset, cost: Cost) -> xr.DataArray:
    """What all rounds until an evaluation cost, [..., seed, round]; those after it until the next one are alike."""
    rounds = dataset[along(dataset)]
    step = xr.DataArray(np.diff(rounds.values, prepend=0), rounds.coords, rounds.dims)
    first, *more = cost.parts or (None,)
    each = xr.ones_like(step) if first is None else dataset[first] + sum(dataset[part].fillna(0.0) for part in more)
    return (each * step).cumsum(str(rounds.name)).assign_attrs(units=cost.unit, long_name=cost.long_name)


def reached(dataset: xr.Dataset, goal: Goal) -> xr.Dataset:
    """Each cost until the level is reached, [..., seed]: infinite where it never is, NaN where nothing is known."""
    sign = -1.0 if goal.measure.better == "low" else 1.0
    core, values = along(dataset), sign * dataset[goal.measure.name]
    there = values.notnull().any(core)
    if "stopped_at" in dataset:
        there = there | (dataset.stopped_at >= 0)
    found = {}
    for cost in COSTS:
        if all(part in dataset for part in cost.parts):
            paid = spent(dataset, cost)
            took = xr.apply_ufunc(_crossing, values, paid, sign * goal.level, input_core_dims=[[core], [core], []])
            found[cost.name] = took.where(there).assign_attrs(paid.attrs)
    return xr.Dataset(found, attrs=dataset.attrs)


def table(dataset: xr.Dataset, goal: Goal) -> list[list[str]]:
    """A heading and a row for every point: of each cost the median over seeds, and how many got there."""
    found = reached(dataset, goal)
    costs = [each for each in COSTS if each.name in found and bool(found[each.name].notnull().any())] or COSTS[:1]
    places = [str(name) for name in found["rounds"].dims if name != "seed"]
    headings = [f"{each.name}/{each.unit}" if each.unit == "s" else each.name for each in costs]
    rows = []
    for at in itertools.product(*(range(found.sizes[name]) for name in places)):
        here = found.isel(dict(zip(places, at, strict=True)))
        labels = [cells.text(here[name].values.item()) for name in places]
        seeds = here["rounds"].values[here["rounds"].notnull().values]
        share = f"{int(np.isfinite(seeds).sum())} of {seeds.size}"
        rows.append([*labels, share, *(cells.median(here[each.name].values, _large) for each in costs)])
    return [[*places, "reached", *headings], *rows]


def heading(dataset: xr.Dataset, goal: Goal) -> str:
    """What stands above the table."""
    seeds = dataset.sizes["seed"]
    over = f"medians over {seeds} seeds{' and their 95 % confidence intervals' * (seeds > 5)}; " if seeds > 1 else ""
    return f"what it took to {goal}: {over}linear between evaluations"


def _crossing(values: np.ndarray, paid: np.ndarray, level: float) -> np.ndarray:
    """What was paid, [..., T], when values [..., T] were first at a level; infinite where none is."""
    values, paid = np.broadcast_arrays(values, paid)
    with np.errstate(invalid="ignore", divide="ignore"):
        beyond = values >= level
        at = beyond.argmax(axis=-1)[..., None]  # of the first
        before = np.maximum(at - 1, 0)
        (low, high), (early, late) = ([np.take_along_axis(of, i, -1) for i in (before, at)] for of in (values, paid))
        share = np.where((at > 0) & np.isfinite(low), (level - low) / (high - low), 1.0)
        found = np.where(share < 1, early + share * (late - early), late)
    return np.where(beyond.any(axis=-1), found[..., 0], np.inf)


def _large(value: float) -> str:
    if np.isinf(value):
        return "out of reach"
    return "-" if np.isnan(value) else f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
