"""The command `overair`: run scenarios, list what there is, show results again, check theory against simulation.

Nothing heavy is imported before it is needed: help, lists and complaints about a scenario come at once.
"""

import argparse
import json
import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from . import durable, pages
from .arguments import parser
from .own import use
from .terminal import printable, wrapped
from .unhindered import uncollected

INTERRUPTED, TERMINATED = 130, 143
FIGURE = ("x", "y", "panel", "lines", "width", "style")  # options of show


class Terminated(KeyboardInterrupt):
    """The system asks the command to end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command.

    Its exit code is 0, 1 (theory disagrees, or units failed), 2 (what was asked for cannot be), 130 (interrupted) or
    143 (terminated).
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    options = parser(_run, _list, _show, pages.report, pages.figure, pages.cite, _new, _check).parse_args(arguments)
    try:
        with _terminable():
            if getattr(options, "folders", []):
                use(*options.folders)
            return int(options.command(options))
    except BrokenPipeError:  # the reader of a pipe has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt as stop:
        print(_hint(options), file=sys.stderr)
        return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED
    except (ValueError, OSError) as error:
        lines = getattr(error, "lines", None)  # of a ScenarioError, whose import may be what it is about
        print("\n".join(lines) if lines else f"overair: {_told(error, options)}", file=sys.stderr)
        return 2
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        if (told := _from_a_graph(error)) is not None:
            print(f"overair: {printable(told)}", file=sys.stderr)
            return 2
        what = f"overair: unexpected {type(error).__name__}: {_one_line(error)}"
        print(f"{what}; `python -X dev -m overair ...` shows where", file=sys.stderr)
        return 2


@contextmanager
def _terminable() -> Iterator[None]:
    """Ends as an interrupted command does where the system asks for it; signals are the main thread's alone."""

    def end(signum: int, frame: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(options: argparse.Namespace) -> int:
    from . import folders, told
    from .quiet import import_tensorflow
    from .scenarios import run
    from .scenarios.reading import files
    from .scenarios.reading.overrides import apply
    from .scenarios.reading.planned import planned

    name, raw = files.read(options.scenario)
    _, searches = planned(apply(raw, options.sets))  # complain before the heavy imports
    out = folders.named(options.out)
    if options.retry and out is None:
        raise ValueError("--retry: expected beside --out, the folder of a run some of whose units failed")
    with folders.kept(out, name) as options.kept:
        import_tensorflow()
        with _executor(options) as executor, told.progress(searches.may_end_early) as progress:
            dataset = run(
                options.scenario, options.sets, options.kept, progress,
                processes=options.processes, executor=executor, fresh=options.fresh, retry=options.retry,
            )  # fmt: skip
    told.report(dataset, options.kept / "figure.png")
    told.where(options.kept)
    return told.failures(dataset)


@contextmanager
def _executor(options: argparse.Namespace) -> Iterator[Any]:
    """The cluster that the options name, None for this machine."""
    from .scenarios.running import clusters, engines

    engines.check_places("--processes", options.processes)
    if options.dask and options.ray:
        raise ValueError("--dask and --ray: expected one of them, received both")
    with ExitStack() as stack:
        if options.dask:
            yield stack.enter_context(clusters.dask(options.dask))
        elif options.ray:
            yield stack.enter_context(clusters.ray(options.ray))
        else:
            yield None


@uncollected()
def _list(options: argparse.Namespace) -> int:
    from .scenarios.reading import inventory, listing

    what = "scenarios" if options.what == "presets" else options.what
    if options.json:
        print(json.dumps(inventory.inventory(what, options.study), indent=2, ensure_ascii=False))
    elif what == "fields" and options.study:
        print("\n".join(map(wrapped, listing.fields(options.study))))
    else:
        print("\n".join(map(wrapped, listing.listing(what))))
    return 0


def _show(options: argparse.Namespace) -> int:
    from . import told

    _check_alone(options)
    if options.toml:
        print(pages.scenario(options.results[0]), end="")
        return 0
    from .scenarios.results import chosen, several

    dataset = several.load(options.results)
    if options.columns is not None:
        dataset = chosen.choose(dataset, options.columns)
    if options.to is not None:
        told.reached(dataset, options.to)
        return told.failures(dataset)
    if options.table:
        return told.table(dataset, options.table, options.against)
    file = _figure(options.results, f".{options.format}")
    plotted = _plotted(dataset, options)
    caption = told.taken(plotted) if options.no_caption else ""
    told.report(dataset, file, options.against, plotted)
    told.caption(caption)
    return told.failures(dataset)


def _figure(files: Sequence[str], ending: str) -> Path:
    """In the folder of a run or beside its file; of several here, as it is none of theirs."""
    path = Path(files[0])
    if len(files) > 1:
        return Path(f"joint{ending}")
    return path / f"figure{ending}" if path.is_dir() else path.with_suffix(ending)


def _check_alone(options: argparse.Namespace) -> None:
    """Raise ScenarioError where something is asked for that what is shown instead would leave out."""
    from .scenarios.reading.errors import ScenarioError

    instead = {"toml": options.toml, "to": options.to, options.table: options.table}
    alone = [f"--{name}" for name, asked in instead.items() if asked]
    beside = [f"--{name}" for name in FIGURE if getattr(options, name) is not None]
    beside += ["--no-caption"] * options.no_caption
    if not options.table:
        beside += [f"--{name}" for name in ("against", "columns") if getattr(options, name) is not None]
    if options.toml and len(options.results) > 1:
        raise ScenarioError(f"--toml: expected one preset or scenario, received {len(options.results)}")
    if alone and (others := [*alone[1:], *beside]):
        told = f"{others[0]}: expected none beside {alone[0]}, which shows something else, received both"
        advice = "; --columns chooses what a table shows" if options.table and others[0] == "--y" else ""
        raise ScenarioError(told + advice)


def _plotted(dataset: Any, options: argparse.Namespace) -> Any:
    """The figure that the options ask for, None for that of the study."""
    asked = {name: getattr(options, name) for name in FIGURE}
    if "find" in dataset.attrs and options.y in (None, "required"):
        asked["against"] = options.against  # to which it draws differences
    given = {name: value for name, value in asked.items() if value is not None}
    if not given and not options.no_caption:
        return None
    from .figures import plot

    return plot(dataset, **given)


def _new(options: argparse.Namespace) -> int:
    from .scenarios.reading import schema, skeleton

    print(schema.line(options.study) + "#\n" + skeleton.text(options.study), end="")
    return 0


def _check(options: argparse.Namespace) -> int:
    from .quiet import import_tensorflow

    import_tensorflow()
    from . import checks

    return checks.main(options.json)


def _from_a_graph(error: Exception) -> str | None:
    """What a ValueError said that was raised while a graph ran, such as by the tracer of rays."""
    found = re.search(r"^ValueError: (.+)$", str(error), re.MULTILINE)
    return found and found[1]


def _told(error: ValueError | OSError, options: argparse.Namespace) -> str:
    """What was wrong in a line, and where else it could be written."""
    told = _one_line(error)
    if isinstance(error, durable.Unwritable):
        return f"{told}; name another place by --out" if hasattr(options, "out") else told
    if isinstance(error, OSError) and error.filename and error.strerror:
        return printable(f"{error.filename}: {error.strerror}")
    return told


def _one_line(error: Exception) -> str:
    return printable(" ".join(str(error).split()))


def _hint(options: argparse.Namespace) -> str:
    if options.command is not _run:
        return "overair: stopped"
    if options.out:
        return "overair: stopped; the same command goes on from here"
    made = getattr(options, "kept", None)
    if made is None or not made.exists():
        return "overair: stopped"
    return f"overair: stopped; with --out {shlex.quote(str(made))} the same command goes on from here"
