"""The table of results: a row for every point and coordinate, a column for every measure that has a heading."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .. import studies
from ..reading.errors import ScenarioError
from . import intervals, tuned
from .measures import Measure
from .variables import variables

STOPPED = "stopped_at"


class Against(NamedTuple):
    """The value of an axis that others are compared with."""

    axis: str
    label: Any


def table(dataset: xr.Dataset, against: Against | None = None) -> list[list[str]]:
    """A heading and the rows: means over seeds, of the main measure with half its interval, and differences."""
    dataset = _shown(dataset)
    (main, *others), places = _measures(dataset), _places(dataset)
    labels = [_texts(dataset[name].values.tolist()) for name in places]
    told, compared = (_median, _gap) if "find" in dataset.attrs else (_spread, _difference)
    columns = {str(main.heading): _column(dataset[main.name], dataset, told)}
    if against:
        more = intervals.differences(dataset[[main.name]], *against)[main.name]
        columns[f"{main.heading} - {text(against.label)}"] = _column(more, dataset, compared)
    columns |= {str(each.heading): _column(dataset[each.name], dataset, mean) for each in others}
    if STOPPED in dataset and bool((dataset[STOPPED] >= 0).any()):
        columns["stopped"] = _column(dataset[STOPPED], dataset, _stops)
    return [[*places, *columns], *map(list, zip(*_grid(labels), *columns.values(), strict=True))]


def heading(dataset: xr.Dataset, against: Against | None = None) -> str | None:
    """What stands above the table: what +- means, where there are several seeds."""
    if dataset.sizes["seed"] < 2:
        return None
    main, seeds = _measures(dataset)[0].heading, dataset.sizes["seed"]
    told = f"{main}: mean over {seeds} seeds +- half of its 95 % confidence interval"
    if "find" in dataset.attrs:
        told = f"{main}: median over {seeds} seeds and, of six and more, its 95 % confidence interval"
    return told + (f"; {main} - {text(against.label)}: the same of differences seed by seed" if against else "")


def notes(dataset: xr.Dataset) -> Iterator[str]:
    """What stands below the table: where measures have no number though there is a result."""
    dataset = _shown(dataset)
    main, *_ = measures = _measures(dataset)
    there = np.isfinite(dataset[main.name])
    for measure in measures:
        values = dataset[measure.name]
        lacking = np.isnan(values) & there
        infinite = np.isinf(values)
        if measure is main and "find" in dataset.attrs:
            continue  # of a search that is an answer
        if 0 < int(lacking.sum()) < int(there.sum()):
            share = f"{int(lacking.sum())} of {int(there.sum())} results"
            yield f"{measure.heading} of {share} is not known: it was not measured, or there was nothing to divide by"
        if infinite.any():
            yield f"{measure.heading} of {int(infinite.sum())} results is infinite: too large for its numbers"
    yield from tuned.notes(dataset)


def against(dataset: xr.Dataset, told: str) -> Against:
    """The label of an axis that a text names, or axis=label; ScenarioError where none or several fit."""
    axes = [name for name in _places(_shown(dataset)) if dataset.sizes[name] > 1]
    axis, _, label = told.partition("=")
    fits = [fit for name in axes for fit in _fits(dataset, name, told)]
    fits = fits or [
        fit for name in axes if axis in (name, dataset[name].attrs.get("path")) for fit in _fits(dataset, name, label)
    ]
    if len(fits) != 1:
        known = "; ".join(f"{name}: {', '.join(_texts(dataset[name].values.tolist()))}" for name in axes) or "none here"
        raise ScenarioError(f"--against: expected a value of one axis, or AXIS=VALUE ({known}), received {told}")
    return fits[0]


def text(value: Any) -> str:
    """A coordinate."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def mean(values: np.ndarray) -> str:
    """Of those that are there."""
    there = values[np.isfinite(values)]
    found = float(there.mean()) if there.size else math.nan
    return "-" if math.isnan(found) else f"{found:.4g}" if abs(found) < 1e4 else f"{found:,.0f}"


def _spread(values: np.ndarray, sign: str = "") -> str:
    """The mean of those that are there, and half of its interval."""
    there = values[np.isfinite(values)]
    if not there.size:
        return "-"
    found, half = float(there.mean()), float(intervals.half_width(there))
    small = 0 < max(abs(found), 0.0 if math.isnan(half) else half) < 1e-2  # as error rates are
    told = f"{found:{sign}.3g}" if small else f"{found:{sign}.4f}"
    return told if math.isnan(half) else f"{told} +- {half:.2g}" if small else f"{told} +- {half:.4f}"


def _difference(values: np.ndarray) -> str:
    return _spread(values, "+")


def _median(values: np.ndarray, each: Callable[[float], str] | None = None) -> str:
    """Of what a search found, with its interval where there are enough seeds."""
    middle, low, high = map(each or _found, intervals.median(values))
    return middle if low == "-" else f"{middle} ({low} to {high})"


def _gap(values: np.ndarray) -> str:
    """Between what two searches found; infinite where one of them is out of reach."""
    return _median(values, lambda value: "-" if math.isnan(value) else f"{value:+.4g}")


def _found(value: float) -> str:
    if math.isinf(value):
        return "out of reach" if value > 0 else "the lowest"
    return "-" if math.isnan(value) else f"{value:.4g}"


def _measures(dataset: xr.Dataset) -> list[Measure]:
    """Those that a table shows: the main one, and what was measured."""
    main, *others = variables(dataset.attrs)
    return [main, *(m for m in others if m.heading and m.name in dataset and not dataset[m.name].isnull().all())]


def _shown(dataset: xr.Dataset) -> xr.Dataset:
    last = studies.load(dataset.attrs["study"]).shown_last
    return dataset.isel({last: -1}) if last in dataset.dims else dataset


def _places(dataset: xr.Dataset) -> list[str]:
    main = variables(dataset.attrs)[0].name
    return [str(name) for name in dataset[main].dims if name != "seed"]


def _column(values: xr.DataArray, dataset: xr.Dataset, told: Callable[[np.ndarray], str]) -> list[str]:
    """What is told of the seeds at every place, in the order of rows."""
    places = _places(dataset)
    everywhere = values.broadcast_like(xr.Dataset(coords={name: dataset[name] for name in places}))
    rows = everywhere.transpose(*places, ...).values
    return [told(row) for row in rows.reshape(math.prod(rows.shape[: len(places)]), -1)]


def _grid(labels: list[list[str]]) -> list[tuple[str, ...]]:
    """Columns of labels that have every combination as a row."""
    return list(zip(*itertools.product(*labels), strict=True))


def _texts(values: list[Any]) -> list[str]:
    """Coordinates, all different."""
    short = [text(value) for value in values]
    return short if len({*short}) == len(short) else [str(value) for value in values]


def _fits(dataset: xr.Dataset, axis: str, told: str) -> list[Against]:
    values = dataset[axis].values.tolist()
    return [
        Against(axis, value) for value, own in zip(values, _texts(values), strict=True) if told in (own, str(value))
    ]


def _stops(rounds: np.ndarray) -> str:
    stopped = rounds[rounds >= 0].astype(int)
    return f"{stopped.size} of {rounds.size} seeds, first in round {stopped.min()}" if stopped.size else ""
