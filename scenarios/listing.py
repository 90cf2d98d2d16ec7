"""What `overair list` prints: families with their schemes, scenarios and fields of a scenario, from the code itself."""

import ast
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic_core import PydanticUndefined

from .catalogue import FAMILIES, SchemeField, Table, sources
from .errors import ScenarioError, closest, one_of, shown
from .files import presets
from .schema import Scenario
from .shapes import shape_of

WORDS = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}


def listing(what: str | None = None) -> list[str]:
    """The lines about a family, ``scenarios`` or ``fields``; about all but the fields if nothing is asked for."""
    if what is None:
        parts = [_scenarios(), *(_family(family, details=False) for family in FAMILIES)]
        return [line for part in parts for line in (*part, "")][:-1]
    if what == "scenarios":
        return list(_scenarios())
    if what == "fields":
        return list(_fields(Scenario))
    if what in FAMILIES:
        return list(_family(what, details=True))
    known = ["scenarios", "fields", *FAMILIES]
    match = closest(what, known)
    advice = f"; did you mean {match}?" if match else ""
    raise ScenarioError(f"list: expected {one_of(known)}, received {shown(what)}{advice}")


def _scenarios() -> Iterator[str]:
    yield "scenarios: run one by name"
    yield from _columns(presets())


def _family(family: str, details: bool) -> Iterator[str]:
    yield f"{family}: {FAMILIES[family].about}"
    for line, source in zip(
        _columns({kind: each.summary for kind, each in sources(family).items()}), sources(family).values(), strict=True
    ):
        yield line
        if details and source.fields:
            yield f"      {source.about}"
            yield from (f"      {_field(field)}" for field in source.fields)


def _field(field: SchemeField) -> str:
    default = "" if field.default is None else f" = {ast.unparse(field.default)}"
    return f"{field.name}: {ast.unparse(field.annotation)}{default}"


def _fields(table: type[Table], prefix: str = "") -> Iterator[str]:
    for name, info in table.model_fields.items():
        shape = shape_of(info.annotation, info.metadata)
        if shape.table:
            yield from _fields(shape.table, f"{prefix}{name}.")
            continue
        takes = f"one of {shape.family}" if shape.family else "a table" if shape.free else _plain(info.annotation)
        takes = f"a list of {shape.family}" if shape.family and shape.many else takes
        default = info.default_factory or info.default
        known = default is not PydanticUndefined and default is not None and not callable(default)
        given = "required" if default is PydanticUndefined else f"default {shown(default)}" if known else ""
        yield f"  {prefix + name:<28}{info.description} ({'; '.join(filter(None, [takes, given]))})"


def _plain(annotation: Any) -> str:
    """A type in the words of the complaints about it."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return one_of(inner)
    if origin is Annotated:
        return _plain(inner[0])
    if origin is list:
        return f"a list, each {_plain(inner[0])}"
    if type(None) in inner:
        return _plain(inner[0])
    return WORDS[annotation]


def _columns(texts: dict[str, str]) -> Iterator[str]:
    width = max(map(len, texts), default=0)
    yield from (f"  {name:<{width}}  {text}" for name, text in texts.items())
