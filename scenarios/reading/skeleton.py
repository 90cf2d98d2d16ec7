"""What `overair new` prints: a scenario of a study that runs, with every field, what it means and what it takes."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import PydanticUndefined

from .. import studies
from .catalogue import Table
from .described import described
from .listing import known_study
from .shapes import shape_of

HEAD = """\
# {summary}
#
#   overair run my.toml --out runs/my
#
# Names behind a # stand at their defaults. A list where one value belongs, or a range such as "0:20:5", is an axis of
# the sweep; what goes together is a variant:
#
#   [variants.slow]
#   optimizer.learning_rate = 0.01
#
# Results hold {measures}.
# The least value of a field that reaches a target is found by a search in place of an axis:
#
#   find = {{ over = "FIELD", target = "{main} {sense} NUMBER", low = NUMBER, high = NUMBER, within = NUMBER }}
"""
NO_DEFAULT = "..."
BARE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def example(study: str) -> dict[str, Any]:
    """A small scenario of a study."""
    return {"study": study, **studies.load(study).example}


def text(study: str) -> str:
    """A scenario file of a study."""
    table, given = studies.load(known_study(study)), example(study)
    sections: dict[str, list[str]] = {"": []}
    for path, about in described(table).items():
        section, _, name = path.rpartition(".")
        sections.setdefault(section, []).extend(["", *_field(table, given, path, name, about)])
    lines = _head(study, table.measures).splitlines() + sections.pop("")
    for section, fields in sections.items():
        optional = table.model_fields[section.partition(".")[0]].default is None
        off = "" if _part(given, section) is not None or not (optional or _needs(fields)) else "#"
        lines += ["", "", f"{off}[{section}]", *fields]
    return "\n".join(lines) + "\n"


def _head(study: str, measures: Sequence[Any]) -> str:
    names, main = ", ".join(each.name for each in measures), measures[0]
    sense = "<=" if main.better == "low" else ">="
    return HEAD.format(summary=studies.summary(study), measures=names, main=main.name, sense=sense)


def _field(table: type[Table], given: Any, path: str, name: str, about: str) -> Iterator[str]:
    yield f"# {about}"
    value = _part(given, path)
    yield f"{name} = {toml(value)}" if value is not None else f"#{name} = {_default(table, path.split('.'))}"


def _needs(fields: list[str]) -> bool:
    """Whether a field must be given and is not."""
    return any(line.startswith("#") and line.endswith("; required)") for line in fields)


def _part(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _default(table: type[Table], path: list[str]) -> str:
    info = table.model_fields[path[0]]
    inner = shape_of(info.annotation, info.metadata).table
    if inner and path[1:]:
        return _default(inner, path[1:])
    return NO_DEFAULT if info.default in (None, PydanticUndefined) else toml(info.default)


def toml(value: Any) -> str:
    """A value as a TOML file has it in one line; what is None is left out of tables."""
    if isinstance(value, Mapping) and list(value) == ["kind"]:
        return toml(value["kind"])
    if isinstance(value, Mapping):
        items = [f"{key(name)} = {toml(item)}" for name, item in value.items() if item is not None]
        return "{ " + ", ".join(items) + " }" if items else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)


def key(name: str) -> str:
    """A name as a TOML file has it, in quotes where it needs them; dots lead into tables."""
    return name if BARE.fullmatch(name) else toml(name)
