"""What a field of a scenario measures, for axes and tables: its unit and its name in full, from its docstring.

``Of the receiver, in metres.`` below the field ``height`` makes "height of the receiver" in m. The first clause counts,
up to a semicolon or the end of the sentence.
"""

import re
from typing import Any

from pydantic.fields import FieldInfo

from .catalogue import Table, tables
from .images import Images
from .schema import Scenario
from .shapes import Shape, shape_of

UNITS = {
    "Hz": "Hz",
    "OFDM symbols": "OFDM symbols",
    "bits": "bit",
    "dB": "dB",
    "degrees": "degrees",
    "metres": "m",
    "metres per second": "m/s",
    "parts per million": "ppm",
    "pixels": "pixels",
    "samples": "samples",
    "seconds": "s",
    "subcarrier spacings": "subcarrier spacings",
}
CLAUSE = re.compile(rf"(?P<what>.*?)(?:, in (?P<unit>{'|'.join(UNITS)}))?(?:[;.].*)?")


def quantity(path: str) -> tuple[str, str]:
    """The unit and the long name of a field of a scenario by dotted path; 1 and the path's words where none is told."""
    found = _field(Scenario, path) or _field(Images, path)
    return of(path.rpartition(".")[2], found.description or "") if found else ("1", path.replace("_", " "))


def of(name: str, about: str) -> tuple[str, str]:
    """The unit and the long name that a field's docstring tells."""
    clause = CLAUSE.fullmatch(about)
    what, unit = (clause["what"], clause["unit"]) if clause else ("", None)
    if what.startswith("Of "):
        what = f"{name.removesuffix('_db').replace('_', ' ')} of {what[3:]}"
    return UNITS[unit] if unit else "1", what or name.replace("_", " ")


def _field(table: type[Table], path: str) -> FieldInfo | None:
    """A field, of whichever kind of a family has it."""
    shape, info = Shape(table=table), None
    for part in path.split("."):
        if shape.many:
            shape = shape._replace(many=False)
            if part.isdecimal():
                continue
        holders: list[Any] = [shape.table] if shape.table else [*tables(shape.family).values()] if shape.family else []
        info = next((each.model_fields[part] for each in holders if part in each.model_fields), None)
        if info is None:
            return None
        shape = shape_of(info.annotation, info.metadata)
    return info
