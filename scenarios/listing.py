"""What `overair list` prints: families with their schemes, scenarios and fields of a scenario, from the code itself."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from .catalogue import Table, tables
from .errors import ScenarioError, closest, one_of, shown
from .faults import BOUNDS
from .files import presets
from .images import Images
from .schema import Scenario
from .shapes import Shape, shape_of
from .sources import FAMILIES, homes, sources

ABSURD = 2**31  # bounds from here on go without saying
WORDS = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}


def listing(what: str | None = None) -> list[str]:
    """The lines about a family, ``scenarios`` or ``fields``; about all but the fields if nothing is asked for."""
    if what is None:
        parts = [_scenarios(), *(_family(family, details=False) for family in FAMILIES)]
        return [line for part in parts for line in (*part, "")][:-1]
    if what == "scenarios":
        return list(_scenarios())
    if what == "fields":
        return [*_fields(Scenario), "", 'with task = "images", for images that are sent:', *_fields(Images)]
    if what in FAMILIES:
        return list(_family(what, details=True))
    known = ["scenarios", "fields", *FAMILIES]
    match = closest(what, known)
    advice = f"; did you mean {match}?" if match else f"; see overair list {homes(what)[0]}" if homes(what) else ""
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
            yield from (f"      {line}" for line in _options(tables(family)[source.kind]))


def _options(table: type[Table]) -> Iterator[str]:
    """The fields of a scheme as a scenario gives them."""
    for name, info in table.model_fields.items():
        if name != "kind":
            shape = shape_of(info.annotation, info.metadata)
            yield f"{name}: {_takes(shape, info.annotation, info.metadata)}{_default(info)}"


def _fields(table: type[Table], prefix: str = "") -> Iterator[str]:
    for name, info in table.model_fields.items():
        shape = shape_of(info.annotation, info.metadata)
        if shape.table:
            yield from _fields(shape.table, f"{prefix}{name}.")
            continue
        takes = _takes(shape, info.annotation, info.metadata)
        yield f"  {prefix + name:<28}{info.description} ({takes}{_default(info)})"


def _takes(shape: Shape, annotation: Any, bounds: list[Any]) -> str:
    """What may stand there, in words."""
    if shape.family:
        return f"{'a list' if shape.many else 'one'} of {shape.family}"
    limits = [
        f"{words} {getattr(bound, name):g}"
        for bound in (*bounds, *_bounds(annotation))
        for name, words in BOUNDS.items()
        if hasattr(bound, name) and abs(getattr(bound, name)) < ABSURD
    ]
    return ", ".join(["a table" if shape.free else _plain(annotation), *limits])


def _bounds(annotation: Any) -> list[Any]:
    """The bounds within an annotation that may be None."""
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
    if type(None) in inner:
        return _plain(inner[0])
    return WORDS[annotation]


def _columns(texts: dict[str, str]) -> Iterator[str]:
    width = max(map(len, texts), default=0)
    yield from (f"  {name:<{width}}  {text}" for name, text in texts.items())
