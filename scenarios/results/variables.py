"""What a dataset holds: the measures of its study, or what a search has found."""

import json
from collections.abc import Mapping
from typing import Any

from .. import studies
from ..reading.quantities import quantity
from ..reading.searches import Find
from .measures import Measure


def variables(attributes: Mapping[str, Any]) -> tuple[Measure, ...]:
    """By the attributes of a dataset, the main one first; ValueError where they name no search."""
    if "find" in attributes:
        return required(**_told(attributes["find"]))
    return studies.load(attributes.get("study", studies.USUAL)).measures


def _told(find: Any) -> dict[str, str]:
    try:
        told = dict(json.loads(find))
    except (TypeError, RecursionError):
        told = {}
    if told.keys() != {"over", "unit", "target"} or not all(isinstance(each, str) for each in told.values()):
        raise ValueError("find: expected over, unit and target as texts")
    return told


def about(find: Find, scenario: Any) -> str:
    """What a dataset says of a search."""
    unit, name = quantity(scenario, find.over)
    return json.dumps({"over": name, "unit": unit, "target": find.target})


def required(over: str, unit: str, target: str) -> tuple[Measure, ...]:
    """What a search measures."""
    heading = f"{over}{'' if unit == '1' else f'/{unit}'} for {target}"
    return (
        Measure("required", unit, f"{over} for {target}", heading=heading, better="low"),
        Measure("probes", "1", "values tried", heading="probes"),
        Measure("fell", "1", "largest fall of what is searched for from a value to a larger one", "max"),
    )
