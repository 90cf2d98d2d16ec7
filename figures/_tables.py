"""Tables of studies: CSV files of named columns, simulated once and then read."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..scenarios.results import curves
from ..scenarios.running.units import versions

Rows = list[dict[str, str]]


def table(file: Path, columns: Sequence[str], made: Iterator[Sequence[str]], texts: int, about: Sequence[str]) -> Rows:
    """The rows of a file by column, of which the first few are texts; one that is not there is written first."""
    if not file.exists():
        write(file, made, about)
    return curves.read(file, lambda sheet: by_column(sheet, columns, texts))


def write(file: Path, made: Iterator[Sequence[str]], about: Sequence[str]) -> None:
    """The names of the columns and the rows, below what made them and what is said about them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    curves.write(file, [f"study {file.stem}", f"versions {json.dumps(versions())}", *about], made)


def by_column(sheet: curves.Sheet, columns: Sequence[str], texts: int) -> Rows:
    """The rows of a sheet that has these columns, of which all behind the first few are numbers."""
    if tuple(sheet.names) != tuple(columns) or not sheet.rows:
        raise ValueError(f"the columns are {', '.join(columns)}")
    for row in sheet.rows.values():
        [float(text) for text in row[texts:]]
    return [dict(zip(columns, row, strict=True)) for row in sheet.rows.values()]


def select(rows: Rows, *columns: str, **where: str) -> np.ndarray:
    """Columns of the rows that have these values, as numbers [columns, rows]."""
    chosen = [row for row in rows if all(row[name] == value for name, value in where.items())]
    return np.array([[float(row[name]) for row in chosen] for name in columns])
