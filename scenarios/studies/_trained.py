"""Arrays that a study trains, kept by all that decides them: in memory, and in the folder of networks if there is one.

A file is there whole or not at all, so what was interrupted goes on after the last thing trained. It holds arrays and
their checksums; no code is run by reading it.
"""

import hashlib
import io
import logging
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from .. import durable
from ..running.units import versions

FAULTS = (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, MemoryError)

log = logging.getLogger("overair")


class Kept:
    """What is trained on some data; other versions train anew."""

    def __init__(self, folder: Path | None, *decides: object) -> None:
        self._folder, self._decides = folder, (versions(), *decides)
        self._there: dict[str, list[np.ndarray]] = {}

    def __call__(self, told: tuple[object, ...], make: Callable[[], Sequence[np.ndarray]]) -> Sequence[np.ndarray]:
        """Arrays of all that decides them; made where they are not there yet."""
        text = repr((*self._decides, *told))
        name = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        if name not in self._there:
            self._there[name] = self._read(name) or self._made(name, make)
        return self._there[name]

    def _made(self, name: str, make: Callable[[], Sequence[np.ndarray]]) -> list[np.ndarray]:
        arrays = [np.asarray(array) for array in make()]
        if file := self._file(name):
            stream = io.BytesIO()
            np.savez(stream, allow_pickle=False, **{f"array{at}": array for at, array in enumerate(arrays)})
            file.parent.mkdir(parents=True, exist_ok=True)
            durable.write(file, stream.getvalue())
        return arrays

    def _read(self, name: str) -> list[np.ndarray] | None:
        file = self._file(name)
        if file is None or not file.is_file():
            return None
        try:
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                return [arrays[f"array{at}"] for at in range(len(arrays.files))]
        except FAULTS as error:
            aside = file.with_name(f"{file.name}.damaged")
            os.replace(file, aside)
            log.warning("warning: %s is damaged and set aside as %s; it is trained again (%s)", file, aside.name, error)
            return None

    def _file(self, name: str) -> Path | None:
        return self._folder / f"{name}.npz" if self._folder else None
