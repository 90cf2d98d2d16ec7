"""Results of one file, or of several, which are joined under the names of their folders and files."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from ..reading.errors import ScenarioError
from . import saved
from .join import join

FILES = ("results.nc", "curve.csv")  # in the folder of a run, whose name is theirs


def load(files: Sequence[str | Path]) -> xr.Dataset:
    """What is saved in a file or the folder of a run, or in several."""
    if len(files) == 1:
        return saved.load(files[0])
    return join({name: saved.load(file) for name, file in zip(names(files), files, strict=True)})


def names(files: Sequence[str | Path]) -> list[str]:
    """Of runs, by their folders and files: as few of the last parts of a path as tell it from all others."""
    whole = [Path(os.path.realpath(file)) for file in files]
    whole = [file.parent if file.name in FILES else file for file in whole]
    if twice := [str(file) for file, count in zip(files, map(whole.count, whole), strict=True) if count > 1]:
        raise ScenarioError(f"runs: expected each once, received {' and '.join(twice)}, which are of one run")
    short = [file.with_suffix("") if file.is_file() else file for file in whole]
    whole = [each if short.count(each) == 1 else file for each, file in zip(short, whole, strict=True)]
    found = []
    for file in whole:
        ends = ("/".join(file.parts[-count:]) for count in itertools.count(1))
        others = [other.parts for other in whole if other != file]
        found.append(next(end for at, end in enumerate(ends, 1) if all(o[-at:] != file.parts[-at:] for o in others)))
    return found
