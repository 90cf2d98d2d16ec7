"""Units: a point of a sweep with a seed, what is asked of one, and what is kept of it.

A unit is data, JSON in and arrays out, so any process on any machine can do it. Equal identities are equal numbers: a
record is filed under its identity, and what is asked for twice is done once.
"""

import hashlib
import json
import platform
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from ...version import __version__

Progress = Callable[[int, int], None]  # steps done, steps to do


class Record(NamedTuple):
    """What is kept of a unit: values by name over coordinates, and what it can be gone on from."""

    coordinates: dict[str, list[Any]]
    values: dict[str, np.ndarray]
    state: tuple[np.ndarray, ...] = ()
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
    """One to do: the place of its point in the sweep, its seed, the key of its record and its group."""

    point: int
    seed: int
    key: str
    group: str


class Identified(Protocol):
    """What a unit's key is made of."""

    def identity(self) -> dict[str, Any]: ...


def key(study: Identified, seed: int) -> str:
    """The name of a unit's record: numbers of other versions are others."""
    decides = json.dumps({"scenario": study.identity(), "seed": seed, "versions": versions()}, sort_keys=True)
    return hashlib.blake2b(decides.encode(), digest_size=12).hexdigest()


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    names = ("tensorflow", "keras", "sionna", "numpy")
    made = {name: metadata.version(name) for name in names}
    return tuple({"overair": __version__, "python": platform.python_version(), **made}.items())


def versions() -> dict[str, str]:
    """What a record is made with."""
    return dict(_versions())
