"""How a result is had again: its scenario as a TOML file, and the command that runs it."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import xarray as xr

from ..reading import catalogue, files, outside, skeleton
from ..reading.overrides import apply
from ..reading.planned import planned

FILE = "scenario.toml"


class Again(NamedTuple):
    """A command, and a file that it runs, or the scenario as JSON where this version reads neither."""

    command: str
    file: str
    """Empty where there is no scenario."""
    json: bool = False
    fault: str = ""
    """Why the scenario is not read."""


def again(dataset: xr.Dataset) -> Again:
    """The command and the file that give a result again; both are tried on the scenario."""
    scenario = json.loads(dataset.attrs.get("scenario", "{}"))
    if not scenario:
        return Again("", "")
    text = toml(scenario)
    name = str(dataset.attrs.get("preset", ""))
    if changes := _changes(name, scenario):
        return Again(" ".join(["overair run", name, *changes[0], *_folders(text), f"--out runs/{name}"]), text)
    if not (fault := _fault(scenario, lambda: files.parsed(text))):
        return Again(" ".join(["overair run", FILE, *_folders(text), "--out runs/again"]), text)
    return Again("", json.dumps(scenario, indent=2), json=True, fault=fault)


def _folders(text: str) -> list[str]:
    """The options that name the folders of one's own that a scenario takes schemes of."""
    points = planned(files.parsed(text))[0].points
    return outside.again({each.source.origin for point in points for each in catalogue.schemes(point.scenario)})


def toml(scenario: Mapping[str, Any]) -> str:
    """A scenario as a file has it: a line a field, tables in one line; what is not given is left out."""
    return "".join(f"{line}\n" for line in _lines(scenario))


def _lines(scenario: Mapping[str, Any]) -> Iterator[str]:
    for name, value in scenario.items():
        if value is None:
            continue
        many = isinstance(value, list) and len(value) > 1 and isinstance(value[0], dict | list)
        inner = ",\n".join(f"    {skeleton.toml(item)}" for item in value) if many else ""
        yield f"{skeleton.key(name)} = " + (f"[\n{inner},\n]" if many else skeleton.toml(value))


def _changes(preset: str, scenario: Mapping[str, Any]) -> list[list[str]]:
    """The options of ``run`` by which a preset becomes a scenario, in a list; an empty one where none do."""
    if preset not in files.presets():
        return []
    name, raw = files.read(preset)
    usual = _resolved(raw)
    values = {each: value for each, value in scenario.items() if not _within(value, usual.get(each))}
    sets = [f"{each}={skeleton.toml(value)}" for each, value in values.items()]
    return [] if _fault(scenario, lambda: apply(raw, sets)) else [[f"--set {shlex.quote(each)}" for each in sets]]


def _fault(scenario: Mapping[str, Any], made: Any) -> str:
    """Why what is made is not read as the scenario, empty where it is."""
    try:
        return "" if _within(scenario, _resolved(made())) else "it is read as another"
    except ValueError as error:
        return str(error)


def _within(told: Any, now: Any) -> bool:
    """Whether all that is told is so now; fields that are new since have their defaults."""
    if isinstance(told, Mapping) and isinstance(now, Mapping):
        return all(name in now and _within(value, now[name]) for name, value in told.items())
    if isinstance(told, list) and isinstance(now, list):
        return len(told) == len(now) and all(map(_within, told, now))
    return bool(told == now)


def _resolved(raw: Mapping[str, Any]) -> dict[str, Any]:
    return planned(raw)[0].resolved
