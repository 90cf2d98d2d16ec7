"""The table of results: a row for every point and coordinate, a column for every measure that has a heading."""

import itertools
import math
from typing import Any

import numpy as np
import xarray as xr

from .measures import headings
from ..studies import load

STOPPED = "stopped_at"


def table(dataset: xr.Dataset) -> list[list[str]]:
    """A heading and the rows: means over seeds, of the main measure with the standard deviation."""
    study = load(dataset.attrs["study"])
    if study.shown_last in dataset.dims:
        dataset = dataset.isel({study.shown_last: -1})
    main = study.measures[0].name
    places = [str(name) for name in dataset[main].dims if name != "seed"]
    heads = {head: name for head, name in headings(study.measures).items() if name in dataset}
    heads = {head: name for head, name in heads.items() if name == main or bool(np.isfinite(dataset[name]).any())}
    stopped = STOPPED in dataset and bool((dataset[STOPPED] >= 0).any())
    rows = [[*places, *heads, *(["stopped"] if stopped else [])]]
    for at in itertools.product(*(range(dataset.sizes[name]) for name in places)):
        point = dataset.isel(dict(zip(places, at, strict=True)))
        labels = [text(point[name].item()) for name in places]
        means = [(_spread if name == main else mean)(point[name].values) for name in heads.values()]
        rows.append([*labels, *means] + ([_stops(point[STOPPED].values)] if stopped else []))
    return rows


def text(value: Any) -> str:
    """A coordinate."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _spread(values: np.ndarray) -> str:
    there = values[np.isfinite(values)]
    if not there.size:
        return "-"
    return f"{there.mean():.4f}" + (f" +- {there.std(ddof=1):.4f}" if there.size > 1 else "")


def mean(values: np.ndarray) -> str:
    """Of those that are there."""
    there = values[np.isfinite(values)]
    found = float(there.mean()) if there.size else math.nan
    return "-" if math.isnan(found) else f"{found:.4g}" if abs(found) < 1e4 else f"{found:,.0f}"


def _stops(rounds: np.ndarray) -> str:
    stopped = rounds[rounds >= 0].astype(int)
    return f"{stopped.size} of {rounds.size} seeds, first in round {stopped.min()}" if stopped.size else ""
