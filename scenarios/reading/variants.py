"""Variants: an axis of its own for what goes together; each is a named table of changes by dotted path.

    [variants."A-DSGD, low power"]
    uplink.rule = "individual"
    link.snr_db = 0

The axis is ``variant``, the names are its labels, and it is the first. A table changes the fields that it names; a
scheme that names its kind takes the other's place. Variants have no axes in them; they multiply with those of the
scenario.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from . import axes, labels, limits
from .errors import ScenarioError, fault
from .overrides import changed
from .ranges import expanded
from .shapes import FieldShape, Path, dotted

FIELD, AXIS = "variants", "variant"
ABOUT = "what goes together, an axis of its own (named tables of changes by dotted path)"
Changes = dict[Path, Any]


def changes(given: Any) -> dict[str, Changes]:
    """The changes of each variant by its name."""
    if not isinstance(given, Mapping) or not given:
        raise ScenarioError(fault(FIELD, 'named tables of changes, such as {quiet = {"link.snr_db" = 0}}', given))
    found: dict[str, Changes] = {}
    for name, table in given.items():
        try:
            label = labels.checked(name)
        except ValueError as error:
            raise ScenarioError(f"scenario field {FIELD}.{name}: {error}") from None
        if not isinstance(table, Mapping) or not table:
            raise ScenarioError(fault(f"{FIELD}.{name}", "a table of changes by dotted path", table))
        if label in found:
            raise ScenarioError(fault(f"{FIELD}.{name}", "different names", name))
        found[label] = dict(_flat(table, (), f"{FIELD}.{name}"))
    return found


def paths(raw: Mapping[str, Any]) -> list[str]:
    """The dotted paths of all that variants change."""
    given = changes(raw[FIELD]) if FIELD in raw else {}
    return [dotted(path) for wanted in given.values() for path in wanted]


def made(shape: FieldShape, base: Any, given: Mapping[str, Changes], fixed: Mapping[str, str]) -> dict[str, Any]:
    """The raw scenario of each variant, with the axes of the base and no other."""
    found = axes.find(shape, base)
    return {name: _made(shape, base, name, wanted, found, fixed) for name, wanted in given.items()}


def named(line: str, name: str, wanted: Changes) -> str:
    """The line of a fault, which names the variant where the fault is in what it changes."""
    field = line.removeprefix("scenario field ").partition(":")[0]
    for path in map(dotted, wanted):
        if f"{field}.".startswith(f"{path}.") or f"{path}.".startswith(f"{field}."):
            return line.replace("scenario field ", f"scenario field {FIELD}.{name}.", 1)
    return line


def _made(shape: FieldShape, base: Any, name: str, wanted: Changes, found: axes.Axes, fixed: Mapping[str, str]) -> Any:
    raw = base
    for path, value in wanted.items():
        field = f"{FIELD}.{name}.{dotted(path)}"
        if path[0] in fixed:
            raise ScenarioError(fault(field, f"{fixed[str(path[0])]}, the same for all variants", value))
        for axis in found:
            if path[: len(axis)] == axis[: len(path)]:
                advice = f"{dotted(axis)} is one, so give each variant its value and drop the axis"
                raise ScenarioError(fault(field, "a field that is no axis", value, advice))
        try:
            raw = expanded(shape, changed(shape, raw, path, value))
        except ScenarioError as error:
            raise ScenarioError(*(named(line, name, wanted) for line in error.lines)) from None
    for axis in axes.find(shape, raw):
        if axis not in found:
            raise ScenarioError(
                fault(f"{FIELD}.{name}.{dotted(axis)}", "one value, as variants have no axes", "a list")
            )
    return raw


def _flat(table: Mapping[str, Any], above: Path, field: str) -> Iterator[tuple[Path, Any]]:
    for name, value in table.items():
        parts = name.split(".")
        path = (*above, *(int(part) if part.isdecimal() else part for part in parts))
        if not all(parts) or len(path) > limits.DEEPEST:
            raise ScenarioError(fault(f"{field}.{name}", "the dotted path of a field", name))
        if isinstance(value, Mapping) and value and "kind" not in value:
            yield from _flat(value, path, field)
        else:
            yield path, value
