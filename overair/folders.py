"""Where a run is kept: the folder that is named, or a new one, runs/NAME-DATE."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import chain, count
from pathlib import Path

RUNS = Path("runs")
LONGEST = 50  # letters of a name, as systems bound those of folders


def named(out: str | None) -> Path | None:
    """The folder that ``--out`` names, None where it is left out."""
    if out is not None and not out.strip():
        raise ValueError('--out: expected a folder, received ""')
    return Path(out) if out is not None else None


@contextmanager
def kept(folder: Path | None, name: str) -> Iterator[Path]:
    """The folder of a run; a new one in which nothing was kept, as nothing could be run, is removed."""
    if folder is not None:
        yield folder
        return
    first = not RUNS.exists()
    made = _new(name)
    try:
        yield made
    finally:
        with suppress(OSError):  # there is something in it
            made.rmdir()
            if first:
                RUNS.rmdir()


def _new(name: str) -> Path:
    """A folder that no other run has, of the local time and, where that is taken, a number."""
    dated = f"{name[:LONGEST]}-{datetime.now():%Y-%m-%dT%H-%M}"
    try:
        RUNS.mkdir(exist_ok=True)
        return next(made for made in (RUNS / f"{dated}{suffix}" for suffix in _suffixes()) if _is_made(made))
    except FileExistsError:
        raise ValueError(f"{RUNS}: expected a folder, found something else; move it or use --out") from None
    except OSError as error:
        raise ValueError(f"{RUNS / dated}: cannot be made, {error.strerror}; name another folder by --out") from None


def _suffixes() -> Iterator[str]:
    return chain([""], (f"-{number}" for number in count(2)))


def _is_made(folder: Path) -> bool:
    """Whether it is here now and was not before."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True
