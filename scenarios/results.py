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
from .catalogue import Table
from .measures import Measure, headings, named
from .quantities import quantity
from .sweep import Sweep

ENGINE: Literal["h5netcdf"] = "h5netcdf"
EVALUATED = (  # after the last of some rounds
    Measure("accuracy", "1", "test accuracy", "last", heading="accuracy"),
    Measure("loss", "nat", "test loss", "last", heading="loss"),
)
COSTS = (  # of every round, by the names that a federation gives them
    Measure("nmse", "1", "normalised mean square error of the aggregate", heading="NMSE"),
    Measure("nmse_sent", "1", "normalised mean square error against what was sent, after error feedback and selection"),
    Measure("resource_elements", "1", "resource elements that carried data in a round", heading="elements"),
    Measure("pilot_elements", "1", "resource elements granted to pilots in a round"),
    Measure("downlink_elements", "1", "resource elements of the broadcast back in a round"),
    Measure(
        "energy",
        "1",
        "mean energy of a device for each granted resource element, relative to its budget P",
        heading="energy/P",
    ),
    Measure(
        "energy_max",
        "1",
        "largest energy of a device for each granted resource element in any round, relative to P",
        "max",
    ),
    Measure("airtime", "s", "airtime of a round, both ways", heading="airtime/s"),
    Measure("bits", "bit", "payload and side information of all devices in a round", heading="bits"),
    Measure("decoded", "1", "devices decoded in a round", heading="decoded"),
)
VARIABLES = named(*EVALUATED, *COSTS)
STOPPED = Measure("stopped_at", "1", "round in which numbers stopped being finite, -1 where none did")
SNR = Measure("link.snr_db", "dB", "SNR")


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
    stops = {STOPPED.name: (dims[:-1], stopped.reshape([*shape, len(seeds)]), describe(STOPPED.name))}
    attributes = {"title": scenario.title, "scenario": json.dumps(sweep.resolved), "versions": json.dumps(versions())}
    return xr.Dataset(variables | stops, coordinates, attributes)


def save(dataset: xr.Dataset, file: Path) -> None:
    """Write a netCDF file, whole or not at all."""
    unfinished = file.with_name(file.name + ".tmp")
    dataset.to_netcdf(unfinished, engine=ENGINE)
    os.replace(unfinished, file)


def table(dataset: xr.Dataset) -> list[list[str]]:
    """A heading and a row for every point: the last round, mean over seeds (accuracy: +- standard deviation)."""
    axes = [str(name) for name in dataset.accuracy.dims[:-2]]
    last, stopped = dataset.isel(round=-1), bool((dataset.stopped_at >= 0).any())
    heads = headings(VARIABLES.values())
    rows = [[*axes, *heads, *(["stopped"] if stopped else [])]]
    for place in itertools.product(*(range(dataset.sizes[axis]) for axis in axes)):
        point = last.isel(dict(zip(axes, place, strict=True)))
        labels = [str(point[axis].item()) for axis in axes]
        means = [(_spread if name == "accuracy" else _mean)(point[name].values) for name in heads.values()]
        rows.append([*labels, *means] + ([_stops(point.stopped_at.values)] if stopped else []))
    return rows


def describe(name: str, scenario: Table | None = None) -> dict[str, str]:
    """Units and long name of a variable, or of an axis of a scenario."""
    known = (VARIABLES | named(STOPPED, SNR)).get(name)
    if known is None and scenario is not None and name not in ("seed", "round"):
        known = Measure(name, *quantity(scenario, name))
    known = known or Measure(name, "1", name.replace("_", " "))
    return {"units": known.unit, "long_name": known.long_name}


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
