"""The folder of a run: what is finished, what is half done, and which scenario it belongs to.

Every file is written under another name and then renamed, so it is there whole or not at all, whenever a run is
killed. Units are filed under a hash of their identity: the order of axes in the scenario's file does not matter.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .errors import ScenarioError
from .results import Record, versions


class HalfDone(NamedTuple):
    """A unit half done: rounds behind it, values so far, and the tensors of its state."""

    round: int
    values: np.ndarray  # [V, R]
    state: list[np.ndarray]


class Store:
    """The records of one run; without a folder nothing is kept and nothing found."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def open(self, resolved: dict[str, Any]) -> None:
        """Begin a run in the folder, or go on with the same one; another scenario or another version is refused."""
        if self.folder is None:
            return
        made = {"scenario": resolved, "versions": versions()}
        file = self.folder / "scenario.json"
        if file.exists():
            self._compare(json.loads(file.read_text(encoding="utf-8")), json.loads(json.dumps(made)))
        elif self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise ScenarioError(
                f"--out {self.folder}: expected a new or empty folder, or one of an earlier run of overair"
            )
        (self.folder / "points").mkdir(parents=True, exist_ok=True)
        self._write(file, json.dumps(made, indent=2).encode())

    def finished(self, unit: str) -> Record | None:
        """The record of a unit, by its identity, if there is one."""
        file = self._file(unit, ".npz")
        if file is None or not file.exists():
            return None
        with np.load(file, allow_pickle=False) as arrays:
            return Record(int(arrays["stopped_at"]), arrays["values"])

    def finish(self, unit: str, record: Record) -> None:
        """Keep the record of a unit."""
        if file := self._file(unit, ".npz"):
            self._save(file, stopped_at=np.array(record.stopped_at), values=record.values)
        if half := self._file(unit, ".half.npz"):
            half.unlink(missing_ok=True)

    def half_done(self, unit: str) -> HalfDone | None:
        """How far a unit got before the run was stopped."""
        file = self._file(unit, ".half.npz")
        if file is None or not file.exists():
            return None
        with np.load(file, allow_pickle=False) as arrays:
            state = [arrays[f"state{at}"] for at in range(len(arrays.files) - 2)]
            return HalfDone(int(arrays["round"]), arrays["values"], state)

    def advance(self, unit: str, round: int, values: np.ndarray, state: Sequence[np.ndarray]) -> None:
        """Keep how far a unit got."""
        if file := self._file(unit, ".half.npz"):
            states = {f"state{at}": array for at, array in enumerate(state)}
            self._save(file, round=np.array(round), values=values, **states)

    def _file(self, unit: str, ending: str) -> Path | None:
        if self.folder is None:
            return None
        return self.folder / "points" / f"{hashlib.blake2b(unit.encode(), digest_size=8).hexdigest()}{ending}"

    def _save(self, file: Path, **arrays: np.ndarray) -> None:
        unfinished = file.with_name(file.name + ".tmp")
        with unfinished.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
        os.replace(unfinished, file)

    def _write(self, file: Path, content: bytes) -> None:
        unfinished = file.with_name(file.name + ".tmp")
        unfinished.write_bytes(content)
        os.replace(unfinished, file)

    def _compare(self, there: Any, wanted: dict[str, Any]) -> None:
        for part, what in (("scenario", "scenario"), ("versions", "software")):
            before, now = _plain(there.get(part)), _plain(wanted[part])
            different = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
            if different:
                key = different[0]
                raise ScenarioError(
                    f"--out {self.folder}: expected the {what} it holds, {key} = {json.dumps(before.get(key))}, "
                    f"received {json.dumps(now.get(key))}; name another folder"
                )


def _plain(value: Any, prefix: str = "") -> dict[str, Any]:
    """The values of nested tables by dotted path."""
    if not isinstance(value, dict):
        return {prefix: value}
    return {
        path: plain
        for key, inner in value.items()
        for path, plain in _plain(inner, f"{prefix}.{key}".strip(".")).items()
    }
