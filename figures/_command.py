"""A figure's command: from results to a picture, and what is wrong with them in one line."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def parser(name: str, about: str | None) -> ArgumentParser:
    """Of a figure, with what all have: ``--out``, the picture; the first line of ``about`` is its help."""
    first = (about or "").partition("\n")[0]
    made = ArgumentParser(prog=f"python -m overair.figures.{name}", description=first)
    made.add_argument("--out", type=Path, default=Path(f"{name}.png"), help="the picture (.png, .pdf, .svg)")
    return made


def perform(made: ArgumentParser, arguments: Sequence[str] | None, draw: Callable[[Namespace], None]) -> int:
    """Draws what the arguments ask for, and returns the exit code: 2 where something is wrong with them."""
    wanted = made.parse_args(arguments)
    try:
        check_out(wanted.out)
        draw(wanted)
    except (ValueError, OSError) as error:
        print(f"overair: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print(f"figure: {wanted.out}")
    return 0


def draw_folder(
    name: str, about: str | None, arguments: Sequence[str] | None, draw: Callable[[Path, Path], None]
) -> int:
    """The whole command of a figure that draws the curves of a folder."""
    made = parser(name, about)
    made.add_argument("folder", type=Path, help="with the curves, as kept in docs/curves")
    return perform(made, arguments, lambda wanted: draw(wanted.folder, wanted.out))


def kept(folder: Path, name: str) -> "xr.Dataset":
    """The results of a preset in a folder: its run in a folder of its name, or its curve as CSV."""
    from ..scenarios.results import saved

    return saved.load(folder / name if (folder / name).is_dir() else folder / f"{name}.csv")


def check_out(path: Path) -> None:
    """Refuses a place where no picture can be kept, before anything long begins."""
    if path.suffix not in (".png", ".pdf", ".svg") or not path.absolute().parent.is_dir():
        raise ValueError(f"--out: expected a .png, .pdf or .svg in a folder that exists, received {path}")
