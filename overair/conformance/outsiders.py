"""Somebody else's package before its tests: which schemes it has, and what keeps them from being tested."""

from collections.abc import Callable
from typing import Any

from ..scenarios.reading import outside
from ..scenarios.reading.errors import ScenarioError
from . import plugin


def complaints() -> list[str]:
    """One line for each file that cannot be read or imported, or whose schemes cannot be made."""
    return _of(_families) or [line for family in _families() for line in _of_family(family)]


def summary() -> list[str]:
    """The package, its folder and its schemes."""
    from .found import families, kinds

    package = next(each for each in outside.packages() if each.name == plugin.origin)
    schemes = "; ".join(f"{family}: {', '.join(kinds(family))}" for family in families())
    return [f"overair: schemes of {package.name} ({package.folder}): {schemes}"]


def _families() -> list[str]:
    from .found import families

    return families()


def _of_family(family: str) -> list[str]:
    from ..scenarios.reading import catalogue
    from .found import examples, kinds

    alone = [line for kind in kinds(family) for line in _of(lambda kind=kind: catalogue.load(family, kind))]
    return alone or _of(lambda: examples(family))


def _of(attempt: Callable[[], Any]) -> list[str]:
    try:
        attempt()
    except ScenarioError as error:
        return list(error.lines)
    except (ValueError, TypeError, OSError) as error:
        return [str(error)]
    return []
