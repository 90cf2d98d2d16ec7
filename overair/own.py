"""Folders with schemes of one's own, which are named before anything of a scenario is read."""

import os
import sys
from pathlib import Path

GROUP = "overair.schemes"  # the entry points of packages that are installed
VARIABLE = (
    "OVERAIR_WITH"  # hands folders on to processes that this one starts; workers of a cluster need them installed
)


def use(*folders: str | Path) -> None:
    """Take schemes from these folders, such as folder/channels/mine.py, too; before overair.scenarios is imported.

    A folder has folders of families' names, and a file for each scheme, whose name is its kind. Processes that this one
    starts take them too.

    >>> import overair
    >>> overair.use("mine")  # doctest: +SKIP
    >>> from overair.scenarios import run
    """
    if "" in folders:
        raise ValueError('use: expected a folder, received ""')
    named = list(dict.fromkeys(str(Path(folder).absolute()) for folder in folders))
    there = [folder for folder in os.environ.get(VARIABLE, "").split(os.pathsep) if folder]
    new = [folder for folder in named if folder not in there]
    if split := next((folder for folder in new if os.pathsep in folder), None):
        raise ValueError(f"use: expected a folder without {os.pathsep!r} in its path, received {split}")
    if new and f"{__package__}.scenarios" in sys.modules:
        raise ValueError("use: expected before overair.scenarios is imported, received after; name folders first")
    os.environ[VARIABLE] = os.pathsep.join([*there, *new])
