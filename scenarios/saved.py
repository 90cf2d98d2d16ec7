"""What a run has saved, read again: netCDF, or a curve as CSV."""

import math
from pathlib import Path

import xarray as xr

from . import curves, renamed
from .errors import ScenarioError
from .results import ENGINE, STOPPED, VARIABLES, describe


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
    return dataset if dataset.attrs.get("task") == "images" and "psnr" in dataset else _complete(dataset, file)


def _complete(dataset: xr.Dataset, file: Path) -> xr.Dataset:
    """With all variables, NaN where an earlier version did not measure them."""
    if missing := {"accuracy", STOPPED.name} - {*dataset.data_vars}:
        raise ScenarioError(f"{file}: expected results of overair, found no {', '.join(sorted(missing))}")
    unknown = [name for name in VARIABLES if name not in dataset]  # of a version that did not measure it
    if old := [f"{name}, which is {new} now" for name in dataset.data_vars if (new := renamed.now(name, unknown))]:
        raise ScenarioError(f"{file}: expected results of overair, found {', '.join(old)}; run it anew")
    return dataset.assign(
        {name: xr.full_like(dataset.accuracy, math.nan).assign_attrs(describe(name)) for name in unknown}
    )
