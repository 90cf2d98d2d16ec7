"""Fields of a table in words: what each is, what it takes and what it is unless given; for lists and for `help()`."""

import inspect
import textwrap
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from .catalogue import Table, own_fields
from .errors import one_of, shown
from .faults import BOUNDS
from .shapes import FieldShape, shape_of

ABSURD = 10**9  # bounds from here on go without saying
WORDS = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}


def docstring(text: str, table: type[Table]) -> str:
    """The text, and below it the fields of a table."""
    lines = [f"{name}\n{textwrap.indent(about, '    ')}" for name, about in described(table).items()]
    return f"{inspect.cleandoc(text)}\n\nFields::\n\n{textwrap.indent(chr(10).join(lines), '    ')}\n"


def described(table: type[Table], prefix: str = "") -> dict[str, str]:
    """The fields of a table and of those inside it by dotted name: what they are, and what they take."""
    told: dict[str, str] = {}
    for name in own_fields(table):
        info = table.model_fields[name]
        shape = shape_of(info.annotation, info.metadata)
        if shape.table:
            told |= described(shape.table, f"{prefix}{name}.")
        else:
            takes = _takes(shape, info.annotation, info.metadata)
            told[prefix + name] = f"{_lowered(name, info.description or '')} ({takes}{_default(info)})"
    return told


def _lowered(name: str, text: str) -> str:
    """A docstring within a line: without full stop and its own name, in small letters but for an abbreviation."""
    text = text.removesuffix(".")
    if text[:3] in ("Of ", "of "):  # the field that it belongs to
        return f"{name.removesuffix('_db').replace('_', ' ')} of {text[3:]}"
    lowered = text if text[1:2].isupper() or text[1:2] in "/ _" else text[:1].lower() + text[1:]
    return lowered.removeprefix(f"{name}; ")


def _takes(shape: FieldShape, annotation: Any, bounds: list[Any]) -> str:
    """What may stand there, in words."""
    if shape.family:
        return f"{'a list' if shape.many else 'one'} of {shape.family}"
    limits = [
        f"{words} {_exactly(getattr(bound, name))}"
        for bound in (*bounds, *_bounds(annotation))
        for name, words in BOUNDS.items()
        if hasattr(bound, name) and abs(getattr(bound, name)) < ABSURD
    ]
    return ", ".join(["a table" if shape.free else _plain(annotation), *limits])


def _exactly(bound: float) -> str:
    """A bound in a few characters, or else in all that it takes."""
    return short if float(short := f"{bound:g}") == bound else str(bound)


def _bounds(annotation: Any) -> list[Any]:
    """The bounds within an annotation of several parts."""
    inner = [part for part in get_args(annotation) if get_origin(part) is Annotated]
    return [bound for part in inner for bound in get_args(part)[1:]]


def _default(info: FieldInfo) -> str:
    default = info.default_factory or info.default
    if default is PydanticUndefined:
        return "; required"
    if isinstance(default, dict) and list(default) == ["kind"]:
        default = default["kind"]
    return "" if default is None or callable(default) else f"; default {shown(default)}"


def _plain(annotation: Any) -> str:
    """A type in the words of the complaints about it."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return one_of(inner)
    if origin is Annotated:
        return _plain(inner[0])
    if origin is list:
        return f"a list, each {_plain(inner[0])}"
    if origin in (Union, types.UnionType):
        return " or ".join(_plain(part) for part in inner if part is not type(None))
    return WORDS[annotation]
