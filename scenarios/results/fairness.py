"""Whether all that is compared was given the same, in a sentence: links, resource elements, energy and seeds.

Measures declare by their ``part`` what they count: ``elements`` and ``energy``, the largest of any device relative to
its budget. Elements are compared seed by seed at each place, of those who send at all; links by the fields that decide
them. What a result does not tell is not said.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .. import studies
from .variables import variables

AIR = ("link", "grid", "devices", "participation", "sensors")  # fields that decide links
KNOWN = ("csit", "csir", "combiner")  # of a link, what is known of it and done with it
CLOSE = 1e-4  # of float32 energies


class Given(NamedTuple):
    """What the lines of a panel were given."""

    air: str  # what decides links, as text; empty where it is not told
    apart: tuple[str, ...]  # axes by which links differ
    elements: tuple[float, float]  # the least and the largest, where they differ most; NaN if not told
    steady: bool  # whether the same number stands at all places, and all its parts are known
    energy: float  # the largest over P; NaN if not told
    seeds: tuple[int, ...]


def given(dataset: xr.Dataset, compared: Iterable[str]) -> Given:
    """To the places on these axes."""
    axes = [name for name in compared if dataset.sizes.get(name, 1) > 1]
    scenario = _scenario(dataset)
    apart = tuple(name for name in axes if _changes_links(name, dataset, scenario))
    used, energy = _elements(dataset), _largest_energy(dataset)
    low, high, steady = np.nan, np.nan, False
    if used is not None and bool(used.notnull().any()):
        least, most = (used.min(axes), used.max(axes)) if axes else (used, used)
        worst = (most / least).fillna(0.0).argmax(...)
        low, high = (float(each.isel(worst)) for each in (least, most))
        steady = float(used.min()) == float(used.max()) and _all_known(dataset)
    seeds = tuple(int(seed) for seed in dataset["seed"].values)
    same = studies.load(dataset.attrs.get("study", studies.USUAL)).same_links
    return Given(_air(scenario) if same else "", apart, (low, high), steady, energy, seeds)


def told(*runs: Given) -> str:
    """Of what is compared in one run, or in several; nothing where nothing is known."""
    unequal, equal = [], []
    if apart := [name for run in runs for name in run.apart]:
        unequal.append(f"links, by {' and '.join(dict.fromkeys(apart))}")
    elif len({run.air for run in runs}) > 1:
        unequal.append("links")
    elif runs[0].air:
        equal.append("same links")
    ranges = [run.elements for run in runs if not np.isnan(run.elements[0])]
    low, high = min((each[0] for each in ranges), default=np.nan), max((each[1] for each in ranges), default=np.nan)
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
        unequal.append("seeds")
    return _sentence(unequal, equal, len(runs[0].seeds))


def line(dataset: xr.Dataset, compared: Sequence[str]) -> str:
    """Of one run; nothing where one stands alone."""
    count = np.prod([dataset.sizes.get(name, 1) for name in compared])
    return told(given(dataset, compared)) if count > 1 else ""


def _sentence(unequal: Sequence[str], equal: Sequence[str], seeds: int) -> str:
    if unequal:
        return f"Not compared alike: {'; '.join(unequal)}" + (f". Alike: {', '.join(equal)}" if equal else "") + "."
    many = [f"{seeds} seed{'s' if seeds > 1 else ''}"]
    return f"Compared alike: {', '.join([*equal, *many])}." if equal else ""


def _scenario(dataset: xr.Dataset) -> dict[str, Any]:
    return dict(json.loads(dataset.attrs.get("scenario", "{}")))


def _changes_links(axis: str, dataset: xr.Dataset, scenario: dict[str, Any]) -> bool:
    path = str(dataset[axis].attrs.get("path", axis)) if axis in dataset.coords else axis
    if axis == "variant":
        return len({_air(variant) for variant in scenario.get("variants", {}).values()}) > 1
    return _is_of_air(path)


def _is_of_air(path: str) -> bool:
    first, _, rest = path.partition(".")
    return first in AIR and rest.partition(".")[0] not in KNOWN


def _air(scenario: dict[str, Any]) -> str:
    """The fields that decide links, also those of variants, as text."""
    fields = _fields(scenario)
    fields |= {name: _air(variant) for name, variant in scenario.get("variants", {}).items()}
    return json.dumps(fields, sort_keys=True) if fields else ""


def _fields(scenario: dict[str, Any]) -> dict[str, Any]:
    """Those that decide links, by their paths: a variant has dotted ones."""
    fields = {name: value for name, value in scenario.items() if _is_of_air(name)}
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
