"""Scenarios: what to simulate, from a file to results.

from overair.scenarios import run
dataset = run("quickstart", ["link.snr_db=[0,20]", "rounds=20"])
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .reading.errors import ScenarioError
    from .running.run import run
    from .studies.base import Study

__all__ = ["ScenarioError", "Study", "run"]
HOMES = {"ScenarioError": ".reading.errors", "Study": ".studies.base", "run": ".running.run"}


def __getattr__(name: str) -> Any:
    """Imported when first used: lists and schemas run nothing."""
    if name in HOMES:
        return getattr(importlib.import_module(HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
