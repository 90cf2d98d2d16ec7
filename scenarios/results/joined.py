"""What a result of several runs says of them: which there are, what each has of every axis, and each of them alone.

Such a result has a leading axis ``run`` and, in its attribute ``runs``, what each run said of itself. Places that a run
does not have are NaN. All that is here takes results of one run as well, of which it says the usual.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr
from pydantic import TypeAdapter, ValidationError

from .. import studies
from ..reading.catalogue import Table
from ..reading.errors import ScenarioError
from ..reading.planned import planned
from .meanings import agree, at, meanings
from .variables import variables

AXIS, RUNS = "run", "runs"
OF_ALL = ("study", "title", "failures", "complete", "find", "tune", RUNS)  # attributes of what is joined
ASIDE = ("title", "seeds", "variants", "tune", "find")  # said elsewhere
MOST_NAMED = 8  # fields in which runs differ


class Run(Table):
    """One of them."""

    said: dict[str, str | int]
    """Its attributes."""
    has: dict[str, list[str | int | float | bool]]
    """Its values of every axis and dimension, in its own order."""
    fixed: list[str]
    """Axes that it did not sweep: it has the one value of its scenario."""


EVERY = TypeAdapter(dict[str, Run])


def runs(dataset: xr.Dataset) -> Mapping[str, Run]:
    """By name; none of a result of one run."""
    return _read(str(dataset.attrs[RUNS])) if RUNS in dataset.attrs and AXIS in dataset.coords else {}


def check(dataset: xr.Dataset) -> None:
    """Raises ScenarioError where a result says something else of its runs than one that was joined."""
    there = np.atleast_1d(dataset[AXIS].values).tolist() if AXIS in dataset.coords else []
    if RUNS in dataset.attrs and not {*there} <= {*runs(dataset)}:
        raise ScenarioError(f"runs: expected what is said of {', '.join(map(str, there))}, received nothing of one")
    if not all(_is_of(run, dataset) for run in runs(dataset).values()):
        raise ScenarioError("runs: expected what is said of runs of the study and its searches, received another")


def _is_of(run: Run, dataset: xr.Dataset) -> bool:
    """Whether a run can be one of those that were joined."""
    same = run.said.get("study", studies.USUAL) == dataset.attrs.get("study", studies.USUAL)
    known = {each.name for each in variables(dataset.attrs)}
    seeded = bool(run.has.get("seed")) and AXIS not in run.has
    return same and seeded and {each.name for each in variables(run.said)} <= known


def parts(dataset: xr.Dataset) -> dict[str, xr.Dataset]:
    """Each run alone by name, with what it said and over the values that it has; one run itself, without a name."""
    found = {name: _alone(dataset, name) for name in _names(dataset)}
    return {name: part for name, part in found.items() if _is_there(runs(dataset)[name], part)} or {"": dataset}


def _is_there(run: Run, part: xr.Dataset) -> bool:
    """Whether some of its values of every axis are there, where a result is a part of what was joined."""
    return all(part.sizes.get(axis, 1) for axis, values in run.has.items() if values)


def lacks(dataset: xr.Dataset, at: Mapping[str, int]) -> bool:
    """Whether a place on some axes is none of the run's there."""
    if not (told := runs(dataset)):
        return False
    label = _labels(dataset, at)
    own = told.get(label.get(AXIS, ""))
    return own is not None and any(name in own.has and value not in own.has[name] for name, value in label.items())


def present(dataset: xr.Dataset, axes: Sequence[str]) -> np.ndarray:
    """Whether the places on axes are their run's, over these axes."""
    found = xr.DataArray(np.full([dataset.sizes[name] for name in axes], True), dims=axes)
    if AXIS in axes and runs(dataset):
        for name in (name for name in axes if name != AXIS):
            each = [own(dataset, {AXIS: at}, name) for at in range(dataset.sizes[AXIS])]
            found = found & xr.DataArray(np.array(each), dims=[AXIS, name])
    return found.transpose(*axes).values


def shares(dataset: xr.Dataset, name: str, axes: Sequence[str]) -> bool:
    """Whether another run has a place on axes that the one of this name has, too."""
    have = np.moveaxis(present(dataset, axes), axes.index(AXIS), 0)
    at = dataset[AXIS].values.tolist().index(name)
    return bool((have[at] & np.delete(have, at, axis=0)).any())


def own(dataset: xr.Dataset, at: Mapping[str, int], axis: str) -> np.ndarray:
    """Which values of an axis the run at a place has, [X]: lines join those, and leave out no other."""
    there = runs(dataset).get(_labels(dataset, at).get(AXIS, ""))
    if there is None or axis not in there.has:
        return np.full(dataset.sizes.get(axis, 1), True)
    return np.array([value in there.has[axis] for value in dataset[axis].values.tolist()])


def most_seeds(dataset: xr.Dataset) -> int:
    """Of any run."""
    return max(part.sizes["seed"] for part in parts(dataset).values())


def seeds(dataset: xr.Dataset) -> str:
    """How many, in words; of each run where they have not the same number."""
    counts = {name: part.sizes["seed"] for name, part in parts(dataset).items()}
    if len({*counts.values()}) == 1:
        return _many(most_seeds(dataset))
    return ", ".join(f"{_many(count)} of {name}" for name, count in counts.items())


