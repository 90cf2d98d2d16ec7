"""Results: one xarray.Dataset a scenario, which explains itself, and the table that is read from it.

Dimensions are the axes of the sweep by dotted name, then ``seed`` and ``round``. Accuracy and loss are those of the
test set after a round; everything else is the mean over the rounds since the evaluation before. From the round on
in which numbers stopped being finite (``stopped_at``, -1 where a run went through) all is NaN. The scenario and the
versions that made it are attributes.
"""

import itertools
import json
import math
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import xarray as xr

from ..version import __version__
from . import renamed
from .catalogue import Table
from .errors import ScenarioError
from .quantities import quantity
from .sweep import Sweep

ENGINE: Literal["h5netcdf"] = "h5netcdf"
VARIABLES = {  # units and long name
    "accuracy": ("1", "test accuracy"),
    "loss": ("nat", "test loss"),
    "nmse": ("1", "normalised mean square error of the aggregate"),
    "nmse_sent": ("1", "normalised mean square error against what was sent, after error feedback and selection"),
    "resource_elements": ("1", "resource elements that carried data in a round"),
    "downlink_elements": ("1", "resource elements of the broadcast back in a round"),
    "energy": ("1", "mean energy of a device for each granted resource element, relative to its budget P"),
    "energy_max": ("1", "largest energy of a device for each granted resource element in any round, relative to P"),
    "airtime": ("s", "airtime of a round, both ways"),
    "bits": ("bit", "payload and side information of all devices in a round"),
    "heard": ("1", "devices heard in a round"),
}
LONG_NAMES = VARIABLES | {
    "stopped_at": ("1", "round in which numbers stopped being finite, -1 where none did"),
    "link.snr_db": ("dB", "SNR"),
}
COSTS = list(VARIABLES)[2:]  # what every round has; accuracy and loss belong to evaluations


class Record(NamedTuple):
    """What one point gave with one seed: the round it stopped in (-1: none); values by variable and evaluation."""

    stopped_at: int
    values: np.ndarray  # float64 [V, R]


def evaluations(rounds: int, every: int) -> list[int]:
    """The rounds after which the model is evaluated."""
    return sorted({*range(every, rounds + 1, every), rounds})


def versions() -> dict[str, str]:
    """What a result was made with."""
    names = ("tensorflow", "keras", "sionna", "numpy")
    return {"overair": __version__, "python": platform.python_version()} | {
        name: metadata.version(name) for name in names
    }


def assemble(sweep: Sweep, records: Mapping[tuple[int, int], Record]) -> xr.Dataset:
    """The dataset of all records, which are by place of the point and seed."""
    scenario = sweep.points[0].scenario
    seeds, rounds = scenario.seeds, evaluations(scenario.rounds, scenario.evaluate_every)
    shape = [len(labels) for labels in sweep.axes.values()]
    values = np.stack([[records[at, seed].values for seed in seeds] for at in range(len(sweep.points))])  # [P, S, V, R]
    stopped = np.array([[records[at, seed].stopped_at for seed in seeds] for at in range(len(sweep.points))])  # [P, S]
    dims = (*sweep.axes, "seed", "round")
    along: dict[str, Any] = sweep.axes | {"seed": seeds, "round": rounds}
    coordinates = {name: (name, np.array(values), describe(name, scenario)) for name, values in along.items()}
    variables = {
        name: (dims, values[:, :, at].reshape([*shape, len(seeds), len(rounds)]), describe(name))
        for at, name in enumerate(VARIABLES)
    }
    stops = {"stopped_at": (dims[:-1], stopped.reshape([*shape, len(seeds)]), describe("stopped_at"))}
    attributes = {"title": scenario.title, "scenario": json.dumps(sweep.resolved), "versions": json.dumps(versions())}
    return xr.Dataset(variables | stops, coordinates, attributes)


def save(dataset: xr.Dataset, file: Path) -> None:
    """Write a netCDF file, whole or not at all."""
    unfinished = file.with_name(file.name + ".tmp")
    dataset.to_netcdf(unfinished, engine=ENGINE)
    os.replace(unfinished, file)


def load(path: str | Path) -> xr.Dataset:
    """Results of a file, netCDF or a curve as CSV, or of the folder of a finished run."""
    file = Path(path)
    if file.suffix == ".csv" and not file.is_dir():
        from . import curves

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
    if dataset.attrs.get("task") == "images" and "psnr" in dataset:
        return dataset
    if missing := {*VARIABLES, "stopped_at"} - {*dataset.data_vars}:
        old = [f"{name}, which is {new} now" for name in dataset.data_vars if (new := renamed.now(name, missing))]
        found = f"found {', '.join(old)}; run it anew" if old else f"found no {', '.join(sorted(missing))}"
        raise ScenarioError(f"{file}: expected results of overair, {found}")
    return dataset


def table(dataset: xr.Dataset) -> list[list[str]]:
    """A heading and a row for every point: the last round, mean over seeds (accuracy: +- standard deviation)."""
    axes = [str(name) for name in dataset.accuracy.dims[:-2]]
    last, stopped = dataset.isel(round=-1), bool((dataset.stopped_at >= 0).any())
    costs = {"loss": "loss", "NMSE": "nmse", "heard": "heard", "energy/P": "energy", "elements": "resource_elements"}
    costs |= {"bits": "bits", "airtime/s": "airtime"}
    rows = [[*axes, "accuracy", *costs, *(["stopped"] if stopped else [])]]
    for place in itertools.product(*(range(dataset.sizes[axis]) for axis in axes)):
        point = last.isel(dict(zip(axes, place, strict=True)))
        labels = [str(point[axis].item()) for axis in axes]
        row = [*labels, _spread(point.accuracy.values), *(_mean(point[name].values) for name in costs.values())]
        rows.append(row + ([_stops(point.stopped_at.values)] if stopped else []))
    return rows


def describe(name: str, scenario: Table | None = None) -> dict[str, str]:
    """Units and long name of a variable, or of an axis of a scenario."""
    if name in LONG_NAMES or scenario is None or name in ("seed", "round"):
        units, long_name = LONG_NAMES.get(name) or ("1", name.replace("_", " "))
    else:
        units, long_name = quantity(scenario, name)
    return {"units": units, "long_name": long_name}


def _spread(values: np.ndarray) -> str:
    there = values[np.isfinite(values)]
    if not there.size:
        return "-"
    return f"{there.mean():.4f}" + (f" +- {there.std(ddof=1):.4f}" if there.size > 1 else "")


def _mean(values: np.ndarray) -> str:
    there = values[np.isfinite(values)]
    mean = float(there.mean()) if there.size else math.nan
    return "-" if math.isnan(mean) else f"{mean:.4g}" if abs(mean) < 1e4 else f"{mean:,.0f}"


def _stops(rounds: np.ndarray) -> str:
    stopped = rounds[rounds >= 0]
    return f"{stopped.size} of {rounds.size} seeds, first in round {stopped.min()}" if stopped.size else ""
