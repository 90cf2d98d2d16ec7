"""Trained models of a run: `overair models` saves the server's, of every point and seed, as .keras."""

import argparse
from pathlib import Path
from typing import Any

from .terminal import printable

MISSING = 1
HELP = "save the models that a run's units ended with as .keras; exits 1 where one has none"


def add(commands: Any) -> None:
    """The command and its arguments."""
    told = commands.add_parser("models", help=HELP)
    told.add_argument("folder", type=Path, metavar="DIR", help="a folder of `run --out`")
    told.add_argument("--out", type=Path, metavar="DIR", help="where to (models in the folder)")
    told.set_defaults(command=_models)


def _models(options: argparse.Namespace) -> int:
    from .scenarios.results import trained

    out, code = options.out or options.folder / "models", 0
    for each in trained.keep(options.folder, out):
        print(printable(f"{each.file}: no model; {each.missing}" if each.missing else str(each.file)))
        code = MISSING if each.missing else code
    return code
