"""What a run has saved, read again: netCDF, or a curve as CSV."""

import math
from pathlib import Path

import xarray as xr

from .. import studies
from ..reading import renamed
from ..reading.errors import ScenarioError
from . import curves
from .dataset import ENGINE, units_of


def load(path: str | Path) -> xr.Dataset:
    """Results of a file, netCDF or a curve as CSV, or of the folder of a finished run."""
    file = Path(path)
    if file.suffix == ".csv" and not file.is_dir():
        return curves.load(file)
    if file.is_dir():
        if (file / "scenario.json").exists() and not (file / "results.nc").exists():
            raise ScenarioError(
                f"{file}: expected a finished run, received an unfinished one; the same run with --out goes on"
            )
        file = file / "results.nc"
    if not file.is_file():
        raise ScenarioError(
            f"{file}: expected results, found no such file; name a folder given to --out, or a .nc or .csv file"
        )
    try:
        dataset = xr.load_dataset(file, engine=ENGINE)
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{file}: expected results of overair, received another file; {error}") from None
    return _complete(dataset, file)


def _complete(dataset: xr.Dataset, file: Path) -> xr.Dataset:
    """With all variables, NaN where an earlier version did not measure them."""
    name = dataset.attrs.get("study")
    if name not in studies.names():
        raise ScenarioError(f"{file}: expected results of overair, found the study {name}; run it anew")
    main, *others = studies.load(name).measures
    if main.name not in dataset:
        raise ScenarioError(f"{file}: expected results of overair, found no {main.name}")
    unknown = [each for each in others if each.name not in dataset]  # of a version that did not measure it
    names = {each.name for each in unknown}
    if old := [f"{name}, which is {new} now" for name in dataset.data_vars if (new := renamed.now(name, names))]:
        raise ScenarioError(f"{file}: expected results of overair, found {', '.join(old)}; run it anew")
    blank = xr.full_like(dataset[main.name], math.nan)
    return dataset.assign({each.name: blank.assign_attrs(units_of(each)) for each in unknown})
