"""A scenario taken apart with its searches, which fit all its points; nothing heavy is imported."""

from collections.abc import Iterable, Mapping
from typing import Any

from . import variants
from .described import described
from .errors import ScenarioError, closest, fault
from .searches import Searches, taken
from .sweep import Point, Sweep, sweep


def planned(raw: Mapping[str, Any]) -> tuple[Sweep, Searches]:
    """The sweep, whose resolved scenario names the searches too, and these; ScenarioError where they do not fit."""
    plain, searches = taken(raw)
    plan = sweep(plain)
    searches.check([*plan.axes, *variants.paths(plain)])
    for name, path in searches.over().items():
        _check_field(f"{name}.over", path, plan.points)
    plan.resolved.update(searches.told())
    return plan, searches


def _check_field(name: str, path: str, points: Iterable[Point]) -> None:
    """Refuses a search over what is no number of a point; tables that points share are looked at once."""
    seen = dict[int, Any]()
    for point in points:
        table = getattr(point.scenario, path.split(".")[0], None)
        if id(table) not in seen:
            seen[id(table)] = table  # kept, so that no other gets its number
            _check_one(name, path, point.scenario)


def _check_one(name: str, path: str, study: Any) -> None:
    try:
        *_, holder, last = holding(study, path)
    except LookupError:
        match = closest(path, described(type(study)))
        advice = f"did you mean {match}?" if match else f"see overair list fields {study.study}"
        raise ScenarioError(fault(name, "a field of the scenario", path, advice)) from None
    if isinstance(holder[last], bool | str | dict):
        advice = f"see overair list fields {study.study}"
        raise ScenarioError(fault(name, "a field that holds a number", path, advice))


def holding(study: Any, path: str) -> tuple[dict[str, Any], Any, Any]:
    """A scenario as data, and what of it holds the field of a dotted path, by which name; LookupError of no field."""
    raw: dict[str, Any] = study.model_dump(mode="json")
    holder: Any = raw
    *above, last = (int(part) if part.isdecimal() else part for part in path.split("."))
    try:
        for part in above:
            holder = holder[part]
        holder[last]
    except TypeError:  # of a number in a list's place, or a list in a table's
        raise LookupError(path) from None
    return raw, holder, last
