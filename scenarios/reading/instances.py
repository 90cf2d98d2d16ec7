"""Schemes given as objects, from Python, where a scenario has kinds: the tables that they stand for."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from .errors import ScenarioError
from .sources import FAMILIES, Source, sources


def plain(value: Any) -> Any:
    """A raw scenario in which objects of schemes, ours or of a package that was named, are tables."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _table(value)
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def _table(made: Any) -> dict[str, Any]:
    kind, module = type(made), type(made).__module__
    found = [each for family in FAMILIES for each in sources(family).values() if _is(each, kind.__name__, module)]
    if not found:
        how = "put it into a file such as folder/channels/NAME.py and name the folder by overair.use(folder)"
        raise ScenarioError(f"scenario: expected objects of schemes, received a {kind.__name__} of {module}; {how}")
    fields = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    return {"kind": found[0].kind} | {name: plain(item) for name, item in fields.items() if item is not None}


def _is(source: Source, name: str, module: str) -> bool:
    ours = f"{__package__.split('.')[0]}.{FAMILIES[source.family].folder.replace('/', '.')}.{source.kind}"
    return source.class_name == name and module == (source.module or ours)
