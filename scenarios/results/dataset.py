"""Results: one xarray.Dataset a scenario, which explains itself.

Dimensions are the axes of the sweep by their short names, then ``seed``, then those of the study. Values are NaN where
a unit failed or is missing; ``failures`` names the former, and ``complete`` is 0 with the latter. The scenario and the
versions that made it are attributes.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from ... import durable
from ..reading.catalogue import Table
from ..reading.errors import ScenarioError, fault
from ..reading.quantities import quantity
from ..reading.searches import Searches
from ..reading.sweep import Sweep
from ..running.units import versions
from . import variables as held
from .measures import Measure, named
from .names import shortened
from .sealed import seal

ENGINE: Literal["h5netcdf"] = "h5netcdf"
Found = Mapping[str, np.ndarray] | str | None  # measures of a unit (none of one not needed), why it failed, or nothing
NO_SEARCH = Searches()
KNOWN = named(
    Measure("link.snr_db", "dB", "SNR"),
    Measure("snr_db", "dB", "SNR"),
    Measure("seed", "1", "seed"),
    Measure("round", "1", "round"),
    Measure("ratio", "1", "bandwidth ratio k/n"),
    Measure("shown", "1", "picture"),
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


def assemble(
    sweep: Sweep, found: Sequence[Sequence[Found]], about: Mapping[str, str], asked: Searches = NO_SEARCH
) -> xr.Dataset:
    """The dataset of what units gave by point and seed; of a search what it needs, which has no inner dimensions."""
    scenario = sweep.points[0].scenario
    shape = [len(labels) for labels in sweep.axes.values()]
    inner = {} if asked.find else scenario.dimensions()
    along: dict[str, Any] = sweep.axes | {"seed": scenario.seeds} | inner
    variables: dict[str, Any] = {}
    about = {**about, **held.about(asked, scenario)}
    for measure in held.variables(about | {"study": scenario.study}):
        over = () if asked.find else scenario.over(measure)
        blank = np.full([len(inner[name]) for name in over], np.nan, np.float32 if measure.pixels else float)
        values = np.stack([[_values(unit, measure, blank) for unit in units] for units in found])
        dims = (*sweep.axes, "seed", *over)
        values = values.reshape([*shape, len(scenario.seeds), *blank.shape])
        if blank.size:  # else no pictures are kept
            variables[measure.name] = (dims, values, units_of(measure))
    used = {name for dims, *_ in variables.values() for name in dims}
    coordinates = {name: (name, np.array(along[name]), describe(name, scenario)) for name in along if name in used}
    attributes = {
        "study": scenario.study, "title": scenario.title, "scenario": json.dumps(sweep.resolved),
        "versions": json.dumps(versions()), "failures": json.dumps(list(_failures(sweep, found))),
        "complete": int(all(unit is not None for units in found for unit in units)), **about,
    }  # fmt: skip
    made = xr.Dataset(variables, coordinates, attributes)
    needed = max((at for units in found for at, unit in enumerate(units) if unit != {}), default=0)
    return shortened(made.isel(seed=slice(0, needed + 1)))


def save(made: xr.Dataset, folder: Path) -> None:
    """Results of a run in its folder, as netCDF."""
    write(made, folder / "results.nc")


def write(made: xr.Dataset, file: str | Path) -> None:
    """Results as netCDF with a checksum of all bytes, made in memory; there whole or not at all."""
    durable.write(Path(file), seal(bytes(made.to_netcdf(engine=ENGINE))))


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
    return np.asarray(unit[measure.name], blank.dtype) if unit and not isinstance(unit, str) else blank


def _failures(sweep: Sweep, found: Sequence[Sequence[Found]]) -> Any:
    for point, units in zip(sweep.points, found, strict=True):
        for seed, unit in zip(point.scenario.seeds, units, strict=True):
            if isinstance(unit, str):
                yield {"point": point.coordinates, "seed": seed, "reason": unit}
