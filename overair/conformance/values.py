"""Values that the annotation of a field allows, and some that it forbids."""

import dataclasses
import typing
from types import NoneType, UnionType
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt

WIDE = 50  # bounds that only keep sizes possible


class Wanted(typing.NamedTuple):
    """The annotation of a field, taken apart."""

    kind: Any
    bounds: list[Any]
    optional: bool


def wanted(annotation: Any) -> Wanted:
    optional = False
    if typing.get_origin(annotation) in (typing.Union, UnionType):
        rest = [part for part in typing.get_args(annotation) if part is not NoneType]
        optional, annotation = len(rest) < len(typing.get_args(annotation)), rest[0]
    if typing.get_origin(annotation) is Annotated:
        kind, *bounds = typing.get_args(annotation)
        return Wanted(kind, bounds, optional)
    return Wanted(annotation, [], optional)


def hints(scheme: type) -> dict[str, Any]:
    """The annotations of its fields."""
    annotations = typing.get_type_hints(scheme, include_extras=True)
    return {field.name: annotations[field.name] for field in dataclasses.fields(scheme)}


def plain(annotation: Any) -> list[Any]:
    """A few values that an annotation of numbers, switches or words allows; none of others."""
    kind, bounds, _ = wanted(annotation)
    if typing.get_origin(kind) is Literal:
        return [typing.get_args(kind)[0], typing.get_args(kind)[-1]]
    if kind is bool:
        return [False, True]
    if kind not in (int, float):
        return []
    low = max((_edge(b) for b in bounds if isinstance(b, Ge | Gt)), default=0)
    high = min((_edge(b) for b in bounds if isinstance(b, Le | Lt)), default=low + 4)
    high = low + 4 if high - low > WIDE else high
    return [kind(low + (high - low) * share) for share in (0.25, 0.5)]


def bad(annotation: Any) -> list[Any]:
    """Values that the annotation forbids."""
    kind, bounds, _ = wanted(annotation)
    values: list[Any] = ["nonsense"]
    for bound in bounds:
        values.append(_edge(bound) + {Ge: -1, Gt: 0, Lt: 0, Le: 1}[type(bound)])
    if kind is float:
        values.append(float("nan"))
    return values


def _edge(bound: Any) -> Any:
    return getattr(bound, type(bound).__name__.lower())  # Ge(ge=...), Gt(gt=...) and so on