def unfinished(dataset: xr.Dataset) -> str:
    """The note of runs that are under way or were stopped, empty where there are none."""
    names = [name for name, part in parts(dataset).items() if not part.attrs.get("complete", 1)]
    whose = f"{', '.join(names)} {'are' if len(names) > 1 else 'is'}" if any(names) else "the run is"
    return f"{whose} not finished; what is missing is left out" if names else ""


def said(dataset: xr.Dataset, notes: Callable[[xr.Dataset], Iterator[str]]) -> Iterator[str]:
    """What is noted of all runs once, and of some with their names."""
    each = {name: [*notes(part)] for name, part in parts(dataset).items()}
    for name, told in each.items():
        for note in told:
            if all(note in others for others in each.values()):
                yield from [note] if name == next(iter(each)) else []
            else:
                yield f"{name}: {note}"


def differing(each: list[Any], apart: set[str], path: str = "") -> Iterator[str]:
    """Paths at which scenarios differ, but for these: as long as they hold the same kinds of things."""
    if path in apart or all(one == each[0] for one in each):
        return
    if all(isinstance(one, dict) and one.get("kind") == each[0].get("kind") for one in each):
        for name in dict.fromkeys(name for one in each for name in one):
            yield from differing([one.get(name) for one in each], apart, f"{path}.{name}".strip("."))
    elif all(isinstance(one, list) and len(one) == len(each[0]) for one in each):
        for at in range(len(each[0])):
            yield from differing([one[at] for one in each], apart, f"{path}.{at}")
    else:
        yield path


def between(dataset: xr.Dataset) -> str:
    """In which fields scenarios differ, axes where a name has two meanings; nothing where one is not told."""
    every = [*scenarios(dataset).values()]
    aside = {*paths(dataset).values(), *ASIDE}
    if all("tune" in each for each in every):
        aside |= {at(each, "tune.over") for each in every}
    fields = [*ambiguous(dataset), *differing(every, aside)] if all(every) else []
    more = f" and {len(fields) - MOST_NAMED} more" * (len(fields) > MOST_NAMED)
    return f"runs differ in {', '.join(fields[:MOST_NAMED])}{more}" if fields else ""


def ambiguous(dataset: xr.Dataset) -> Iterator[str]:
    """Paths of axes that have a value whose name stands for something else in another run, as far as that is known."""
    told = {name: each for name, each in scenarios(dataset).items() if name and each}
    for name, path in paths(dataset).items():
        if not agree([each for each in meant(dataset, name, told) if each is not None]):
            yield path


def meant(dataset: xr.Dataset, axis: str, told: Mapping[str, Mapping[str, Any]]) -> list[Mapping[Any, Any] | None]:
    """Of each of these runs, by their scenarios, what the names of its values of an axis stand for, if it is known."""
    known, path = runs(dataset), paths(dataset)[axis]
    return [meanings(known[run].has.get(axis, []), axis in known[run].fixed, each, path) for run, each in told.items()]


def scenario(dataset: xr.Dataset) -> dict[str, Any]:
    """Of one run, empty where it is not told."""
    return dict(json.loads(dataset.attrs.get("scenario", "{}")))


def scenarios(dataset: xr.Dataset) -> dict[str, Mapping[str, Any]]:
    """Of each run: with the defaults of fields that came later, where this version reads all of them."""
    each = parts(dataset)
    read = {name: _planned(part.attrs.get("scenario", "{}")) for name, part in each.items()}
    known = None not in read.values()
    return {name: (read[name] or {}) if known else scenario(part) for name, part in each.items()}


@lru_cache(maxsize=64)
def _planned(text: str) -> Mapping[str, Any] | None:
    """As this version reads it; None where it does not."""
    told: dict[str, Any] = json.loads(text)
    try:
        return planned(told)[0].resolved if told else told
    except ValueError:
        return None


def paths(dataset: xr.Dataset) -> dict[str, str]:
    """Dotted paths of all axes and dimensions, by name."""
    return {
        str(name): str(dataset[name].attrs.get("path", name)) if name in dataset.coords else str(name)
        for name in dataset.dims
    }


def _names(dataset: xr.Dataset) -> list[str]:
    there = np.atleast_1d(dataset[AXIS].values).tolist() if runs(dataset) else []
    return [str(name) for name in there]


def _alone(dataset: xr.Dataset, name: str) -> xr.Dataset:
    told = runs(dataset)[name]
    at = {axis: dataset[axis].values.tolist() for axis in told.has if axis in dataset.dims}
    kept = {axis: [values.index(value) for value in told.has[axis] if value in values] for axis, values in at.items()}
    one = dataset.sel({AXIS: name}, drop=True) if AXIS in dataset.dims else dataset.drop_vars(AXIS)
    made = one.isel(kept)
    added = {name: each for name, each in dataset.attrs.items() if name not in OF_ALL}  # to what was joined
    made.attrs = added | told.said
    return made


def _labels(dataset: xr.Dataset, at: Mapping[str, int]) -> dict[str, Any]:
    """The values of axes at a place, and of those that nothing varies along any more."""
    known = {str(name): each for name, each in dataset.coords.items()}
    here = {name: known[name][place].item() for name, place in at.items() if name in known}
    return here | {name: each.item() for name, each in known.items() if each.ndim == 0}


def _many(count: int) -> str:
    return f"{count} seed{'s' if count > 1 else ''}"


@lru_cache(maxsize=8)
def _read(text: str) -> Mapping[str, Run]:
    try:
        return EVERY.validate_json(text)
    except (ValidationError, ValueError, RecursionError):
        raise ScenarioError(
            "runs: expected what each run says of itself and has of every axis, received another"
        ) from None
