"""What names of an axis's values stand for in a scenario, as names do for tables."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from ..reading import labels
from ..reading.errors import ScenarioError
from ..reading.variants import AXIS as VARIANT
from ..reading.variants import FIELD as VARIANTS


def meanings(has: Sequence[Any], fixed: bool, told: Mapping[str, Any], path: str) -> dict[Any, Any] | None:
    """Of each value that a run has; ``fixed``: of the one in its scenario. None where that is not known."""
    if all(isinstance(label, int | float) for label in has):
        return {label: label for label in has}
    value = told.get(VARIANTS) if path == VARIANT else at(told, path)
    if isinstance(value, dict) and path == VARIANT:
        return value
    values = [value] if fixed else value
    try:
        return dict(zip(labels.of(path, values), values, strict=True)) if isinstance(values, list) else None
    except ScenarioError:
        return None


def agree(meant: Sequence[Mapping[Any, Any]]) -> bool:
    """Whether names that several have stand for the same in all."""
    pairs = itertools.combinations(meant, 2)
    return all(other.get(name, one[name]) == one[name] for one, other in pairs for name in one)


def at(scenario: Any, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    value = scenario
    try:
        for part in path.split("."):
            value = value[int(part)] if isinstance(value, list) else value[part]
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return value
