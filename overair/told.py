"""What the command tells: a line at once, how far it is, the table, the figure, and what failed."""

import json
import logging
import shlex
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .terminal import columns, printable, wrapped

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

MINUTE = 60.0  # seconds
TRUSTED = 5.0  # seconds after which a speed tells the time that is left
FAILED = 1
MOST_NAMED = 20  # of units that failed


def failures(dataset: "xr.Dataset") -> int:
    """The exit code: 1 where units failed, which are named."""
    failed = json.loads(dataset.attrs.get("failures", "[]"))
    for each in failed[:MOST_NAMED]:
        point = ", ".join(f"{axis} = {label}" for axis, label in each["point"].items()) or "the scenario"
        print(printable(f"failed: {point}, seed {each['seed']}: {each['reason']}"), file=sys.stderr)
    if failed:
        more = f", of which {MOST_NAMED} are named" if len(failed) > MOST_NAMED else ""
        many = f"{len(failed)} unit{'s' * (len(failed) > 1)}"
        print(f"overair: {many} failed{more}; run --out FOLDER --retry does them again", file=sys.stderr)
    return FAILED if failed else 0


def table(dataset: "xr.Dataset", form: str, against: str | None = None) -> int:
    """The table alone, for other programs; the exit code is 1 where units failed."""
    from .scenarios.results import exported, tables

    write = {"csv": exported.to_csv, "json": exported.to_json, "latex": exported.to_latex}[form]
    print(write(dataset, None if against is None else tables.against(dataset, against)), end="")
    return failures(dataset)


def report(dataset: "xr.Dataset", figure: Path, against: str | None = None, plotted: "Figure | None" = None) -> None:
    """The table, also of differences to one of the points compared, then the figure and where it is.

    ``plotted``: what is drawn in place of the study's own figure.
    """
    from .scenarios.results import tables

    reference = None if against is None else tables.against(dataset, against)
    _print_unfinished(dataset)
    for line in (dataset.attrs.get("title"), tables.heading(dataset, reference)):
        if line:
            print(wrapped(printable(line)))
    _print_table(dataset, reference)
    for note in tables.notes(dataset):
        print(wrapped(printable(f"note: {note}")))
    for line in _hardly_heard(tables.shown(dataset)):
        print(wrapped(printable(line)))
    _draw(dataset, figure, plotted)


def taken(figure: "Figure") -> str:
    """The caption of a figure, which is taken out of it, in one line."""
    from .figures import uncaptioned

    return " ".join(uncaptioned(figure).split())


def caption(text: str) -> None:
    """What was taken out of a figure, in one line that papers can copy."""
    if text:
        print(f"caption: {printable(text)}")


def where(folder: Path) -> None:
    """Where results are kept, and what shows them again."""
    again = f"overair show {shlex.quote(str(folder))}"
    print(printable(f"results: {folder / 'results.nc'} ({again})"))


def reached(dataset: "xr.Dataset", goal: str) -> None:
    """The table of what it took to reach a level."""
    from .scenarios.results import reached

    wanted = reached.goal(dataset, goal)
    _print_unfinished(dataset)
    print(wrapped(printable(reached.heading(dataset, wanted))))
    rows = [list(map(printable, row)) for row in reached.table(dataset, wanted)]
    _print_pages(rows, rows[0].index("reached"))


def _print_unfinished(dataset: "xr.Dataset") -> None:
    from .scenarios.results import joined

    if note := joined.unfinished(dataset):
        print(printable(f"note: {note}"))


def _hardly_heard(dataset: "xr.Dataset") -> Iterator[str]:
    """The points at which fewer than half are heard."""
    from .scenarios.results import remarks

    points = list(remarks.points(dataset))
    if points:
        yield f"hardly heard: {len(points)} points" + (f", of which {MOST_NAMED} follow" * (len(points) > MOST_NAMED))
    yield from (f"  {point}" for point in points[:MOST_NAMED])


def _draw(dataset: "xr.Dataset", figure: Path, plotted: "Figure | None") -> None:
    from .figures import plot, write

    try:
        write(plotted or plot(dataset), figure)
        print(f"figure: {printable(str(figure))}")
    except OSError as error:  # as in a folder of another's, or on a full disk
        print(f"note: no figure, as {printable(str(figure))} cannot be written: {error.strerror}")


def _print_table(dataset: "xr.Dataset", reference: Any) -> None:
    """What varies; what is the same in all rows stands above."""
    from .scenarios.results import pages, tables

    rows = [list(map(printable, row)) for row in tables.table(dataset, reference)]
    same, rows = pages.folded(rows, tables.kept(dataset, reference))
    if same:
        told = ", ".join(f"{name} {value}" for name, value in same.items())
        print("\n".join(textwrap.wrap(f"in all rows: {told}", columns() or pages.WIDTH, subsequent_indent="  ")))
    axes = tables.places(tables.shown(dataset))
    _print_pages(rows, sum(name in axes for name in rows[0]))


def _print_pages(rows: list[list[str]], first: int) -> None:
    """Rows with their first columns on every page: within 80 columns in a pipe, and in a terminal that has no more."""
    from .scenarios.results import pages

    wide = max(pages.WIDTH, columns() or 0)
    print("\n\n".join("\n".join(pages.lines(page)) for page in pages.pages(rows, first, wide)))


def _line_a_minute(most: bool) -> Callable[[int, int], None]:
    """Tells what is done and how long the rest takes at the speed so far, or at most takes."""
    first: tuple[float, int] | None = None
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal first, last
        now = time.monotonic()
        first = first or (now, done)  # what came before was not steps alone
        if now - last >= MINUTE and done > first[1] and now - first[0] >= TRUSTED:
            last, left = now, (now - first[0]) / (done - first[1]) * (total - done) / MINUTE
            word = "at most" if most else "about"
            print(f"overair: {done / total:.0%} done, {word} {left:.0f} min left", file=sys.stderr, flush=True)

    return tell


@contextmanager
def progress(most: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A line at once, then a bar with the time left; where there is no terminal, a line a minute.

    ``most``: whether the steps to do are those that it may take, as of a search, and not those that it will.
    """
    with _lines():
        if not sys.stderr.isatty():
            yield _line_a_minute(most)
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        left = (*([TextColumn("at most")] if most else []), TimeRemainingColumn())
        columns = (TextColumn("overair"), BarColumn(), MofNCompleteColumn(), *left)
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("overair", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


class _Line(logging.Formatter):
    """What is told, fit for a terminal, and before a warning that it is one."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return printable(f"{'warning: ' * (record.levelno >= logging.WARNING)}{super().formatMessage(record)}")


@contextmanager
def _lines() -> Iterator[None]:
    """What a run tells as lines on the standard error stream."""
    log, handler = logging.getLogger("overair"), logging.StreamHandler()
    handler.setFormatter(_Line())
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
