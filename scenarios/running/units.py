"""Units: a point of a sweep with a seed, what is asked of one, and what is kept of it.

A unit is data, JSON in and arrays out, so any process on any machine can do it. Equal identities are equal numbers: a
record is filed under its identity, and what is asked for twice is done once.
"""

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...version import __version__
from ..reading.digests import digests

if TYPE_CHECKING:
    import numpy as np

Progress = Callable[[int, int], None]  # steps done, steps to do
Values = dict[str, "np.ndarray"]  # by measure


class Record(NamedTuple):
    """What is kept of a unit: values by name over coordinates, and what it can be gone on from."""

    coordinates: dict[str, list[Any]]
    values: Values
    state: "tuple[np.ndarray, ...]" = ()
    failure: str | None = None


class Work(NamedTuple):
    """A unit as its study sees it."""

    seed: int
    wanted: dict[str, list[Any]]
    """Coordinates to fill, by dimension."""
    record: Record | None = None
    """What there is of the unit: other coordinates, or the state in which it was left."""
    folder: Path | None = None
    """Where a study keeps what it trains, which units share; None where nothing is kept."""
    progress: Progress = lambda done, total: None
    save: Callable[[Record], None] = lambda record: None
    """Keeps how far a unit got."""
    alias: str = "the scenario"
    """The unit in words, for warnings."""


class Unit(NamedTuple):
    """One to do: a scenario without axes, with one seed."""

    study: Any
    seed: int
    key: str
    """Of its record."""
    group: str
    alias: str
    """In words."""

    asked: str
    """The key, and the coordinates that are asked for of its record."""


def units(
    study: Any, seeds: Iterable[int], alias: str = "the scenario", made_with: Mapping[str, str] | None = None
) -> list[Unit]:
    """A scenario's units; the names of their records say what decides them, versions and the content of files too."""
    files = {"files": read} if (read := digests(study)) else {}
    made = {"versions": dict(made_with or versions())}
    decides = json.dumps({"scenario": study.identity()} | made | files, sort_keys=True)

    def key(seed: int) -> str:
        return hashlib.blake2b(f"{seed} {decides}".encode(), digest_size=12).hexdigest()

    wanted = json.dumps(study.dimensions())
    keys = {seed: key(seed) for seed in seeds}
    return [Unit(study, seed, key, study.group(seed), alias, f"{key} {wanted}") for seed, key in keys.items()]


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    names = ("tensorflow", "keras", "sionna", "numpy")
    made = {name: metadata.version(name) for name in names}
    return tuple({"overair": __version__, "python": platform.python_version(), **made}.items())


def versions() -> dict[str, str]:
    """What a record is made with."""
    return dict(_versions())
