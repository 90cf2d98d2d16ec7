"""Tables as CSV files: comment lines that explain them, the names of the columns, rows; written whole, read with care.

What is wrong with one is said in one line.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ... import durable
from ..reading.errors import ScenarioError
from .sealed import content_of

LARGEST = 2**28  # bytes of a file
ATTRIBUTES = ("study", "find", "tune", "preset", "title", "scenario", "versions", "failures", "complete", "runs")

Made = TypeVar("Made")


class Sheet(NamedTuple):
    """A file taken apart."""

    attributes: dict[str, str]
    columns: dict[str, dict[str, Any]]  # what comments say of them
    names: list[str]
    rows: dict[int, list[str]]  # by line
    pixels: list[Any]  # what comments say of pictures


def write(path: str | Path, about: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write any table: comment lines, then the names of the columns and the rows; whole or not at all."""
    stream = io.StringIO()
    stream.writelines(f"# {line}\n" for line in about)
    csv.writer(stream, lineterminator="\n").writerows(rows)
    durable.write(Path(path), stream.getvalue().encode())


def read(path: str | Path, made_of: Callable[[Sheet], Made]) -> Made:
    """What is made of a file taken apart; ScenarioError in one line where there is none or it is no such table."""
    file = Path(path)
    try:
        return made_of(_sheet(file))
    except ScenarioError:
        raise
    except (ValueError, RecursionError, csv.Error) as error:
        raise ScenarioError(f"{file}: expected a curve of overair as CSV; {' '.join(str(error).split())}") from None


def _sheet(file: Path) -> Sheet:
    with io.StringIO(content_of(file, LARGEST).decode(), newline="") as stream:
        lines = list(stream)
    first = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    comments = [line[1:].strip().partition(" ") for line in lines[:first]]
    attributes = {word: rest for word, _, rest in comments if word in ATTRIBUTES}
    for name in ("scenario", "versions", "failures"):
        json.loads(attributes.get(name, "{}"))
    pixels = [json.loads(rest) for word, _, rest in comments if word == "pixels"]
    described = [json.loads(rest) for word, _, rest in comments if word == "column"]
    columns = {
        about["name"]: about for about in described if isinstance(about, dict) and isinstance(about.get("name"), str)
    }
    reader = csv.reader(lines[first:], strict=True)
    numbered = [(first + reader.line_num, row) for row in reader if row]
    names, rows = numbered[0][1] if numbered else [], dict(numbered[1:])
    for at, row in rows.items():
        if len(row) != len(names):
            raise ValueError(f"line {at} has {len(row)} values, the columns are {len(names)}")
    return Sheet(attributes, columns, names, rows, pixels)
