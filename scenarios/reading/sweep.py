"""From one scenario with lists to many without: a list where one value belongs is an axis, and all axes are
multiplied.

A field that is a list by nature, link.impairments, takes a list of lists. Axes may lie inside tables and schemes
(grant.compression, uplink.codec.compression). Inside a value of an axis, a list adds values to that axis: uplink =
["ideal", {kind = "digital", margin_db = [0, 3]}] has three. Numbers name the values of their axis; schemes are
named by kind and, where that is not enough, by the fields in which they differ.
"""

import copy
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .errors import ScenarioError, fault, shown
from .shapes import FieldShape, Path, dotted, part_of
from .. import studies

Label = int | float | str
NOT_AXES = {
    "study": "one word",
    "title": "one text",
    "seeds": "a list of whole numbers (seeds are a dimension of every result)",
}


class Point(NamedTuple):
    """One scenario of a sweep, and where it lies on every axis."""

    coordinates: dict[str, Label]
    scenario: Any  # checked, of the task's table


class Sweep(NamedTuple):
    """All points of a scenario, and the scenario with every default filled in."""

    axes: dict[str, list[Label]]
    points: list[Point]
    resolved: dict[str, Any]


def axes(raw: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of every axis as they were written, by dotted path."""
    return {dotted(path): values for path, values in _axes(FieldShape(table=studies.of(raw)), raw, ()).items()}


def sweep(raw: Mapping[str, Any]) -> Sweep:
    """Check a scenario and take it apart; ScenarioError with a line for every fault in any point."""
    found = _axes(FieldShape(table=studies.of(raw)), raw, ())
    not_axes = {**NOT_AXES, **studies.of(raw).fixed}
    for path in found:
        if path[0] in not_axes:
            raise ScenarioError(fault(dotted(path), not_axes[str(path[0])], part_of(raw, path[0])))
    places = list(itertools.product(*(range(len(values)) for values in found.values())))
    scenarios, faults = [], []
    for place in places:
        try:
            scenarios.append(studies.check(_at(raw, found, place)))
        except ScenarioError as error:
            faults += error.lines
    if faults:
        raise ScenarioError(*faults)

    resolved = scenarios[0].model_dump(mode="json")
    labels: dict[str, list[Label]] = {}
    for number, (path, values) in enumerate(found.items()):
        firsts = [next(at for at, place in enumerate(places) if place[number] == each) for each in range(len(values))]
        filled = [_get(scenarios[at].model_dump(mode="json"), path) for at in firsts]
        labels[dotted(path)] = _labels(dotted(path), filled)
        _set(resolved, path, filled)
    points = [
        Point({name: labels[name][at] for name, at in zip(labels, place, strict=True)}, scenario)
        for place, scenario in zip(places, scenarios, strict=True)
    ]
    return Sweep(labels, points, resolved)


def _axes(shape: FieldShape, value: Any, path: Path) -> dict[Path, list[Any]]:
    """Values by path, in the order of writing; values that hold lists themselves are multiplied out."""
    if isinstance(value, list) and shape.many and not any(isinstance(item, list) for item in value):
        parts: Any = enumerate(value)
    elif isinstance(value, list):
        if not value:
            raise ScenarioError(fault(dotted(path), "at least one value", value))
        if shape.many and not all(isinstance(item, list) for item in value):
            raise ScenarioError(fault(dotted(path), "a list, or for an axis a list of lists", value))
        return {path: [single for item in value for single in _singles(shape, item)]}
    else:
        parts = value.items() if isinstance(value, Mapping) else ()
    found: dict[Path, list[Any]] = {}
    for part, inner in parts:
        found |= _axes(shape.child(value, part) or FieldShape(), inner, (*path, part))
    return found


def _singles(shape: FieldShape, value: Any) -> list[Any]:
    """A value of an axis as the values without lists that it stands for."""
    if isinstance(value, list) and not shape.many:
        return [value]  # a list within a list: the check complains
    inner = _axes(shape, value, ())
    return [_at(value, inner, place) for place in itertools.product(*(range(len(each)) for each in inner.values()))]


def _at(raw: Any, found: dict[Path, list[Any]], place: Sequence[int]) -> Any:
    """The raw value at one place of its axes."""
    single = copy.deepcopy(raw)
    for (path, values), at in zip(found.items(), place, strict=True):
        _set(single, path, copy.deepcopy(values[at]))
    return single


def _get(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _set(value: Any, path: Path, new: Any) -> None:
    _get(value, path[:-1])[path[-1]] = new


def _labels(axis: str, values: list[Any]) -> list[Label]:
    """A number or a short text for every value, all different."""
    for at, value in enumerate(values):
        if value in values[:at]:
            raise ScenarioError(fault(axis, "different values", values, f"{shown(value)} is there twice"))
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return list(values)
    names, details = [_name(value) for value in values], [_flat(value) for value in values]
    labels: list[Label] = []
    for name, detail in zip(names, details, strict=True):
        rivals = [other for other, other_name in zip(details, names, strict=True) if other_name == name]
        labels.append(" ".join(filter(None, [name, *_differences(detail, rivals)])))
    return labels


def _name(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("kind", value.get("name", "")))
    if isinstance(value, list):
        return " + ".join(map(_name, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """The plain values inside a value, by dotted path, kinds before fields."""
    if not isinstance(value, dict | list):
        return {prefix: value}
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return {name: plain for part, inner in parts for name, plain in _flat(inner, f"{prefix}.{part}".strip(".")).items()}


def _differences(detail: dict[str, Any], rivals: list[dict[str, Any]]) -> list[str]:
    """As few of a value's fields as tell all rivals apart."""
    chosen: list[str] = []
    groups = 1
    for key in dict.fromkeys(key for rival in rivals for key in rival):
        apart = len({tuple(shown(rival.get(each)) for each in [*chosen, key]) for rival in rivals})
        if apart > groups:
            chosen, groups = [*chosen, key], apart
    there = [
        key for key in detail if detail[key] is not None and any(rival.get(key) != detail[key] for rival in rivals)
    ]
    return [_word(key, detail[key]) for key in chosen if key in there] or [_word(key, detail[key]) for key in there[:1]]


def _word(key: str, value: Any) -> str:
    last, text = key.split(".")[-1], _name(value).removesuffix(".0")
    return text if last == "kind" else f"{last}={text}"
