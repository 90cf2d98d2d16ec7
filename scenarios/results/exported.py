"""The table of results for other programs: as CSV, as JSON, and as LaTeX with booktabs.

CSV and JSON hold numbers: of the main measure, and of differences, with both ends of the 95 % confidence interval.
"""

import csv
import io
import itertools
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from .. import studies
from . import intervals, pages, remarks, tables
from .tables import Against

ESCAPED = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$",
           "<=": r"$\le$", ">=": r"$\ge$"}  # fmt: skip
SPECIAL = re.compile(r"[<>]=|[\\~^<>&%$#_{}]|\+-")


def to_csv(dataset: xr.Dataset, against: Against | None = None) -> str:
    """A line of names, then one for every point; what is not known is empty."""
    stream, rows = io.StringIO(), numbers(dataset, against)
    table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows({name: "" if _is_nan(value) else value for name, value in row.items()} for row in rows)
    return stream.getvalue()


def to_json(dataset: xr.Dataset, against: Against | None = None) -> str:
    """The rows, and what names, notes and units mean; null for what is not known, infinities in words."""
    rows = numbers(dataset, against)
    about = {name: dict(dataset[name].attrs) for name in rows[0] if name in dataset}
    told = {
        "study": dataset.attrs.get("study", studies.USUAL), "title": dataset.attrs.get("title", ""),
        "complete": bool(dataset.attrs.get("complete", 1)), "seeds": dataset["seed"].values.tolist(),
        "against": None if against is None else {against.axis: against.label},
        "failures": json.loads(dataset.attrs.get("failures", "[]")), "notes": list(tables.notes(dataset)),
        "columns": about, "rows": [{name: _jsonable(value) for name, value in row.items()} for row in rows],
    }  # fmt: skip
    return json.dumps(told, indent=2, default=str, allow_nan=False) + "\n"


def to_latex(dataset: xr.Dataset, against: Against | None = None) -> str:
    """A tabular of booktabs; what is the same in all rows, and what +- means, are comments above."""
    return "\n".join(_latex(dataset, against)) + "\n"


def numbers(dataset: xr.Dataset, against: Against | None = None) -> list[dict[str, Any]]:
    """A row for every point: its axes, and means over seeds, of the main measure with the ends of its interval."""
    dataset = tables.shown(dataset)
    main, *others = tables.measures(dataset)
    summary, compared = (intervals.median, intervals.paired) if tables.is_found(main, dataset) else (_mean, _mean)
    columns: dict[str, list[Any]] = _with_ends(
        main.name, tables.column(tables.of_seeds(dataset[main.name], dataset), dataset, summary)
    )
    if against:
        more = intervals.differences(dataset[[main.name]], *against)[main.name]
        columns |= _with_ends("difference", tables.column(tables.of_seeds(more, dataset), dataset, compared))
    columns |= {each.name: tables.column(dataset[each.name], dataset, lambda seeds: _mean(seeds)[0]) for each in others}
    if (marks := remarks.marks(dataset)) is not None:
        columns["mark"] = tables.column(marks, dataset, lambda values: str(values[0]))
    names = tables.places(dataset)
    labels = tables.grid([dataset[name].values.tolist() for name in names])
    rows = itertools.compress(zip(*labels, *columns.values(), strict=True), tables.there(dataset))
    return [dict(zip([*names, *columns], row, strict=True)) for row in rows]


def _mean(seeds: np.ndarray) -> tuple[float, float, float]:
    there = seeds[np.isfinite(seeds)]
    mean, half = (float(there.mean()), float(intervals.half_width(there))) if there.size else (math.nan, math.nan)
    return mean, mean - half, mean + half


def _with_ends(name: str, found: list[tuple[float, float, float]]) -> dict[str, list[Any]]:
    names = (name, f"{name}_low", f"{name}_high")
    return {each: [row[at] for row in found] for at, each in enumerate(names)}


def _latex(dataset: xr.Dataset, against: Against | None) -> Iterator[str]:
    rows = tables.table(dataset, against)
    same, rows = pages.folded(rows, tables.kept(dataset, against))
    first = len([name for name in rows[0] if name in tables.places(tables.shown(dataset))])
    for comment in (tables.heading(dataset, against), *(f"{name}: {value}" for name, value in same.items())):
        if comment:
            yield f"% {' '.join(comment.split())}"
    yield rf"\begin{{tabular}}{{{'l' * first}{'r' * (len(rows[0]) - first)}}}  % \usepackage{{booktabs}}"
    yield r"\toprule"
    for at, row in enumerate(rows):
        yield " & ".join(_escaped(cell) for cell in row) + r" \\"
        if at == 0:
            yield r"\midrule"
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _escaped(cell: str) -> str:
    text = SPECIAL.sub(lambda found: r"$\pm$" if found[0] == "+-" else ESCAPED.get(found[0], f"\\{found[0]}"), cell)
    return re.sub(r"(?<![\w-])-(?=\d)", "$-$", text)


def _jsonable(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
