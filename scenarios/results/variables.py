"""What a dataset holds: the measures of its study, with what was chosen for each point, or what a search has found."""

import json
from collections.abc import Mapping
from typing import Any

from .. import studies
from ..reading.quantities import quantity
from ..reading.searches import Find, Searches, Tune
from .measures import Measure


def variables(attributes: Mapping[str, Any]) -> tuple[Measure, ...]:
    """By the attributes of a dataset, the main one first; ValueError where they name no search."""
    measures = studies.load(attributes.get("study", studies.USUAL)).measures
    if "find" in attributes:
        measures = required(**told(attributes, "find"))
    return (*measures, _tuned(**told(attributes, "tune"))) if "tune" in attributes else measures


def told(attributes: Mapping[str, Any], search: str) -> dict[str, str]:
    """What a dataset says of a search; ValueError where it does not say all of it."""
    try:
        found = dict(json.loads(attributes[search]))
    except (TypeError, ValueError, RecursionError):
        found = {}
    wanted = {"find": ("over", "unit", "target"), "tune": ("over", "unit", "values")}[search]
    if {*found} != {*wanted} or not all(isinstance(each, str) for each in found.values()):
        raise ValueError(f"{search}: expected {', '.join(wanted[:-1])} and {wanted[-1]} as texts")
    return found


def about(searches: Searches, scenario: Any) -> dict[str, str]:
    """What a dataset says of its searches, by name."""
    said = {"find": _about_find(searches.find, scenario)} if searches.find else {}
    return said | ({"tune": _about_tune(searches.tune, scenario)} if searches.tune else {})


def required(over: str, unit: str, target: str) -> tuple[Measure, ...]:
    """What a search measures."""
    heading = f"{over}{'' if unit == '1' else f'/{unit}'} for {target}"
    return (
        Measure("required", unit, f"{over} for {target}", heading=heading, better="low"),
        Measure("probes", "1", "values tried", heading="probes"),
        Measure("fell", "1", "largest fall of what is searched for from a value to a larger one", "max"),
    )


def _tuned(over: str, unit: str, values: str) -> Measure:
    heading = f"{over}{'' if unit == '1' else f'/{unit}'}"
    return Measure("tuned", unit, f"{over}, the best of {values} on validation data", heading=heading, over=())


def _about_find(find: Find, scenario: Any) -> str:
    unit, name = quantity(scenario, find.over)
    return json.dumps({"over": name, "unit": unit, "target": find.target})


def _about_tune(tune: Tune, scenario: Any) -> str:
    unit, name = quantity(scenario, tune.over)[0], tune.over.rpartition(".")[2].replace("_", " ")
    values = ", ".join(f"{value:g}" for value in sorted(tune.values))
    return json.dumps({"over": name, "unit": unit, "values": values})
