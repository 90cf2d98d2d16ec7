"""What the command tells: a line at once, how far it is, the table, the figure, and what failed."""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

    from .scenarios.results import reached

MINUTE = 60.0  # seconds
TRUSTED = 5.0  # seconds after which a speed tells the time that is left
FAILED = 1
MOST_NAMED = 20  # of units that failed


def check_out(out: str | None) -> Path | None:
    """The folder of results, None where none is wanted."""
    if out is not None and not out.strip():
        raise ValueError('--out: expected a folder, received ""')
    return Path(out) if out is not None else None


def failures(dataset: "xr.Dataset") -> int:
    """The exit code: 1 where units failed, which are named."""
    from .scenarios.reading.errors import printable

    failed = json.loads(dataset.attrs.get("failures", "[]"))
    for each in failed[:MOST_NAMED]:
        point = ", ".join(f"{axis} = {label}" for axis, label in each["point"].items()) or "the scenario"
        print(printable(f"failed: {point}, seed {each['seed']}: {each['reason']}"), file=sys.stderr)
    if failed:
        more = f", of which {MOST_NAMED} are named" if len(failed) > MOST_NAMED else ""
        print(f"overair: {len(failed)} units failed{more}; run --retry does them again", file=sys.stderr)
    return FAILED if failed else 0


def report(dataset: "xr.Dataset", figure: Path, against: str | None = None, x: str | None = None) -> None:
    """The table, also of differences to one of the points compared, then the figure, over a cost, and where it is."""
    from .scenarios.reading.errors import printable
    from .scenarios.results import reached, tables

    over = None if x is None else reached.cost(x)
    reference = None if against is None else tables.against(dataset, against)
    if not dataset.attrs.get("complete", 1):
        print("note: the run is not finished; what is missing is left out")
    for line in (dataset.attrs.get("title"), tables.heading(dataset, reference)):
        if line:
            print(printable(line))
    _print_table([list(map(printable, row)) for row in tables.table(dataset, reference)])
    for note in tables.notes(dataset):
        print(f"note: {note}")
    for line in _hardly_heard(tables.shown(dataset)):
        print(printable(line))
    _draw(dataset, figure, over)


def what_it_took(dataset: "xr.Dataset", goal: str) -> None:
    """The table of what it took to reach a level."""
    from .scenarios.reading.errors import printable
    from .scenarios.results import reached

    wanted = reached.goal(dataset, goal)
    if not dataset.attrs.get("complete", 1):
        print("note: the run is not finished; what is missing is left out")
    print(printable(reached.heading(dataset, wanted)))
    _print_table([list(map(printable, row)) for row in reached.table(dataset, wanted)])


def _hardly_heard(dataset: "xr.Dataset") -> Iterator[str]:
    """The points at which fewer than half are heard."""
    from .scenarios.results import remarks

    points = list(remarks.points(dataset))
    if points:
        yield f"hardly heard: {len(points)} points" + (f", of which {MOST_NAMED} follow" * (len(points) > MOST_NAMED))
    yield from (f"  {point}" for point in points[:MOST_NAMED])


def _draw(dataset: "xr.Dataset", figure: Path, over: "reached.Cost | None" = None) -> None:
    from .figures import curve, draw
    from .scenarios.reading.errors import printable

    try:
        curve.draw(dataset, figure, over) if over else draw(dataset, figure)
        print(f"figure: {printable(str(figure))}")
    except OSError as error:  # as in a folder of another's, or on a full disk
        print(f"note: no figure, as {printable(str(figure))} cannot be written: {error.strerror}")


def _print_table(rows: list[list[str]]) -> None:
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(*rows[0], box=None, padding=(0, 1, 0, 0))
        for row in rows[1:]:
            table.add_row(*row)
        Console(markup=False, emoji=False, highlight=False).print(table)
    else:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _line_a_minute() -> Callable[[int, int], None]:
    """Tells what is done and how long the rest takes at the speed so far."""
    first: tuple[float, int] | None = None
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal first, last
        now = time.monotonic()
        first = first or (now, done)  # what came before was not steps alone
        if now - last >= MINUTE and done > first[1] and now - first[0] >= TRUSTED:
            last, left = now, (now - first[0]) / (done - first[1]) * (total - done) / MINUTE
            print(f"overair: {done / total:.0%} done, about {left:.0f} min left", file=sys.stderr, flush=True)

    return tell


@contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """A line at once, then a bar with the time left; where there is no terminal, a line a minute."""
    with _lines():
        if not sys.stderr.isatty():
            yield _line_a_minute()
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("overair"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("overair", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _lines() -> Iterator[None]:
    """What a run tells as lines on the standard error stream."""
    log, handler = logging.getLogger("overair"), logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
