"""The table of results: a row for every point and coordinate, a column for every measure that has a heading."""

import itertools
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
import xarray as xr

from .. import studies
from ..reading.errors import ScenarioError
from . import cells, ended, guarantees, intervals, joined, remarks, searched, tuned
from .chosen import FOUND, chosen
from .measures import Measure
from .variables import variables

ENDS = {"out of reach": math.inf, "the lowest": -math.inf}  # of a search
BELOW = "< the upper end of a seed's where nothing was wrong"


Told = TypeVar("Told")


class Against(NamedTuple):
    """The value of an axis that others are compared with."""

    axis: str
    label: Any


def table(dataset: xr.Dataset, against: Against | None = None) -> list[list[str]]:
    """A heading and the rows: means over seeds, of the main measure with half its interval, and differences."""
    dataset = shown(dataset)
    (main, *others), axes = measures(dataset), places(dataset)
    labels = [_texts(dataset[name].values.tolist()) for name in axes]
    told, compared = (cells.median, cells.gap) if is_found(main, dataset) else (cells.spread, cells.difference)
    main_name, difference = _names(main, against)
    columns = {main_name: _marked(_of(main, dataset, told), dataset)}
    if against:
        more = intervals.differences(dataset[[main.name]], *against)[main.name]
        columns[difference] = column(of_seeds(more, dataset), dataset, compared)
    columns |= _searched(dataset) if is_found(main, dataset) else {}
    columns |= {str(each.heading): _of(each, dataset, cells.mean) for each in others}
    columns |= {told: column(dataset[name], dataset, cells.stops) for name, told in ended.any_at(dataset).items()}
    rows = map(list, zip(*grid(labels), *columns.values(), strict=True))
    return [[*axes, *columns], *itertools.compress(rows, there(dataset))]


def kept(dataset: xr.Dataset, against: Against | None = None) -> list[str]:
    """Names of the columns that stand in every table, whether they vary or not: the main one, or all asked for."""
    main, *_ = measures(shown(dataset))
    return [*_names(main, against), *(str(each.heading) for each in chosen(dataset))]


def heading(dataset: xr.Dataset, against: Against | None = None) -> str | None:
    """What stands above the table: what +- and intervals mean."""
    bounded = ", ".join(str(each.heading) for each in measures(shown(dataset)) if each.interval)
    if joined.most_seeds(dataset) < 2:
        return f"{bounded}: with 95 % confidence intervals; {BELOW}" if bounded else None
    first, seeds = measures(shown(dataset))[0], joined.seeds(dataset)
    main = first.heading
    told = f"{bounded or main}: mean over {seeds} +- half of its 95 % confidence interval"
    told += f"; {BELOW}" if bounded else ""
    if is_found(first, dataset):
        told = f"{main}: median over {seeds} and, of six and more, its 95 % confidence interval"
    return told + (f"; {main} - {cells.text(against.label)}: the same of differences seed by seed" if against else "")


def notes(dataset: xr.Dataset) -> Iterator[str]:
    """What stands below the table: what marks mean, what was free, and where measures have no number but a result."""
    dataset = shown(dataset)
    yield from (f"{mark} where {text}" for mark, text in remarks.why(dataset).items())
    yield from joined.said(dataset, _of_one)
    yield from filter(None, [joined.between(dataset)])


def _of_one(dataset: xr.Dataset) -> Iterator[str]:
    """Of one run."""
    yield from remarks.free(dataset)
    yield from ended.notes(dataset)
    main, *_ = told = measures(dataset)
    there = np.isfinite(dataset[main.name])
    for measure in told:
        values = dataset[measure.name]
        lacking = np.isnan(values) & there
        infinite = np.isinf(values)
        if is_found(measure, dataset):
            continue  # of a search that is an answer
        if 0 < int(lacking.sum()) < int(there.sum()):
            share = f"{int(lacking.sum())} of {int(there.sum())} results"
            yield f"{measure.heading} of {share} is not known: it was not measured, or there was nothing to divide by"
        if infinite.any():
            yield f"{measure.heading} of {int(infinite.sum())} results is infinite: too large for its numbers"
    yield from searched.notes(dataset)
    yield from tuned.notes(dataset)
    yield from guarantees.notes(dataset)


def there(dataset: xr.Dataset) -> list[bool]:
    """Whether a row is of a point that its run has, in the order of rows."""
    present: list[bool] = joined.present(dataset, places(dataset)).ravel().tolist()
    return present


