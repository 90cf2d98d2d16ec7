"""Units of a result computed again, one at a time and alone, and compared with what the result says of them.

A unit's numbers do not depend on what else is run, so a point with one seed is a scenario of its own. With the versions
that made the result, on a machine like the one that did, they are the same bit for bit.
"""

import json
import math
import random
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from ..reading.errors import ScenarioError
from ..reading.planned import planned
from ..reading.searches import Searches
from ..reading.sweep import Label, Sweep
from .run import run


class Compared(NamedTuple):
    """A unit, computed again."""

    point: dict[str, Label]
    seed: int
    differences: dict[str, float]  # largest of each measure that is not the same, NaN where there is none any more

    @property
    def words(self) -> str:
        """Which unit it is."""
        return ", ".join([*(f"{name} = {label}" for name, label in self.point.items()), f"seed {self.seed}"])


def choice(dataset: xr.Dataset, count: int, source: random.Random) -> list[tuple[int, int]]:
    """Places of so many units that have numbers, all different: numbers of points and of seeds."""
    plan_of(dataset)
    there = [_has_numbers(values) for values in dataset.data_vars.values() if "seed" in values.dims]
    every = list(zip(*map(np.ndarray.tolist, np.nonzero(np.any(there, axis=0))), strict=True))
    return sorted(source.sample(every, min(count, len(every))))


def compared(dataset: xr.Dataset, places: list[tuple[int, int]]) -> Iterator[Compared]:
    """Units of a result at these places, each computed again."""
    plan, asked = plan_of(dataset)
    searches = {name: told for name, told in asked.told().items() if name != "seeds"}
    axes = dataset[next(iter(dataset.data_vars))].dims[: len(plan.axes)]
    for point, seed in places:
        number, single = int(dataset["seed"][seed]), plan.points[point]
        again = run(single.scenario.model_dump(mode="json") | searches | {"seeds": [number]})
        at = np.unravel_index(point, [len(labels) for labels in plan.axes.values()]) if plan.axes else ()
        said = dataset.isel(dict(zip(axes, map(int, at), strict=True)) | {"seed": seed})
        yield Compared(single.coordinates, number, _differences(said, again.isel(seed=0)))


def plan_of(dataset: xr.Dataset) -> tuple[Sweep, Searches]:
    """The sweep that a result is of, with its searches; ScenarioError where it is of none, or not of all of it."""
    if "scenario" not in dataset.attrs:
        raise ScenarioError("results: expected some with their scenario, received some without")
    plan, asked = planned(json.loads(dataset.attrs["scenario"]))
    sizes = [len(labels) for labels in plan.axes.values()]
    main = dataset[next(iter(dataset.data_vars))]
    there = list(main.shape[: main.dims.index("seed")])
    if there != sizes:
        raise ScenarioError(f"results: expected axes of the sizes of the scenario's, {sizes}, received {there}")
    return plan, asked


def _has_numbers(values: xr.DataArray) -> np.ndarray:
    """Of each point and seed, [P, S]: seeds that a point did not need have none."""
    before = values.dims.index("seed") + 1
    known = ~np.isnan(np.asarray(values.values, float))
    return known.reshape(-1, values.sizes["seed"], math.prod(values.shape[before:])).any(-1)


def _differences(said: xr.Dataset, again: xr.Dataset) -> dict[str, float]:
    found = {}
    for name in map(str, again.data_vars):
        told, new = (np.asarray(each[name].values, float) if name in each else np.array([]) for each in (said, again))
        if told.shape != new.shape:
            found[name] = np.nan
        elif not np.array_equal(told, new, equal_nan=True):
            found[name] = float(np.max(np.abs(told - new)))  # NaN where one of them is
    return found
