"""Arrays that studies train, kept in a folder: there whole or not at all, and made again where a file is damaged."""

import hashlib
import io
import json
import logging
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import durable
from ..reading.catalogue import Table
from ..reading.digests import digests
from ..running.units import versions

DAMAGED = (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, MemoryError)

log = logging.getLogger("overair")


def key(table: Table, *decides: Any) -> str:
    """The name of what such things decide, with versions and the content of the files that a table reads."""
    told = json.dumps([decides, versions(), digests(table)], sort_keys=True)
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def load(file: Path | None) -> list[np.ndarray] | None:
    """The arrays of a file, None where there is none; a damaged one is named and set aside."""
    if file is None or not file.is_file():
        return None
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as arrays:
            return [arrays[f"arr_{place}"] for place in range(len(arrays.files))]
    except DAMAGED as error:
        aside = file.with_name(f"{file.name}.damaged")
        os.replace(file, aside)
        told = "warning: %s is damaged and set aside as %s; it is trained again (%s)"
        log.warning(told, file, aside.name, " ".join(str(error).split()))
        return None


def save(file: Path | None, arrays: Sequence[np.ndarray]) -> None:
    """Keep arrays in a file, if there is a place."""
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    np.savez(content, *arrays)
    durable.write(file, content.getvalue())


def kept(file: Path | None, make: Callable[[], list[np.ndarray]]) -> list[np.ndarray]:
    """The arrays of a file, made and put there where it is not."""
    if (there := load(file)) is not None:
        return there
    made = make()
    save(file, made)
    return made


class Kept:
    """What is trained on some data, by all that decides it: in memory, and in a folder if there is one."""

    def __init__(self, folder: Path | None, *decides: object) -> None:
        self._folder, self._decides = folder, (versions(), *decides)
        self._there: dict[str, list[np.ndarray]] = {}

    def __call__(self, told: tuple[object, ...], make: Callable[[], Sequence[np.ndarray]]) -> Sequence[np.ndarray]:
        """Arrays of all that decides them; made where they are not there yet."""
        text = repr((*self._decides, *told))
        name = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        if name not in self._there:
            file = self._folder / f"{name}.npz" if self._folder else None
            self._there[name] = kept(file, lambda: [np.asarray(array) for array in make()])
        return self._there[name]
