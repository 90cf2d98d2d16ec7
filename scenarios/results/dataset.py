"""Results: one xarray.Dataset a scenario, which explains itself.

Dimensions are the axes of the sweep by dotted name, then ``seed``, then those of the study. Values are NaN where a unit
failed or is missing; ``failures`` names the former, and ``complete`` is 0 with the latter. The scenario and the versions
that made it are attributes.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from .. import durable
from ..reading.catalogue import Table
from ..reading.errors import ScenarioError, fault
from ..reading.quantities import quantity
from ..reading.sweep import Sweep
from ..running.units import versions
from .measures import Measure, named

ENGINE: Literal["h5netcdf"] = "h5netcdf"
Found = Mapping[str, np.ndarray] | str | None  # the measures of a unit, why it failed, or nothing yet
KNOWN = named(
    Measure("link.snr_db", "dB", "SNR"),
    Measure("seed", "1", "seed"),
    Measure("round", "1", "round"),
    Measure("ratio", "1", "bandwidth ratio k/n"),
)


def check(sweep: Sweep) -> None:
    """Refuses points that differ in the dimensions of their results."""
    first, *others = sweep.points
    wanted = first.scenario.dimensions()
    for point in others:
        for name, values in point.scenario.dimensions().items():
            if values != wanted.get(name):
                path = type(point.scenario).along.get(name, name)
                raise ScenarioError(fault(path, f"the same at all points of the sweep, {wanted.get(name)}", values))


def assemble(sweep: Sweep, found: Sequence[Sequence[Found]], about: Mapping[str, str]) -> xr.Dataset:
    """The dataset of what units gave by point and seed."""
    scenario = sweep.points[0].scenario
    shape = [len(labels) for labels in sweep.axes.values()]
    inner = scenario.dimensions()
    along: dict[str, Any] = sweep.axes | {"seed": scenario.seeds} | inner
    coordinates = {name: (name, np.array(values), describe(name, scenario)) for name, values in along.items()}
    variables = {}
    for measure in scenario.measures:
        over = scenario.over(measure)
        blank = np.full([len(inner[name]) for name in over], np.nan)
        values = np.stack([[_values(unit, measure, blank) for unit in units] for units in found])
        dims = (*sweep.axes, "seed", *over)
        variables[measure.name] = (dims, values.reshape([*shape, len(scenario.seeds), *blank.shape]), units_of(measure))
    attributes = {
        "study": scenario.study, "title": scenario.title, "scenario": json.dumps(sweep.resolved),
        "versions": json.dumps(versions()), "failures": json.dumps(list(_failures(sweep, found))),
        "complete": int(all(unit is not None for units in found for unit in units)), **about,
    }  # fmt: skip
    return xr.Dataset(variables, coordinates, attributes)


def save(made: xr.Dataset, folder: Path) -> None:
    """Results of a run in its folder: netCDF, and the curve as CSV."""
    from . import curves

    durable.write(folder / "results.nc", bytes(made.to_netcdf(engine=ENGINE)))
    curves.save(made, folder / "curve.csv")


def describe(name: str, scenario: Table | None = None) -> dict[str, str]:
    """Units and long name of a dimension."""
    known = KNOWN.get(name)
    if known is None and scenario is not None:
        known = _of_field(name, scenario)
    return units_of(known or Measure(name, "1", name.replace("_", " ")))


def units_of(measure: Measure) -> dict[str, str]:
    return {"units": measure.unit, "long_name": measure.long_name}


def _of_field(name: str, scenario: Any) -> Measure | None:
    try:
        return Measure(name, *quantity(scenario, type(scenario).along.get(name, name)))
    except (KeyError, AttributeError):
        return None


def _values(unit: Found, measure: Measure, blank: np.ndarray) -> np.ndarray:
    return blank if unit is None or isinstance(unit, str) else np.asarray(unit[measure.name], float)


def _failures(sweep: Sweep, found: Sequence[Sequence[Found]]) -> Any:
    for point, units in zip(sweep.points, found, strict=True):
        for seed, unit in zip(point.scenario.seeds, units, strict=True):
            if isinstance(unit, str):
                yield {"point": point.coordinates, "seed": seed, "reason": unit}
