"""What a run has saved, read again: netCDF, a curve as CSV, or a folder.

A netCDF file is checked by its seal before anything parses it, and nothing in it may be larger than the file. Of a
folder whose results are missing, damaged or not of its scenario the records are read.
"""

import io
import json
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr
from pydantic import TypeAdapter, ValidationError

from .. import studies
from ..reading import renamed
from ..reading.catalogue import Table
from ..reading.errors import ScenarioError, shown
from ..reading.files import presets
from . import curves, joined, partial
from .dataset import ENGINE, units_of
from .sealed import content_of, unseal
from .variables import variables

log = logging.getLogger("overair")

TEXTS = ("title", "scenario", "versions", "preset")  # attributes, where they are there


class Failure(Table):
    """A unit that failed."""

    point: dict[str, str | int | float | bool]
    seed: int
    reason: str


FAILURES = TypeAdapter(list[Failure])


def load(path: str | Path) -> xr.Dataset:
    """Results of a file, netCDF or a curve as CSV, or of the folder of a run, finished or not.

    They are an ``xarray.Dataset`` as ``run`` returns it, over the axes of the sweep, ``seed`` and the study's
    dimensions. A file that is damaged, or none of ours, raises ScenarioError.

    >>> import tempfile
    >>> import overair
    >>> from overair.scenarios import run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     dataset = run({"study": "diversity", "links": 50, "bandwidth": [1e6], "seeds": [0]}, out=folder)
    ...     overair.load(folder).equals(dataset), overair.load(folder + "/curve.csv").attrs["study"]
    (True, 'diversity')
    """
    file = Path(path)
    if file.is_dir():
        return _folder(file)
    if str(path) in presets() and not file.exists():
        how = f"overair run {path} makes some, overair show {path} --toml prints the preset"
        raise ScenarioError(f"{path}: expected results, received a preset; {how}")
    if file.suffix == ".csv":
        return _checked(curves.load(file), file)
    return _netcdf(file)


def _folder(folder: Path) -> xr.Dataset:
    file, about = folder / "results.nc", folder / "scenario.json"
    if not about.exists() or not (folder / "records").is_dir():
        return _netcdf(file)
    scenario = partial.scenario_of(about)
    try:
        found = _netcdf(file)
        searched = "find" in found.attrs or "tune" in found.attrs  # which no records tell
        if (searched or found.attrs.get("complete") == 1) and found.attrs.get("scenario") == scenario:
            return found
    except ScenarioError as error:
        if file.exists():
            log.warning("%s; its records are read instead", error)
    return _checked(partial.load(folder), about)


def _netcdf(file: Path) -> xr.Dataset:
    content = unseal(content_of(file), file)
    try:
        with h5netcdf.File(io.BytesIO(content), "r") as parts:
            declared = sum(math.prod(each.shape) * each.dtype.itemsize for each in parts.variables.values())
        if declared > len(content):
            raise ValueError(f"its variables are said to have {declared} bytes, it has {len(content)}")
        dataset = xr.load_dataset(io.BytesIO(content), engine=ENGINE)
    except Exception as error:  # whatever a file of another's making does to the libraries
        raise ScenarioError(f"{file}: expected results of overair, received another file; {error}") from None
    return _checked(_completed(dataset, file), file)


def _completed(dataset: xr.Dataset, file: Path) -> xr.Dataset:
    """With all variables, NaN where an earlier version did not measure them; pictures that it kept."""
    name = dataset.attrs.get("study")
    if name not in studies.names():
        raise ScenarioError(f"{file}: expected results of overair, found the study {name}; run it anew")
    try:
        main, *others = variables(dataset.attrs)
    except ValueError as error:
        raise ScenarioError(f"{file}: expected results of overair, found another {error}") from None
    if main.name not in dataset:
        raise ScenarioError(f"{file}: expected results of overair, found no {main.name}")
    unknown = [each for each in others if each.name not in dataset and not each.pixels]
    names = {each.name for each in unknown}
    if old := [f"{name}, which is {new} now" for name in dataset.data_vars if (new := renamed.now(name, names))]:
        raise ScenarioError(f"{file}: expected results of overair, found {', '.join(old)}; run it anew")
    blank = xr.full_like(dataset[main.name], math.nan)
    return dataset.assign({each.name: blank.assign_attrs(units_of(each)) for each in unknown})


def _checked(dataset: xr.Dataset, file: Path) -> xr.Dataset:
    """As tables and figures rely on it."""
    held = (each for each in variables(dataset.attrs) if each.name in dataset or not each.pixels)
    measures = [dataset[each.name] for each in held]
    numbers = all(np.issubdtype(each.dtype, np.number) for each in measures)
    placed = all(name in dataset.coords and dataset.sizes[name] for each in measures for name in each.dims)
    seeded = all("seed" in each.dims for each in measures)
    if not (numbers and placed and seeded and all(isinstance(dataset.attrs.get(name, ""), str) for name in TEXTS)):
        raise ScenarioError(f"{file}: expected results of overair: numbers over seeds and axes with their values")
    joined.check(dataset)
    for each in (dataset, *joined.parts(dataset).values()):
        _check_told(each.attrs, file)
    return dataset


def _check_told(attributes: Mapping[str, Any], file: Path) -> None:
    """What a run says of itself."""
    _check_failures(attributes.get("failures", "[]"), file)
    scenario = _object(attributes.get("scenario", "{}"), "its scenario", file)
    variants = scenario.get("variants", {})
    if not isinstance(variants, dict) or not all(isinstance(each, dict) for each in variants.values()):
        raise ScenarioError(f"{file}: expected the variants of its scenario as tables, received {shown(variants)}")
    versions = _object(attributes.get("versions", "{}"), "the versions that made them", file)
    if not all(isinstance(each, str) for each in versions.values()):
        raise ScenarioError(f"{file}: expected the versions that made them as texts, received {shown(versions)}")


def _object(told: str, what: str, file: Path) -> dict[str, Any]:
    """A JSON object of the attributes."""
    try:
        found = json.loads(told)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ScenarioError(f"{file}: expected {what} as a JSON object, received {shown(told)}")
    return found


def _check_failures(told: Any, file: Path) -> None:
    try:
        FAILURES.validate_python(json.loads(told))
    except (ValidationError, ValueError, TypeError, RecursionError):
        raise ScenarioError(f"{file}: expected the units that failed as a list of point, seed and reason") from None
