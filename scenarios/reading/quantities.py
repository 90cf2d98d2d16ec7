"""What a field of a scenario measures, for axes and tables: its unit and its name in full, from its docstring.

``Of the receiver, in metres.`` below the field ``height`` makes "height of the receiver" in m. The first clause counts,
up to a semicolon or the end of the sentence.
"""

import re
from typing import Any

from .catalogue import Table
from .shapes import shape_of

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
    "slots": "slots",
    "subcarrier spacings": "subcarrier spacings",
    "watts": "W",
}
CLAUSE = re.compile(rf"(?P<what>.*?)(?:, in (?P<unit>{'|'.join(UNITS)}))?(?:[;.].*)?")


def quantity(scenario: Table, path: str) -> tuple[str, str]:
    """The unit and the long name of a field of a checked scenario by dotted path; 1 and its name where none is told."""
    value: Any = scenario
    about, table = "", type(scenario)
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)]
        else:
            info = (table if value is None else type(value)).model_fields[part]
            about, value = info.description or "", getattr(value, part, None)
            table = shape_of(info.annotation, info.metadata).table or table
    return of(path.rpartition(".")[2], about)


def of(name: str, about: str) -> tuple[str, str]:
    """The unit and the long name that a field's docstring tells."""
    clause = CLAUSE.fullmatch(about)
    what, unit = (clause["what"], clause["unit"]) if clause else ("", None)
    if what.startswith("Of "):
        what = f"{name.removesuffix('_db').replace('_', ' ')} of {what[3:]}"
    return UNITS[unit] if unit else "1", what or name.replace("_", " ")
