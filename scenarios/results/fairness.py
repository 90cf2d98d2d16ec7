"""Whether all that is compared was given the same, in a sentence: links, resource elements, energy and seeds.

Measures declare by their ``part`` what they count: ``elements`` and ``energy``, the largest of any device relative to
its budget. Elements are compared seed by seed at each place, of those who send at all; links by the fields that decide
them. What a result does not tell is not said. Of a result of several runs (`joined.py`) they are compared from run to
run as well, and so are seeds and versions.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .. import studies
from ..reading.variants import AXIS as VARIANT
from ..reading.variants import FIELD as VARIANTS
from . import joined
from .joined import AXIS, scenario
from .meanings import agree
from .variables import variables

AIR = ("link", "grid", "devices", "participation", "sensors")  # fields that decide links
KNOWN = ("csit", "csir", "combiner")  # of a link, what is known of it and done with it
MOVES = ("speed", "ppm")  # of channels and clocks: where there is one, links depend on when a round is
GRANT = "grant"  # decides how long a round takes
CLOSE = 1e-4  # of float32 energies


class Given(NamedTuple):
    """What the lines of a panel were given."""

    air: str  # what decides links, as text; empty where it is not told
    moves: bool  # whether links depend on when a round is
    apart: tuple[str, ...]  # axes by which links differ
    elements: tuple[float, float]  # the least and the largest, where they differ most; NaN if not told
    steady: bool  # whether the same number stands at all places, and all its parts are known
    energy: float  # the largest over P; NaN if not told
    seeds: tuple[int, ...]
    versions: str = ""  # as JSON, where they are compared


def given(dataset: xr.Dataset, compared: Iterable[str]) -> Given:
    """To the places on these axes."""
    axes = [name for name in compared if dataset.sizes.get(name, 1) > 1]
    told = scenario(dataset)
    apart = tuple(name for name in axes if _changes_links(name, dataset, told))
    used, low, high = _elements(dataset), np.nan, np.nan
    if used is not None and bool(used.notnull().any()):
        low, high = _range(used, axes)
    steady = low == high and used is not None and float(used.min()) == float(used.max()) and _all_known(dataset)
    seeds = tuple(sorted(int(seed) for seed in dataset["seed"].values))
    same = studies.load(dataset.attrs.get("study", studies.USUAL)).same_links
    moves = _moves(told)
    air = _air(told, moves) if same else ""
    return Given(air, moves, apart, (low, high), steady, _largest_energy(dataset), seeds)


def told(*runs: Given) -> str:
    """Of what is compared in one run, or in several; nothing where nothing is known."""
    unequal, equal = [], []
    ranges = [run.elements for run in runs if not np.isnan(run.elements[0])]
    low, high = min((each[0] for each in ranges), default=np.nan), max((each[1] for each in ranges), default=np.nan)
    at_times = high > low and any(run.moves for run in runs)
    if apart := [name for run in runs for name in run.apart]:
        unequal.append(f"links, by {' and '.join(dict.fromkeys(apart))}")
    elif len({run.air for run in runs} - {""}) > 1:
        unequal.append("links")
    elif all(run.air for run in runs) and len({(run.seeds, run.versions) for run in runs}) == 1 and not at_times:
        equal.append("same links")
    if high > low:
        unequal.append(f"elements, {low:,.0f} to {high:,.0f}")
    elif ranges and len(ranges) == len(runs):
        equal.append("same elements" + (f" ({high:,.0f}, with pilots)" if all(run.steady for run in runs) else ""))
    energies = [run.energy for run in runs]
    energy = np.nanmax([*energies, 0.0])
    if energy > 1 + CLOSE:
        unequal.append(f"energy, up to {energy:.3g} P")
    elif not np.isnan(energies).any():
        equal.append("energy at most P")
    if len({run.seeds for run in runs}) > 1:
        counts = dict.fromkeys(len(run.seeds) for run in runs)
        unequal.append("seeds" + f", {' and '.join(map(str, counts))}" * (len(counts) > 1))
    if versions := [*joined.differing([json.loads(run.versions) for run in runs if run.versions], set())]:
        unequal.append(f"versions of {' and '.join(versions)}")
    return _sentence(unequal, equal, len(runs[0].seeds))


def line(dataset: xr.Dataset, compared: Sequence[str]) -> str:
    """Of one run, or of several that were joined; nothing where one stands alone."""
    parts = joined.parts(dataset)
    if len(parts) > 1:
        return told(*_of_runs(dataset, [name for name in compared if name != AXIS]))
    (alone,) = parts.values()
    count = np.prod([alone.sizes.get(name, 1) for name in compared])
    return told(given(alone, compared)) if count > 1 else ""


def _of_runs(dataset: xr.Dataset, compared: Sequence[str]) -> Iterator[Given]:
    """What each run was given; elements are those of all runs at a place, and fields of links differ but on axes."""
    parts, told = joined.parts(dataset), joined.scenarios(dataset)
    several = [name for name in compared if dataset.sizes.get(name, 1) > 1]
    axes, used = [AXIS, *several], _elements(dataset)
    fields = tuple(_differing_fields(dataset, told))
    for name, part in parts.items():
        own, versions = given(part, compared), part.attrs.get("versions", "")
        apart = fields + tuple(axis for axis in several if _changes_links(axis, dataset, told[name]))
        elements = own.elements if used is None or np.isnan(own.elements[0]) else _range(used, axes)
        steady = own.steady and used is not None and float(used.min()) == float(used.max())
        yield own._replace(
            air=own.air and versions and "told", apart=apart, elements=elements, steady=steady, versions=versions
        )


def _differing_fields(dataset: xr.Dataset, scenarios: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Paths of fields that decide links and are not the same in all runs, as far as they are told."""
    paths = joined.paths(dataset)
    told = {name: each for name, each in scenarios.items() if each}
    moves = any(map(_moves, told.values()))
    airs = [_fields(each, moves) for each in told.values()]
    yield from joined.differing(airs, {*paths.values()}) if airs else ()
    for name in (name for name, path in paths.items() if path == VARIANT or _is_of_air(path, moves)):
        found = joined.meant(dataset, name, told)
        meant = [each for each in found if each is not None]
        if paths[name] == VARIANT:
            meant = [{label: _fields(changes, moves) for label, changes in each.items()} for each in meant]
        if len(meant) < len(found) or not agree(meant):
            yield name


