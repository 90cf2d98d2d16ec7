"""A page that holds a whole result: what was asked, the table, the curves, the channels, and how it is had again.

One HTML file that needs nothing else: no network and no library. Points of curves tell their values under the mouse.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from ..scenarios import studies
from ..scenarios.results import costs, joined, pages, repeated, tables
from . import beside, plot, report_channels, write
from ._labels import seeds_label
from ._page import Html, page, table, tag
from .report_question import question

MOST_ROWS = 1000
MOST_FAILURES = 20


def text(dataset: xr.Dataset, channels: Sequence[xr.Dataset] = (), notes: Sequence[str] = ()) -> str:
    """The page of a result; ``channels``: responses to draw, ``notes``: why there are none."""
    title = dataset.attrs.get("title") or dataset.attrs.get("preset") or "Results"
    body = [
        tag("h1", title),
        *_about(dataset),
        *_table(dataset),
        tag("h2", "Curves"),
        *_curves(dataset),
        *_pictures(dataset),
        *(_channels(channels, notes) if channels or notes else ()),
        *_again(dataset),
        tag("h2", "Versions"),
        table([["made with", "version"], *map(list, json.loads(dataset.attrs.get("versions", "{}")).items())], 2),
    ]
    return page(title, *body)


def _about(dataset: xr.Dataset) -> Iterator[Html]:
    study = dataset.attrs.get("study", studies.USUAL)
    found = "find" in dataset.attrs and joined.most_seeds(dataset) > 1
    seeds = f"Medians of {joined.seeds(dataset)}" if found else seeds_label(dataset)
    yield tag("p", question(dataset), id="question")
    yield tag("p", f"{study}: {studies.summary(study)} {seeds}.", class_="about")
    if not dataset.attrs.get("complete", 1):
        yield tag("p", "The run is not finished; what is missing is left out.", class_="failed")
    failed = json.loads(dataset.attrs.get("failures", "[]"))
    for each in failed[:MOST_FAILURES]:
        point = ", ".join(f"{axis} = {label}" for axis, label in each["point"].items()) or "the scenario"
        yield tag("p", f"Failed: {point}, seed {each['seed']}: {each['reason']}", class_="failed")
    if len(failed) > MOST_FAILURES:
        yield tag("p", f"{len(failed) - MOST_FAILURES} more units failed.", class_="failed")


def _table(dataset: xr.Dataset) -> Iterator[Html]:
    rows = tables.table(dataset)
    same, rows = pages.folded(rows, tables.kept(dataset))
    places = sum(name in tables.places(tables.shown(dataset)) for name in rows[0])
    yield tag("h2", "Table")
    if heading := tables.heading(dataset):
        yield tag("p", heading, class_="note")
    if same:
        yield tag("p", "In all rows: " + ", ".join(f"{name} {value}" for name, value in same.items()), class_="note")
    yield table(rows[: MOST_ROWS + 1], places)
    if len(rows) > MOST_ROWS + 1:
        yield tag("p", f"{len(rows) - MOST_ROWS - 1} more rows are in `overair show --csv`.", class_="note")
    yield from (tag("p", note, class_="note") for note in tables.notes(dataset))


def _curves(dataset: xr.Dataset) -> Iterator[Html]:
    """The study's own figure, and what a training reached over what it had sent."""
    yield _drawn(plot(dataset))
    if "elements" in costs.words(dataset) and "find" not in dataset.attrs:
        yield _drawn(plot(dataset, x="elements"))


def _pictures(dataset: xr.Dataset) -> Iterator[Html]:
    if pictures := beside(dataset):
        yield tag("h2", "Pictures")
        yield _drawn(pictures)


def _channels(channels: Sequence[xr.Dataset], notes: Sequence[str]) -> Iterator[Html]:
    yield tag("h2", "Channels")
    if channels:
        yield _drawn(report_channels.plot(channels))
    yield from (tag("p", note, class_="note") for note in notes)


def _again(dataset: xr.Dataset) -> Iterator[Html]:
    again = repeated.again(dataset)
    yield tag("h2", "The same again")
    if again.command:
        yield tag("pre", again.command, id="command")
    elif again.file:
        yield tag("p", f"The scenario is not read here as it was: {again.fault}", class_="note")
    if again.file:
        yield tag(
            "p", "As JSON:" if again.json else f"The scenario, with all defaults, {repeated.FILE}:", class_="note"
        )
        yield tag("pre", again.file, id="scenario")


def _drawn(figure: Figure) -> Html:
    """A figure as it stands in a page."""
    with tempfile.TemporaryDirectory() as folder:
        write(figure, Path(folder) / "figure.html")
        return tag("figure", Html((Path(folder) / "figure.html").read_text(encoding="utf-8")))
