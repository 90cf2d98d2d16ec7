"""The folder of runs: the record of every unit ever finished in it, and the scenario that was run last.

records/KEY.npz   one a unit, by what decides its numbers: scenarios may share them, and a run grows by what is missing
networks/         what studies train
scenario.json     the scenario of results.nc and curve.csv, and the versions that made the records
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ... import durable, npz
from ..reading.errors import ScenarioError
from ..results.sealed import content_of
from .units import Record, versions

LARGEST = 2**26  # bytes of scenario.json
DAMAGED = (*npz.FAULTS, LookupError, AttributeError, ArithmeticError)  # what reading one raises

log = logging.getLogger("overair")


class Store:
    """The records of a folder; without one nothing is kept and nothing found."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def check(self, fresh: bool = False) -> None:
        """Refuses a folder of something else, and one of other versions unless ``fresh`` keeps both apart."""
        if self.folder is None:
            return
        file = self.folder / "scenario.json"
        if file.exists():
            there = self._read(file)
            if not fresh:
                self._compare(there)
        elif self._is_foreign():
            raise ScenarioError(
                f"--out {self.folder}: expected a new or empty folder, or one of an earlier run of overair"
            )

    def open(self, resolved: dict[str, Any]) -> None:
        """Begin a run in the folder, or go on in it."""
        if self.folder is None:
            return
        file = self.folder / "scenario.json"
        durable.folder(self.folder / "records")
        durable.write(file, json.dumps({"scenario": resolved, "versions": versions()}, indent=2).encode())

    def record(self, key: str, found: Callable[[Record], object]) -> Record | None:
        """What is kept of a unit; a damaged record is named, set aside and done again, and one that holds nonsense."""
        file = self._file(key)
        if file is None or not file.is_file():
            return None
        try:
            record = read(content_of(file))
            found(record)
            return record
        except DAMAGED as error:
            aside = durable.set_aside(file)
            log.warning("%s is damaged and set aside as %s; its unit is done again (%s)", file, aside.name, error)
            return None

    def keep(self, key: str, record: Record) -> None:
        """Keep what there is of a unit."""
        if file := self._file(key):
            durable.write(file, written(record))

    def _file(self, key: str) -> Path | None:
        return self.folder / "records" / f"{key}.npz" if self.folder else None

    def _is_foreign(self) -> bool:
        """Whether a folder holds what is none of ours; what a first write left half done is ours."""
        if self.folder is None or not self.folder.exists():
            return False
        if not self.folder.is_dir():
            return True
        names = {entry.name for entry in self.folder.iterdir() if not entry.name.endswith(".tmp")}
        return bool(names) and "records" not in names

    def _read(self, file: Path) -> Any:
        content = content_of(file, LARGEST)
        try:
            there = json.loads(content)
            return dict(there["versions"])
        except (ValueError, KeyError, TypeError, RecursionError):
            aside = durable.set_aside(file)
            log.warning("%s is damaged and set aside as %s", file, aside.name)
            return None

    def _compare(self, there: dict[str, str] | None) -> None:
        now = versions()
        different = sorted(name for name in now if there is not None and there.get(name) != now[name])
        if there is not None and different:
            name = different[0]
            raise ScenarioError(
                f"--out {self.folder}: expected records of {name} {now[name]}, found those of {there.get(name)}; "
                "name another folder, or keep both apart with --fresh"
            )


def written(record: Record) -> bytes:
    """A record as the content of a file."""
    about = {
        "coordinates": record.coordinates, "failure": record.failure, "names": list(record.values),
        "states": len(record.state),
    }  # fmt: skip
    arrays = {f"value{at}": np.asarray(value) for at, value in enumerate(record.values.values())}
    arrays |= {f"state{at}": part for at, part in enumerate(record.state)}
    return npz.packed({"about": np.array(json.dumps(about))} | arrays)


def read(content: bytes) -> Record:
    """The record of a file's content, whose checksums and sizes are compared before anything is made of it."""
    arrays = npz.unpacked(content)
    about = json.loads(str(arrays["about"]))
    values = {name: arrays[f"value{at}"] for at, name in enumerate(about["names"])}
    state = tuple(arrays[f"state{at}"] for at in range(about["states"]))
    return Record(about["coordinates"], values, state, about["failure"])