def against(dataset: xr.Dataset, told: str) -> Against:
    """The label of an axis that a text names, or axis=label; ScenarioError where none or several fit."""
    axes = [name for name in places(shown(dataset)) if dataset.sizes[name] > 1]
    axis, _, label = told.partition("=")
    fits = [fit for name in axes for fit in _fits(dataset, name, told)]
    fits = fits or [
        fit for name in axes if axis in (name, dataset[name].attrs.get("path")) for fit in _fits(dataset, name, label)
    ]
    if len(fits) != 1:
        known = "; ".join(f"{name}: {', '.join(_texts(dataset[name].values.tolist()))}" for name in axes) or "none here"
        raise ScenarioError(f"--against: expected a value of one axis, or AXIS=VALUE ({known}), received {told}")
    if fits[0].axis == joined.AXIS and not joined.shares(dataset, fits[0].label, places(shown(dataset))):
        more = "give runs the same axes, or leave them out where they have one value"
        raise ScenarioError(f"--against: expected a run that has a point of another, received {told}; {more}")
    return fits[0]


def shown(dataset: xr.Dataset) -> xr.Dataset:
    """What a table shows: of a dimension along which a study goes on the last coordinate."""
    last = studies.load(dataset.attrs["study"]).shown_last
    return ended.last(dataset, last) if last is not None and last in dataset.dims else dataset


def measures(dataset: xr.Dataset) -> list[Measure]:
    """Those that a table shows: as asked for, or the main one and what was measured; of pilots, where there are any."""
    if told := chosen(dataset):
        return told
    main, *others = variables(dataset.attrs)
    headed = [each for each in others if each.heading and each.name in dataset]
    return [main, *(m for m in headed if bool((dataset[m.name] > 0 if m.beside else dataset[m.name].notnull()).any()))]


def is_found(measure: Measure, dataset: xr.Dataset) -> bool:
    """Whether a measure is what a search has found, whose seeds have medians and may be infinite."""
    return "find" in dataset.attrs and measure.name == FOUND


def places(dataset: xr.Dataset) -> list[str]:
    main = variables(dataset.attrs)[0].name
    return [str(name) for name in dataset[main].dims if name != "seed"]


def of_seeds(values: xr.DataArray, dataset: xr.Dataset) -> xr.DataArray:
    """Values of which each seed has one at every place: means over what else they are over."""
    more = [name for name in values.dims if name not in (*places(dataset), "seed")]
    return values.mean(more) if more else values


def column(values: xr.DataArray, dataset: xr.Dataset, told: Callable[[np.ndarray], Told]) -> list[Told]:
    """What is told of the seeds at every place, in the order of rows."""
    axes = places(dataset)
    everywhere = values.broadcast_like(xr.Dataset(coords={name: dataset[name] for name in axes}))
    rows = everywhere.transpose(*axes, ...).values
    return [told(row) for row in rows.reshape(math.prod(rows.shape[: len(axes)]), -1)]


def _of(measure: Measure, dataset: xr.Dataset, told: Callable[[np.ndarray], str]) -> list[str]:
    """A measure's column, with the interval that it brings, if it does."""
    if measure.interval is None:
        return column(of_seeds(dataset[measure.name], dataset), dataset, told)
    parts = xr.concat([dataset[name] for name in (measure.name, *measure.interval)], "end")
    rows = parts.transpose(..., "seed", "end")
    return column(rows, dataset, lambda values: cells.bounded(values.reshape(-1, 3)))


def _searched(dataset: xr.Dataset) -> dict[str, list[str]]:
    """Seeds for which the largest value is not enough or the least is, where there are any, and the largest fall."""
    ends = {name: end for name, end in ENDS.items() if bool((dataset.required == end).any())}
    counts = {name: column(dataset.required, dataset, partial(cells.share, of=end)) for name, end in ends.items()}
    return counts | {"fell": column(dataset.fell, dataset, cells.largest)}


def _marked(texts: list[str], dataset: xr.Dataset) -> list[str]:
    """With the marks of points at which fewer than half are heard."""
    marks = remarks.marks(dataset)
    if marks is None:
        return texts
    found = column(marks, dataset, lambda values: str(values[0]))
    return [f"{cell} {mark}".rstrip() for cell, mark in zip(texts, found, strict=True)]


def grid(labels: list[list[Told]]) -> list[tuple[Told, ...]]:
    """Columns of labels that have every combination as a row."""
    return list(zip(*itertools.product(*labels), strict=True))


def _texts(values: list[Any]) -> list[str]:
    """Coordinates, all different."""
    short = [cells.text(value) for value in values]
    return short if len({*short}) == len(short) else [str(value) for value in values]


def _fits(dataset: xr.Dataset, axis: str, told: str) -> list[Against]:
    values = dataset[axis].values.tolist()
    return [
        Against(axis, value) for value, own in zip(values, _texts(values), strict=True) if told in (own, str(value))
    ]


def _names(main: Measure, against: Against | None) -> tuple[str, str]:
    """Of the columns of the main measure, and of what differs from another's."""
    return str(main.heading), "" if against is None else f"{main.heading} - {cells.text(against.label)}"