def _range(used: xr.DataArray, axes: Sequence[str]) -> tuple[float, float]:
    """The least and the most elements over these axes, where they differ most; of all where runs share no place."""
    axes = axes if AXIS not in axes or _meet(used, axes) else [str(name) for name in used.dims]
    least, most = (used.min(axes), used.max(axes)) if axes else (used, used)
    worst = (most / least).fillna(0.0).argmax(...)
    return float(least.isel(worst)), float(most.isel(worst))


def _meet(used: xr.DataArray, axes: Sequence[str]) -> bool:
    """Whether all runs that send do so where the first of them does, so that they can be compared there."""
    there = used.notnull().any([name for name in axes if name != AXIS])
    others = [name for name in there.dims if name != AXIS]
    there = there.isel({AXIS: there.any(others).values})
    return bool((there & there[{AXIS: 0}]).any(others).all())


def _sentence(unequal: Sequence[str], equal: Sequence[str], seeds: int) -> str:
    if unequal:
        return f"Not compared alike: {'; '.join(unequal)}" + (f". Alike: {', '.join(equal)}" if equal else "") + "."
    many = [f"{seeds} seed{'s' if seeds > 1 else ''}"]
    return f"Compared alike: {', '.join([*equal, *many])}." if equal else ""


def _changes_links(axis: str, dataset: xr.Dataset, scenario: Mapping[str, Any]) -> bool:
    path = str(dataset[axis].attrs.get("path", axis)) if axis in dataset.coords else axis
    moves = _moves(scenario)
    if axis == VARIANT:
        return len({_air(variant, moves) for variant in scenario.get(VARIANTS, {}).values()}) > 1
    return _is_of_air(path, moves)


def _is_of_air(path: str, moves: bool) -> bool:
    first, _, rest = path.partition(".")
    return (first in AIR and rest.partition(".")[0] not in KNOWN) or (moves and first == GRANT)


def _moves(scenario: Mapping[str, Any]) -> bool:
    """Whether something in a scenario's links does, also in some of its variants."""
    paths = {name: value for name, value in scenario.items() if name.partition(".")[0] in AIR}
    return _names_motion(paths) or any(map(_moves, scenario.get(VARIANTS, {}).values()))


def _names_motion(told: Any) -> bool:
    if isinstance(told, Mapping):
        return any(
            (name.rpartition(".")[2] in MOVES and value not in (0, [0])) or _names_motion(value)
            for name, value in told.items()
        )
    return isinstance(told, list) and any(map(_names_motion, told))


def _air(scenario: Mapping[str, Any], moves: bool) -> str:
    """The fields that decide links, also those of variants, as text."""
    fields = _fields(scenario, moves)
    fields |= {name: _air(variant, moves) for name, variant in scenario.get(VARIANTS, {}).items()}
    return json.dumps(fields, sort_keys=True) if fields else ""


def _fields(scenario: Mapping[str, Any], moves: bool) -> dict[str, Any]:
    """Those that decide links, by their paths: a variant has dotted ones."""
    fields = {name: value for name, value in scenario.items() if _is_of_air(name, moves)}
    if isinstance(fields.get("link"), dict):
        fields["link"] = {name: value for name, value in fields["link"].items() if name not in KNOWN}
    return fields


def _all_known(dataset: xr.Dataset) -> bool:
    names = [each.name for each in variables(dataset.attrs) if each.part == "elements"]
    return all(name in dataset and bool(dataset[name].notnull().any()) for name in names)


def _elements(dataset: xr.Dataset) -> xr.DataArray | None:
    """Of those who send, pilots included."""
    parts = [
        dataset[each.name] for each in variables(dataset.attrs) if each.part == "elements" and each.name in dataset
    ]
    known = [part for part in parts if bool(part.notnull().any())]
    if not known:
        return None
    used = sum((part.fillna(0.0) for part in known[1:]), known[0])
    return used.where(known[0] > 0)


def _largest_energy(dataset: xr.Dataset) -> float:
    named = [each.name for each in variables(dataset.attrs) if each.part == "energy" and each.name in dataset]
    found = [float(dataset[name].max()) for name in named]
    return found[0] if found else np.nan
