"""Changes to a scenario from the command line: `--set path=value`.

Values are TOML in which words and ranges need no quotes: link.snr_db=[-10,0,10], link.snr_db=-10:20:5,
uplink=[ideal,analog], title=My run. A path into a scheme that was only named (uplink = "analog", then
uplink.codec=identity) makes a table of it; into one not mentioned, of its default. A path into an axis of schemes or
tables changes those of its values that have such a field, and is refused where none has.
"""

import copy
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import PydanticUndefined

from .. import studies
from . import limits, renamed
from .catalogue import Table, as_table
from .errors import ScenarioError, fault, shown
from .ranges import RANGE
from .shapes import FieldShape, Path, dotted
from .sources import FAMILIES

TOKENS = re.compile(
    r"""("(?:\\.|[^"\\])*(?:"|\\?\Z)|'[^']*(?:'|\Z)|[+-]?\d[\w.+:-]*)"""
    r"""|([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)(\s*=)?|.""",
    re.DOTALL,
)
NOT_WORDS = {"true", "false", "inf", "nan"}


def apply(raw: Mapping[str, Any], changes: Iterable[str]) -> dict[str, Any]:
    """The scenario with the changes made, in order."""
    limits.check(raw)
    made: Any = dict(raw)
    shape = FieldShape(table=studies.of(raw))
    for change in changes:
        made = changed(shape, made, *parse(change))
    return made


def parse(change: str) -> tuple[Path, Any]:
    """The path and the value of `path=value`."""
    name, equals, text = change.partition("=")
    parts = [part.strip() for part in name.split(".")]
    if not equals or not all(parts) or not text.strip() or len(parts) > limits.DEEPEST:
        raise ScenarioError(f"--set: expected path=value, such as link.snr_db=10, received {shown(change)}")
    return tuple(int(part) if part.isdecimal() else part for part in parts), _value(text.strip(), change)


def _value(text: str, change: str) -> Any:
    for attempt in (TOKENS.sub(_with_ranges, text), TOKENS.sub(_quoted, text)):
        try:
            limits.check_text(attempt)
            table = tomllib.loads(f"value = {attempt}")
        except (ValueError, RecursionError):
            continue
        if table.keys() == {"value"}:
            return table["value"]
    if text[0] not in "[{\"'":
        return text
    raise ScenarioError(f"--set: expected a TOML value after the =, received {shown(change)}; quote it for the shell")


def _with_ranges(token: re.Match[str]) -> str:
    return f'"{token[0]}"' if RANGE.fullmatch(token[0]) else token[0]


def _quoted(token: re.Match[str]) -> str:
    word, is_name = token[2], token[3]
    return _with_ranges(token) if word is None or is_name or word in NOT_WORDS else f'"{word}"'


def changed(shape: FieldShape, held: Any, path: Path, value: Any, at: int = 0) -> Any:
    """What is held, with the value at ``path[at:]`` inside it; what lies beside it is shared."""
    if at == len(path):
        return value
    part = path[at]
    if isinstance(held, list) and not shape.many and (shape.family or shape.table):  # an axis
        return _eachchanged(shape, held, path, value, at)
    if shape.many and isinstance(held, list):
        return _itemchanged(shape, held, path, value, at)
    table = as_table(shape.family, held) if shape.family else held
    if not isinstance(table, dict):
        if table is not None:
            raise ScenarioError(fault(dotted(path[:at]), f"a table, to set {part} in it", held))
        table = {}
    child = shape.child(table, part) or FieldShape()  # what is not a field is left to the check, which knows what is
    usual = child.family is not None and FAMILIES[child.family].usual  # it need not be named
    inner = table[part] if part in table else None if usual else _default(shape.holds(table), part)
    return table | {part: changed(child, inner, path, value, at + 1)}


def _eachchanged(shape: FieldShape, held: list[Any], path: Path, value: Any, at: int) -> list[Any]:
    tables = [shape.holds(item) for item in held]
    having = [table is not None and path[at] in table.model_fields for table in tables]
    if not any(having):
        name, known = dotted(path[: at + 1]), {field for table in tables if table for field in table.model_fields}
        advice = f"{dotted(path[:at])} is an axis: set the whole list"
        if new := renamed.now(path[at], known):
            advice = renamed.advice(path[at], dotted((*path[:at], new)))
        raise ScenarioError(fault(name, f"a value with the field {path[at]}", held, advice))
    return [changed(shape, item, path, value, at) if has else item for item, has in zip(held, having, strict=True)]


def _itemchanged(shape: FieldShape, held: list[Any], path: Path, value: Any, at: int) -> list[Any]:
    part, name = path[at], dotted(path[: at + 1])
    if any(isinstance(item, list) for item in held):
        raise ScenarioError(fault(name, "one list", held, f"{dotted(path[:at])} is an axis: set the whole list"))
    if not isinstance(part, int) or part >= len(held):
        places = f"a place from 0 to {len(held) - 1}" if held else "a list with a place to set"
        raise ScenarioError(fault(name, places, held, "set the whole list"))
    child = shape.child(held, part) or FieldShape()
    return [changed(child, item, path, value, at + 1) if place == part else item for place, item in enumerate(held)]


def _default(table: type[Table] | None, part: str | int) -> Any:
    """A field's default in the form a file would give it; None where it has none."""
    if table is None or part not in table.model_fields:
        return None
    default = table.model_fields[str(part)].default
    return None if default is PydanticUndefined else copy.deepcopy(default)
