"""Tasks: which kind of scenario a raw table is."""

from collections.abc import Mapping
from typing import Any

from . import schema
from .catalogue import Table
from .errors import ScenarioError, fault
from .images import Images
from .schema import Scenario


def table_of(raw: Mapping[str, Any]) -> type[Table]:
    """The table that a raw scenario is checked by: federated learning unless it names another task."""
    if "task" not in raw:
        return Scenario
    if raw["task"] != "images":
        raise ScenarioError(fault("task", "images, or none for federated learning", raw["task"]))
    return Images


def check(raw: Mapping[str, Any]) -> Any:
    """The scenario of a raw table without axes; ScenarioError with a line for every fault."""
    return schema.check(raw, table_of(raw))


def is_images(raw: Mapping[str, Any]) -> bool:
    """Whether a raw or resolved scenario is one of images."""
    return raw.get("task") == "images"
