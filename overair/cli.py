"""The command `overair`: run scenarios, list what there is, show results again, check theory against simulation.

Nothing heavy is imported before it is needed: help, lists and complaints about a scenario come at once.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .version import __version__

if TYPE_CHECKING:
    import xarray as xr

INTERRUPTED = 130
MINUTE = 60.0  # seconds

EXAMPLES = """examples:
  overair run quickstart                                     data that comes along, under a minute, a figure
  overair run quickstart --set link.snr_db=[-10,0,10,20] --set uplink=[ideal,analog,digital] --out runs/a
  overair list                                               everything there is
  overair list codecs                                        one family, with fields and defaults
  overair list cfo                                           what has to do with a word of the field
  overair list fields                                        what a scenario can say
  overair show runs/a                                        table and figure again
  overair check                                              theory beside simulation
"""
RUN_EXAMPLES = """examples:
  overair run quickstart --set rounds=50 --out runs/quickstart
  overair run my.toml --set link.channel=[awgn,rayleigh] --set uplink.codec=identity
  overair run abdi_rlc --set grant.compression=[2,10] --out runs/rlc

A list where one value belongs is an axis; all axes are multiplied. Words need no quotes, but your shell may want the
whole argument quoted. With --out the same command goes on where it was stopped.
"""


class Parser(argparse.ArgumentParser):
    """Complains in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"overair: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code is 0, 1 (theory disagrees), 2 (what was asked for cannot be) or 130 (interrupted)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except BrokenPipeError:  # the reader of a pipe has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(_hint(options), file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError) as error:
        from .scenarios import ScenarioError

        print(error if isinstance(error, ScenarioError) else f"overair: {_one_line(error)}", file=sys.stderr)
        return 2
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        if (told := _from_a_graph(error)) is not None:
            print(f"overair: {told}", file=sys.stderr)
            return 2
        what = f"overair: unexpected {type(error).__name__}: {_one_line(error)}"
        print(f"{what}; `python -X dev -m overair ...` shows where", file=sys.stderr)
        return 2


def _parser() -> Parser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        prog="overair", description="Learning over wireless links, simulated.", epilog=EXAMPLES, formatter_class=layout
    )
    parser.add_argument("--version", action="version", version=f"overair {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    run = commands.add_parser("run", help="run a scenario", epilog=RUN_EXAMPLES, formatter_class=layout)
    run.add_argument("scenario", metavar="NAME|FILE", help="a preset, see `overair list scenarios`, or a .toml file")
    run.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="sets", help="change a field; repeatable"
    )
    run.add_argument("--out", metavar="DIR", help="keep results here, and go on here after an interruption")
    run.set_defaults(command=_run)

    list_ = commands.add_parser("list", help="list schemes, scenarios and fields")
    list_.add_argument(
        "what", nargs="?", metavar="WHAT", help="scenarios, fields, a family such as codecs, or a word; all if left out"
    )
    list_.set_defaults(command=_list)

    show = commands.add_parser("show", help="table and figure of finished results")
    show.add_argument(
        "results", metavar="DIR|FILE", help="a folder given to `run --out`, or its results.nc or curve.csv"
    )
    show.set_defaults(command=_show)

    check = commands.add_parser("check", help="theory beside simulation; exits 1 where they disagree")
    check.set_defaults(command=_check)
    return parser


def _run(options: argparse.Namespace) -> int:
    from .scenarios import files, run
    from .scenarios.overrides import apply
    from .scenarios.sweep import sweep

    name, raw = files.read(options.scenario)
    sweep(apply(raw, options.sets))  # complain before the heavy imports
    _import_quietly()
    with _progress() as progress:
        dataset = run(options.scenario, options.sets, options.out, progress)
    _report(dataset, Path(options.out, "figure.png") if options.out else Path(f"{name}.png"))
    if options.out:
        print(f"results: {Path(options.out, 'results.nc')}")
    return 0


def _list(options: argparse.Namespace) -> int:
    from .scenarios.listing import listing

    print("\n".join(listing(options.what)))
    return 0


def _show(options: argparse.Namespace) -> int:
    from .scenarios import saved

    path = Path(options.results)
    _report(saved.load(path), path / "figure.png" if path.is_dir() else path.with_suffix(".png"))
    return 0


def _check(options: argparse.Namespace) -> int:
    _import_quietly()
    from . import checks

    return checks.main()


def _from_a_graph(error: Exception) -> str | None:
    """What a ValueError said that was raised while a graph ran, such as by the tracer of rays."""
    found = re.search(r"^ValueError: (.+)$", str(error), re.MULTILINE)
    return found and found[1]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _hint(options: argparse.Namespace) -> str:
    if options.command is not _run:
        return "overair: stopped"
    return "overair: stopped; " + (
        "the same command goes on from here" if options.out else "with --out a run can go on"
    )


def _report(dataset: "xr.Dataset", figure: Path) -> None:
    """The table, then the figure and where it is."""
    from .figures import draw
    from .scenarios import image_results, results

    if dataset.attrs.get("title"):
        print(dataset.attrs["title"])
    is_images = dataset.attrs.get("task") == "images"
    rows = (image_results if is_images else results).table(dataset)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(*rows[0], box=None, padding=(0, 1, 0, 0))
        for row in rows[1:]:
            table.add_row(*row)
        Console().print(table)
    else:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if not is_images and bool((dataset.decoded == 0).all("round").any()):
        print("note: at some points nobody was ever decoded; digital devices are silent where their links carry too")
        print("      little, and lose packets where they trust a wrong belief (uplink.margin_db keeps below it)")
    draw(dataset, figure)
    print(f"figure: {figure}")


def _import_quietly() -> None:
    """TensorFlow greets on the standard error stream, whatever its log level; that is no message of ours."""
    sys.stderr.flush()
    with open(os.devnull, "wb") as nowhere:
        stderr = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            import tensorflow

            tensorflow.get_logger().setLevel("ERROR")  # a federation a point is compiled on purpose
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _line_a_minute() -> Callable[[int, int], None]:
    """Tells what is done and how long the rest takes at the speed so far."""
    first: tuple[float, int] | None = None
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal first, last
        now = time.monotonic()
        first = first or (now, done)  # what came before was not steps alone
        if now - last >= MINUTE and done > first[1]:
            last, left = now, (now - first[0]) / (done - first[1]) * (total - done) / MINUTE
            print(f"overair: {done / total:.0%} done, about {left:.0f} min left", file=sys.stderr, flush=True)

    return tell


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar with the time left; where there is no terminal, a line a minute."""
    if not sys.stderr.isatty():
        yield _line_a_minute()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("rounds"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rounds", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
