"""From one scenario with lists to many without: all axes are multiplied, with the variants if there are any.

Every point is checked as a whole. Tables that no axis lies in are checked once and shared by all points.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .. import studies
from ..studies import Study
from . import axes, labels, limits, variants
from .axes import Axes
from .catalogue import Table
from .errors import ScenarioError, fault
from .labels import Label
from .ranges import expanded
from .shapes import FieldShape, Path, dotted, part_of

UNITS = 300_000  # points with seeds
TOLD = 20  # faults
NOT_AXES = {
    "study": "one word",
    "title": "one text",
    "seeds": "a list of whole numbers (seeds are a dimension of every result)",
}


class Point(NamedTuple):
    """One scenario of a sweep, and where it lies on every axis."""

    coordinates: dict[str, Label]
    scenario: Any  # checked, of the study's table


class Sweep(NamedTuple):
    """All points of a scenario, and the scenario with every default filled in."""

    axes: dict[str, list[Label]]
    points: list[Point]
    resolved: dict[str, Any]


class _Plan(NamedTuple):
    """A raw scenario taken apart."""

    table: type[Study]
    given: dict[str, variants.Changes]  # by variant
    raws: list[Any]  # one a variant, or the scenario itself
    found: Axes

    def places(self) -> list[tuple[int, ...]]:
        """The variant and the place on every axis, of every point."""
        return list(itertools.product(range(len(self.raws)), *(range(len(values)) for values in self.found.values())))


def sweep(raw: Mapping[str, Any]) -> Sweep:
    """Check a scenario and take it apart; ScenarioError with a line for every fault in any value, then in any point."""
    plan = _plan(raw)
    axes.points(plan.found, len(plan.raws))
    for path, values in plan.found.items():
        labels.different(dotted(path), values)
    places = plan.places()
    scenarios = _checked(plan, places)
    if len(places) * len(scenarios[0].seeds) > UNITS:
        received = f"{len(places)} points with {len(scenarios[0].seeds)} seeds"
        raise ScenarioError(f"scenario: expected at most {UNITS} points times seeds, received {received}")
    named: dict[str, list[Label]] = {variants.AXIS: list(plan.given)} if plan.given else {}
    resolved = _resolved(plan, places, scenarios)
    for path in plan.found:
        named[dotted(path)] = labels.of(dotted(path), _get(resolved, path))
    numbered = [place if plan.given else place[1:] for place in places]
    points = [
        Point({name: values[at] for (name, values), at in zip(named.items(), place, strict=True)}, scenario)
        for place, scenario in zip(numbered, scenarios, strict=True)
    ]
    return Sweep(named, points, resolved)


def _plan(raw: Mapping[str, Any]) -> _Plan:
    limits.check(raw)
    table = studies.of(raw)
    shape, fixed = FieldShape(table=table), {**NOT_AXES, **table.fixed}
    base = expanded(shape, {name: value for name, value in raw.items() if name != variants.FIELD})
    found = axes.find(shape, base)
    for path in found:
        if path[0] in fixed:
            raise ScenarioError(fault(dotted(path), fixed[str(path[0])], part_of(raw, path[0])))
    if variants.FIELD not in raw:
        return _Plan(table, {}, [base], found)
    given = variants.changes(raw[variants.FIELD])
    axes.points(found, len(given))
    return _Plan(table, given, list(variants.made(shape, base, given, fixed).values()), found)


def _checked(plan: _Plan, places: list[tuple[int, ...]]) -> list[Any]:
    """The scenarios of all points. Values of one axis are checked first, so that a wrong one is soon found."""
    inside = {
        name: [0, *(at for at, path in enumerate(plan.found, 1) if path[0] == name)] for name in plan.table.model_fields
    }
    tables: dict[tuple[Any, ...], Table] = {}  # by the places on the axes that lie in them
    scenarios: dict[tuple[int, ...], Any] = {}
    faults: list[str] = []
    alone = [place for place in places if sum(map(bool, place)) <= 1]
    for number, place in enumerate(dict.fromkeys([*alone, *places])):
        if faults and number >= len(alone):
            break
        single = axes.at(plan.raws[place[0]], plan.found, place[1:])
        keys = {name: (name, *(place[at] for at in within)) for name, within in inside.items()}
        known = {name: tables[key] for name, key in keys.items() if key in tables}
        try:
            scenario = scenarios[place] = studies.check(single | known)
        except ScenarioError as error:
            faults += _named(error.lines, plan, place[0])
            if len(faults) > 3 * TOLD:
                break
            continue
        for name in keys.keys() - known.keys():
            value, derived = getattr(scenario, name), plan.table.model_fields[name].default_factory is not None
            if isinstance(value, Table) and (name in single or not derived):
                tables[keys[name]] = value
    if faults:
        raise ScenarioError(*_some(faults))
    return [scenarios[place] for place in places]


def _named(lines: list[str], plan: _Plan, at: int) -> list[str]:
    for name, wanted in itertools.islice(plan.given.items(), at, at + 1):
        return [variants.named(line, name, wanted) for line in lines]
    return lines


def _some(faults: list[str]) -> list[str]:
    different = list(dict.fromkeys(faults))
    return different if len(different) <= TOLD else [*different[:TOLD], "scenario: expected no faults, received more"]


def _resolved(plan: _Plan, places: list[tuple[int, ...]], scenarios: list[Any]) -> dict[str, Any]:
    """The scenario with every default, the values of every axis, and for variants what differs between them."""
    count = len(places) // len(plan.raws)
    dumps = [scenario.model_dump(mode="json") for scenario in scenarios[::count]]  # the first of each variant
    resolved, stride = dumps[0], count
    for path, values in plan.found.items():
        stride //= len(values)
        along = [scenarios[at * stride] for at in range(len(values))]
        for name in plan.table.model_fields.keys() - plan.raws[0].keys():  # defaults that depend on others
            if any(getattr(scenario, name) != getattr(along[0], name) for scenario in along):
                resolved.pop(name, None)
        filled = [_get(scenario.model_dump(mode="json"), path) for scenario in along]
        resolved = axes.replaced(resolved, path, filled)
    if not plan.given:
        return resolved
    different = _different(dumps, plan.found)
    told = {
        name: {dotted(path): _get(dump, path) for path in different if _has(dump, path)}
        for name, dump in zip(plan.given, dumps, strict=True)
    }
    for path in different:
        resolved = _without(resolved, path)
    return resolved | {variants.FIELD: told}


def _different(dumps: Sequence[Any], found: Axes, path: Path = ()) -> list[Path]:
    """The paths at which scenarios differ, as short as they can be with no axis inside."""
    if path in found or all(dump == dumps[0] for dump in dumps[1:]):
        return []
    if not any(axis[: len(path)] == path for axis in found):
        if path:
            return [path]
    every = dict.fromkeys(part for dump in dumps for part in (dump if isinstance(dump, dict) else range(len(dump))))
    return [
        each for part in every for each in _different([part_of(dump, part) for dump in dumps], found, (*path, part))
    ]


def _has(value: Any, path: Path) -> bool:
    """Whether there is such a field: what is none unless given is left out."""
    try:
        _get(value, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _get(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _without(value: Any, path: Path) -> Any:
    if len(path) == 1:
        return {name: inner for name, inner in value.items() if name != path[0]}
    return axes.replaced(value, path[:1], _without(value[path[0]], path[1:]))
