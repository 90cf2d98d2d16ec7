"""One result of several: over the same axes and a leading one, ``run``, for one table and one figure of all.

Values of an axis are those of all runs. What one run sweeps and another has one value of is an axis of both. A place
that a run does not have is NaN.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .. import studies
from ..reading import labels
from ..reading.errors import ScenarioError, shown
from . import joined, meanings
from .dataset import units_of
from .joined import AXIS, RUNS, paths
from .measures import Measure
from .names import shortened
from .variables import told, variables

LARGEST = 10**8  # numbers of what is joined
SEARCHES = ("find", "tune")
ALONE = "show each alone"
OWN_VALUES = "values of its own"  # that each run tried

Results = Mapping[str, xr.Dataset] | Sequence[xr.Dataset]


class _Part(NamedTuple):
    """A run, with dotted paths as names of its axes."""

    dataset: xr.Dataset
    has: dict[str, list[Any]]
    fixed: list[str]


def join(results: Results) -> xr.Dataset:
    """One result of several of the same study: an axis ``run`` leads, whose values are their names.

    Tables and figures take it as any other, and say whether what is compared had the same links, elements, energy and
    seeds from run to run. Places that a run lacks are NaN. ScenarioError says what cannot be joined, and why.

    Args:
        results: by name, or in a list, whose names are run 1, run 2, ...

    >>> import overair
    >>> from overair.scenarios import run
    >>> small = {"study": "diversity", "links": 50, "bandwidth": [1e6], "seeds": [0]}
    >>> both = overair.join({"rayleigh": run(small), "rician": run(small, ["channel.kind=rician"])})
    >>> both.sizes["run"], both["run"].values.tolist()
    (2, ['rayleigh', 'rician'])
    """
    named = _named(results)
    _check_same(named)
    parts = _aligned({name: _with_paths(each) for name, each in named.items()})
    axes = {name: _union(name, [part.has[name] for part in parts.values()]) for name in next(iter(parts.values())).has}
    attributes = _attributes(named)
    _check_last(parts, attributes["study"])
    held = {each: dims for each in variables(attributes) if (dims := _dims(each, parts, axes))}
    _check_size(len(parts), axes, held)
    found = {each.name: _variable(each, dims, parts, axes) for each, dims in held.items()}
    coordinates: dict[str, Any] = {AXIS: (AXIS, [*parts], {"units": "1", "long_name": "run"})}
    used = [name for name in axes if any(name in dims for dims in held.values())]
    coordinates |= {name: (name, np.array(axes[name]), _told_of(name, parts)) for name in used}
    made = shortened(xr.Dataset(found, coordinates, attributes))
    return made.assign_attrs({RUNS: _said(named, parts, paths(made))})


def _named(results: Results) -> dict[str, xr.Dataset]:
    if isinstance(results, xr.Dataset) or not isinstance(results, Mapping | list | tuple):
        received = type(results).__name__
        raise ScenarioError(
            f"runs: expected results, as run or overair.load gives them, by name or in a list, received {received}"
        )
    if not isinstance(results, Mapping):
        results = {f"run {number}": each for number, each in enumerate(results, 1)}
    named = {str(name): each for name, each in results.items()}
    if len(named) < 2:
        raise ScenarioError(f"runs: expected two results or more, received {len(named)}")
    for name, each in named.items():
        if not isinstance(each, xr.Dataset):
            raise ScenarioError(
                f"runs: expected results, as run or overair.load gives them, received {type(each).__name__} for {name}"
            )
        if (main := variables(each.attrs)[0].name) not in each or "seed" not in each[main].dims:
            raise ScenarioError(f"runs: expected results with {main} over seeds, received {name} without")
        if AXIS in each.dims:
            raise ScenarioError(
                f"runs: expected each of one run, received {name} with an axis {AXIS}; join all at once"
            )
    return named


def _check_same(named: Mapping[str, xr.Dataset]) -> None:
    """Refuses results of several studies, and of several searches."""
    _alike("study", {name: each.attrs.get("study", studies.USUAL) for name, each in named.items()})
    _alike("find", {name: told(each.attrs, "find") if "find" in each.attrs else None for name, each in named.items()})
    tuned = {name: told(each.attrs, "tune") for name, each in named.items() if "tune" in each.attrs}
    _alike("tune.over", {name: [each["over"], each["unit"]] for name, each in tuned.items()})


def _alike(what: str, received: Mapping[str, Any], advice: str = ALONE) -> None:
    if any(value != next(iter(received.values())) for value in received.values()):
        listed = ", ".join(f"{shown(value)} of {name}" for name, value in received.items())
        raise ScenarioError(f"{what}: expected the same of all that is joined, received {listed}; {advice}")


def _check_last(parts: Mapping[str, _Part], study: str) -> None:
    """Refuses results that do not go on equally long, as tables compare where they end."""
    along = studies.load(study).shown_last
    ends = {name: part.has[along] for name, part in parts.items() if along in part.has}
    how = "overair run with other rounds or evaluate_every in the folder of one of them does what it lacks"
    _alike(str(along), ends, how if along == "round" else ALONE)


def _with_paths(dataset: xr.Dataset) -> xr.Dataset:
    return dataset.rename({name: path for name, path in paths(dataset).items() if name != path})


def _aligned(named: Mapping[str, xr.Dataset]) -> dict[str, _Part]:
    """With the same axes: those of any run, where one that does not sweep them has the value of its scenario."""
    mains = [[*map(str, each[variables(each.attrs)[0].name].dims)] for each in named.values()]
    swept = [*dict.fromkeys(name for dims in mains for name in dims[: dims.index("seed")])]
    inner = dict.fromkeys(str(name) for each in named.values() for name in each.dims if name not in (*swept, "seed"))
    parts = {}
    for name, each in named.items():
        fixed = [axis for axis in swept if axis not in each.dims]
        has = {axis: [_fixed(axis, name, named)] if axis in fixed else _values(axis, name, each) for axis in swept}
        has |= {axis: _values(axis, name, each) if axis in each.dims else [] for axis in ("seed", *inner)}
        parts[name] = _Part(each, has, fixed)
    return parts


def _values(axis: str, name: str, dataset: xr.Dataset) -> list[Any]:
    if axis not in dataset.coords:
        raise ScenarioError(f"{axis}: expected an axis with its values, received none of {name}")
    values: list[Any] = dataset[axis].values.tolist()
    return values


def _fixed(axis: str, name: str, named: Mapping[str, xr.Dataset]) -> Any:
    """The label of the one value that a run has of an axis."""
    value = meanings.at(joined.scenario(named[name]), axis)
    sweeping = ", ".join(other for other, each in named.items() if axis in each.dims)
    if value is None:
        expected = f"expected an axis of all that is joined or a value in the scenario of each, which {sweeping} sweeps"
        raise ScenarioError(f"{axis}: {expected}, received none of {name}; sweep it there, or leave {sweeping} out")
    return labels.of(axis, [value])[0]


def _union(axis: str, each: Sequence[list[Any]]) -> list[Any]:
    """All values in the order of the first run, numbers in their own where runs have others."""
    known = [values for values in each if values]
    numbers = {isinstance(value, int | float) and not isinstance(value, bool) for values in known for value in values}
    if len(numbers) > 1:
        raise ScenarioError(f"{axis}: expected numbers or words in all that is joined, received {shown(known)}")
    union = list(dict.fromkeys(value for values in known for value in values))
    return sorted(union) if numbers == {True} and any(values != known[0] for values in known) else union


def _dims(measure: Measure, parts: Mapping[str, _Part], axes: Mapping[str, list[Any]]) -> list[str]:
    """What a measure is over in any run; nothing where no run has it."""
    there = [part for part in parts.values() if measure.name in part.dataset]
    over = {name for part in there for name in (*part.dataset[measure.name].dims, *part.fixed)}
    return [name for name in axes if name in over]


def _check_size(runs: int, axes: Mapping[str, list[Any]], held: Mapping[Measure, list[str]]) -> None:
    """Refuses what no memory holds, as runs that share no place are mostly missing values."""
    size = runs * sum(math.prod(len(axes[name]) for name in dims) for dims in held.values())
    if size > LARGEST:
        raise ScenarioError(f"runs: expected at most {LARGEST} numbers when joined, received {size}")


def _variable(measure: Measure, dims: list[str], parts: Mapping[str, _Part], axes: Mapping[str, list[Any]]) -> Any:
    """A measure over runs and these axes, NaN where a run has no such place."""
    shape = [len(axes[name]) for name in dims]
    values = np.full([len(parts), *shape], np.nan, np.float32 if measure.pixels else float)
    for at, part in enumerate(parts.values()):
        if measure.name not in part.dataset:
            continue
        own = part.dataset[measure.name].expand_dims(part.fixed).transpose(*dims).values
        places = [{value: place for place, value in enumerate(axes[name])} for name in dims]
        mine = [[known[value] for value in part.has[name]] for name, known in zip(dims, places, strict=True)]
        values[at][np.ix_(*mine)] = own
    return [AXIS, *dims], values, units_of(measure)


def _told_of(axis: str, parts: Mapping[str, _Part]) -> dict[str, Any]:
    """Units and long name."""
    each = next(part.dataset[axis] for part in parts.values() if axis in part.dataset.coords)
    return {name: value for name, value in each.attrs.items() if name != "path"}


def _attributes(named: Mapping[str, xr.Dataset]) -> dict[str, Any]:
    """Of all: what they share, and whose units failed."""
    every = [each.attrs for each in named.values()]
    titles = {name: str(each.attrs.get("title", "")) for name, each in named.items()}
    different = len({*titles.values()}) > 1
    title = "; ".join(f"{name}: {each}" for name, each in titles.items() if each) if different else titles.popitem()[1]
    failures = [
        {**each, "point": {AXIS: name, **each["point"]}}
        for name, dataset in named.items()
        for each in json.loads(dataset.attrs.get("failures", "[]"))
    ]
    searches = {name: found for name in SEARCHES if (found := _search(name, every))}
    return {
        "study": every[0].get("study", studies.USUAL), "title": title, "failures": json.dumps(failures),
        "complete": min(int(each.get("complete", 1)) for each in every), **searches,
    }  # fmt: skip


def _search(name: str, every: Sequence[Mapping[str, Any]]) -> str:
    """What is said of a search, which tried other values in other runs."""
    said = {json.dumps(told(each, name)): told(each, name) for each in every if name in each}
    return json.dumps(next(iter(said.values())) | ({"values": OWN_VALUES} if len(said) > 1 else {})) if said else ""


def _said(named: Mapping[str, xr.Dataset], parts: Mapping[str, _Part], short: Mapping[str, str]) -> str:
    """Of each run, with the names that axes have when joined."""
    by_path = {path: name for name, path in short.items()}
    return json.dumps(
        {
            name: {
                "said": {key: value for key, value in each.attrs.items() if isinstance(value, str)}
                | {"complete": int(each.attrs.get("complete", 1))},
                "has": {by_path[path]: values for path, values in parts[name].has.items() if path in by_path},
                "fixed": [by_path[path] for path in parts[name].fixed],
            }
            for name, each in named.items()
        }
    )
