"""What a place in a scenario holds: a plain value, a table, a scheme of a family, or a list of these.

The sweep needs it to tell an axis from a field that is a list by nature, `--set` to know what a bare kind stands
for, and complaints to name a field as it was written.
"""

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from .catalogue import Of, Table, as_table, kind_of, tables

Path = tuple[str | int, ...]


class FieldShape(NamedTuple):
    """A fixed table, a scheme of a family, a free table, a number, or else a plain value; or a list of such."""

    table: type[Table] | None = None
    family: str | None = None
    free: bool = False
    number: bool = False
    many: bool = False

    def holds(self, value: Any) -> type[Table] | None:
        """The table that checks this value, None where it is plain or of an unknown kind."""
        if self.family and not self.many:
            return tables(self.family).get(kind_of(as_table(self.family, value)))
        return None if self.many else self.table

    def child(self, value: Any, part: str | int) -> "FieldShape | None":
        """The shape of a part of a value, None where there is no such part."""
        if self.many:
            return self._replace(many=False) if isinstance(part, int) else None
        table = self.holds(value)
        if table is not None and part in table.model_fields:
            info = table.model_fields[str(part)]
            return shape_of(info.annotation, info.metadata)
        return FieldShape(number=True) if self.free else None


def shape_of(annotation: Any, metadata: Sequence[Any] = ()) -> FieldShape:
    """The shape of what an annotated field takes."""
    families = [mark.family for mark in metadata if isinstance(mark, Of)]
    origin, inner = get_origin(annotation), get_args(annotation)
    if families:
        return FieldShape(family=families[0])
    if origin is Annotated:
        return shape_of(inner[0], inner[1:])
    if origin in (Union, types.UnionType):
        return next((shape for shape in map(shape_of, inner) if shape != FieldShape()), FieldShape())
    if origin is list:
        return shape_of(inner[0])._replace(many=True)
    if origin is dict:
        return FieldShape(free=True)
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return FieldShape(table=annotation)
    return FieldShape(number=annotation in (int, float))


def part_of(value: Any, part: str | int) -> Any:
    """A part of a raw value, None where it is not there."""
    if isinstance(part, int):
        return value[part] if isinstance(value, list) and part < len(value) else None
    return value.get(part) if isinstance(value, Mapping) else None


def dotted(path: Path) -> str:
    """A path as it is written: link.impairments.0.high."""
    return ".".join(map(str, path))
