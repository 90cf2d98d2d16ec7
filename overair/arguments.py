"""What the command `overair` takes: its subcommands, their arguments, and their help."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from . import bundles, editors, models, snr
from .terminal import printable
from .typed import names, whole
from .version import __version__

Command = Callable[[argparse.Namespace], int]
LAYOUT = argparse.RawDescriptionHelpFormatter

EXAMPLES = """examples:
  overair run quickstart                                     data that comes along, under a minute, a figure
  overair run quickstart --set link.snr_db=[-10,0,10,20] --set uplink=[ideal,analog,digital] --out runs/a
  overair list                                               everything there is
  overair list codecs                                        one family, with fields and defaults
  overair list cfo                                           what has to do with a word of the field
  overair list fields federated                              what a scenario of a study can say
  overair show quickstart --toml                             a preset's file, to begin with
  overair new images                                         a scenario of a study that runs, every field explained
  overair show runs/a                                        table and figure again
  overair show runs/a runs/b                                 both in one table and one figure
  overair show runs/a --against ideal                        differences seed by seed, with their intervals
  overair show runs/a --to accuracy=0.85                     what a level took, and how many seeds got there
  overair show runs/a --x elements --style ieee --format pdf a figure for a paper: accuracy over what it cost
  overair show runs/a --latex                                its table, also --csv and --json
  overair report runs/a                                      one HTML page with all of it
  overair figure amiri2020                                   a published figure, from its stored curves
  overair cite runs/a                                        BibTeX of the package and of the schemes used
  overair bundle runs/a                                      all about it in one zip file; verify computes some again
  overair models runs/a                                      what was trained, as .keras, a file a point and seed
  overair check                                              theory beside simulation
  overair schema > federated.schema.json                     what editors complete and check scenarios by
  source <(overair completion bash)                          completion in bash; also zsh and fish
  overair snr --ebno 4 --bits 4 --rate 1/2                   what snr_db an Eb/N0 of a paper is
"""
RUN_EXAMPLES = """examples:
  overair run quickstart --set rounds=50 --out runs/quickstart
  overair run my.toml --set link.channel=[awgn,rayleigh] --set uplink.codec=identity
  overair run abdi_rlc --set grant.compression=[2,10] --out runs/rlc

A list where one value belongs is an axis; all axes are multiplied. Words need no quotes, but your shell may want the
whole argument quoted. Results are kept in DIR, a new folder runs/NAME-DATE where --out names none. With --out the same
command goes on where it was stopped, and does what is new in a scenario that has grown; started several times on one
folder, the commands share the work.
"""
LIST_EXAMPLES = """examples:
  overair list scenarios                                     presets, which `overair run NAME` runs
  overair list codecs                                        one family, with fields and defaults
  overair list fields images                                 what a scenario of the study images can say
  overair list cfo                                           what has to do with a word of the field
"""
SHOW_EXAMPLES = """examples:
  overair show runs/a --x elements --format pdf              accuracy over the elements spent so far, pilots included
  overair show runs/a --x snr_db --panel devices --style ieee --format pdf
  overair show runs/a --y nmse --lines uplink,codec --width 7.16
  overair show runs/a --latex --columns accuracy,elements    a table for a paper, of two measures
  overair show runs/mine runs/baseline                       two runs in one table and one figure, joint.png
  overair show runs/mine runs/baseline --against baseline    what mine has more, seed by seed

The figure is figure.png (.pdf, .svg) in the folder, or beside the file. It is that of the study, with any of --x, --y,
--panel, --lines, --width and --style a curve. Of several runs it is a curve, joint.png where the command runs.
"""


class Parser(argparse.ArgumentParser):
    """Complains in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"overair: {printable(message)}; see {self.prog} --help\n")


def parser(
    run: Command,
    list_: Command,
    show: Command,
    report: Command,
    figure: Command,
    cite: Command,
    new: Command,
    check: Command,
) -> Parser:
    """Of the whole command, from what its subcommands do."""
    made = Parser(
        prog="overair", description="Learning over wireless links, simulated.", epilog=EXAMPLES, formatter_class=LAYOUT
    )
    made.add_argument("--version", action="version", version=f"overair {__version__}")
    commands = made.add_subparsers(metavar="COMMAND", required=True)
    _add_run(commands, run)
    _add_list(commands, list_)
    told = commands.add_parser("new", help="print a scenario of a study to begin with, every field explained")
    told.add_argument("study", metavar="STUDY", help="such as images; see `overair list studies`")
    told.set_defaults(command=new)
    _add_show(commands, show)

    told = commands.add_parser("report", help="one page of results: table, curves, channels, scenario, command")
    told.add_argument("results", metavar="DIR|FILE", help="the folder of a run, its results.nc or curve.csv")
    told.add_argument(
        "--out", type=Path, metavar="FILE", help="the page (report.html in the folder, or beside the file)"
    )
    told.set_defaults(command=report)

    told = commands.add_parser("figure", help="the published figure of a preset, from curves that are kept")
    told.add_argument("name", metavar="NAME", help="a preset, or all")
    told.add_argument(
        "--out", type=Path, metavar="FILE", help="the picture, .png, .pdf or .svg (NAME.png); for all a folder"
    )
    told.add_argument(
        "--curves",
        type=Path,
        metavar="DIR",
        help="the folder of curves or runs (docs/curves of the source)",
    )
    told.add_argument("--no-caption", action="store_true", help="print the caption in place of drawing it")
    told.set_defaults(command=figure)

    told = commands.add_parser("cite", help="BibTeX of the package and of the papers behind the schemes of a result")
    told.add_argument("results", metavar="DIR|FILE|NAME", help="results, or a preset")
    told.set_defaults(command=cite)

    bundles.add(commands)
    models.add(commands)
    told = commands.add_parser("check", help="theory beside simulation; exits 1 where they disagree")
    told.add_argument("--json", action="store_true", help="print JSON, for other programs, when all is done")
    told.set_defaults(command=check)
    snr.add(commands)
    editors.add(commands)

    for each in (
        commands.choices[name]
        for name in ("run", "list", "show", "report", "cite", "schema", "bundle", "verify", "models")
    ):
        each.add_argument(
            "--with", action="append", default=[], dest="folders", metavar="FOLDER",
            help="a folder with schemes of your own, such as channels/NAME.py; repeatable",
        )  # fmt: skip

    for action in commands._choices_actions:
        about = action.help or ""
        commands.choices[action.dest].description = f"{about[:1].upper()}{about[1:]}."
    return made


