"""What it took to reach a level: rounds, resource elements, bits, energy and seconds on the air, seed by seed.

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
from . import cells, costs, ended, joined
from .measures import Measure
from .variables import variables


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


def along(dataset: xr.Dataset) -> str:
    """The dimension along which a study goes on; ScenarioError where results have none, as those of a search."""
    if not (last := costs.rounds(dataset)):
        study = dataset.attrs.get("study", studies.USUAL)
        raise ScenarioError(f"results: expected those of rounds, received a dataset of {study} without any")
    return last


def reached(dataset: xr.Dataset, goal: Goal) -> xr.Dataset:
    """Rounds and each cost until the level is reached, [..., seed]: infinite where never, NaN where none is known."""
    sign = -1.0 if goal.measure.better == "low" else 1.0
    core, values = along(dataset), sign * dataset[goal.measure.name]
    there = values.notnull().any(core) | ended.ends(dataset)
    spent = {core + "s": dataset[core].astype(float)} | {
        word: costs.total(dataset, word) for word in costs.words(dataset)
    }
    took = {
        word: xr.apply_ufunc(_crossing, values, paid, sign * goal.level, input_core_dims=[[core], [core], []])
        for word, paid in spent.items()
    }
    return xr.Dataset({word: each.where(there) for word, each in took.items()}, attrs=dataset.attrs)


def table(dataset: xr.Dataset, goal: Goal) -> list[list[str]]:
    """A heading and a row for every point: of each cost the median over seeds, and how many got there."""
    found = reached(dataset, goal)
    first, *words = map(str, found)
    shown = [first, *(word for word in words if bool((found[word] > 0).any()))]
    places = [str(name) for name in found[first].dims if name != "seed"]
    headings = [_heading(dataset, word) for word in shown]
    rows = []
    for at in itertools.product(*(range(found.sizes[name]) for name in places)):
        place = dict(zip(places, at, strict=True))
        if joined.lacks(dataset, place):
            continue
        here = found.isel(place)
        labels = [cells.text(here[name].values.item()) for name in places]
        seeds = here[first].values[here[first].notnull().values]
        share = f"{int(np.isfinite(seeds).sum())} of {seeds.size}"
        rows.append([*labels, share, *(cells.median(here[name].values, _large) for name in shown)])
    return [[*places, "reached", *headings], *rows]


def heading(dataset: xr.Dataset, goal: Goal) -> str:
    """What stands above the table."""
    seeds = joined.most_seeds(dataset)
    over = (
        f"medians over {joined.seeds(dataset)}{' and their 95 % confidence intervals' * (seeds > 5)}; "
        if seeds > 1
        else ""
    )
    return f"what it took to {goal}: {over}linear between evaluations"


def _heading(dataset: xr.Dataset, word: str) -> str:
    unit = next((each.unit for each in variables(dataset.attrs) if each.cost and each.cost.word == word), "1")
    return word if unit in ("1", "bit") else f"{word}/{unit}"


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