def _add_run(commands: Any, command: Command) -> None:
    run = commands.add_parser("run", help="run a scenario", epilog=RUN_EXAMPLES, formatter_class=LAYOUT)
    run.add_argument("scenario", metavar="NAME|FILE", help="a preset, see `overair list scenarios`, or a .toml file")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        dest="sets",
        help="change a field of the scenario, such as link.snr_db=5; repeatable",
    )
    run.add_argument(
        "--out",
        metavar="DIR",
        help="the folder of results, in which a run that was stopped or has grown goes on (a new runs/NAME-DATE)",
    )
    run.add_argument("--processes", type=whole, default=1, metavar="N", help="how many processes share the work (1)")
    run.add_argument("--dask", metavar="ADDRESS", help="the scheduler of a Dask cluster that does the work")
    run.add_argument("--ray", metavar="ADDRESS", help="a Ray cluster that does the work; auto finds the one here")
    run.add_argument(
        "--fresh", action="store_true", help="go on in a DIR of other versions, whose records are kept apart"
    )
    run.add_argument("--retry", action="store_true", help="compute again what failed in DIR")
    run.set_defaults(command=command)


def _add_list(commands: Any, command: Command) -> None:
    told = commands.add_parser(
        "list", help="list schemes, scenarios, studies and fields", epilog=LIST_EXAMPLES, formatter_class=LAYOUT
    )
    told.add_argument(
        "what",
        nargs="?",
        metavar="WHAT",
        help="scenarios, studies, fields, a family such as codecs, or a word to look for, such as cfo; all if left out",
    )
    told.add_argument("study", nargs="?", metavar="STUDY", help="after fields: the study that they are of (federated)")
    told.add_argument("--json", action="store_true", help="print JSON, for other programs")
    told.set_defaults(command=command)


def _add_show(commands: Any, command: Command) -> None:
    show = commands.add_parser(
        "show", help="table and figure of results, or a preset's file", epilog=SHOW_EXAMPLES, formatter_class=LAYOUT
    )
    show.add_argument(
        "results",
        nargs="+",
        metavar="DIR|FILE|NAME",
        help="the folder of a run, its results.nc or curve.csv, or several to compare; or a preset with --toml",
    )
    show.add_argument(
        "--against",
        metavar="LABEL",
        help="differences to this value of an axis, such as ideal or AXIS=VALUE, seed by seed",
    )
    show.add_argument(
        "--columns",
        metavar="MEASURE",
        type=names,
        help="measures that the table shows, with commas, also as CSV, JSON or LaTeX; the first with its interval",
    )
    show.add_argument(
        "--to",
        metavar="MEASURE=LEVEL",
        help="in place of the table, the rounds, elements, bits, airtime and energy that a level took",
    )
    show.add_argument("--toml", action="store_true", help="print the file of a preset or a scenario")
    alone = show.add_mutually_exclusive_group()
    alone.add_argument("--csv", dest="table", action="store_const", const="csv", help="the table alone, as CSV")
    alone.add_argument("--json", dest="table", action="store_const", const="json", help="the table alone, as JSON")
    alone.add_argument("--latex", dest="table", action="store_const", const="latex", help="the table alone, for LaTeX")
    drawn = show.add_argument_group("the figure")
    drawn.add_argument(
        "--x",
        metavar="AXIS|COST",
        help="an axis, or what was spent so far: elements, bits, airtime, energy; with hardware also seconds, joules",
    )
    drawn.add_argument("--y", metavar="MEASURE", help="a measure, such as loss; the main one unless given")
    drawn.add_argument("--panel", metavar="AXIS", type=names, help="axes whose values have panels, with commas")
    drawn.add_argument("--lines", metavar="AXIS", type=names, help="axes whose values have lines, with commas")
    drawn.add_argument("--width", type=float, metavar="INCHES", help="width of the figure; 3.5 is a column of two")
    drawn.add_argument("--style", metavar="STYLE", help="plain, ieee (a column, serifs) or slides")
    drawn.add_argument("--no-caption", action="store_true", help="print the caption in place of drawing it")
    drawn.add_argument("--format", choices=("png", "pdf", "svg"), default="png", help="format of the file (png)")
    show.set_defaults(command=command)
