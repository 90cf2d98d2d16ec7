"""Arrays that studies train, kept in a folder: there whole or not at all, and made again where a file is damaged."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ... import durable, npz
from ..reading.catalogue import Table
from ..reading.digests import digests
from ..results.sealed import content_of
from ..running.units import versions

log = logging.getLogger("overair")


def key(table: Table, *decides: Any) -> str:
    """The name of what such things decide, with versions and the content of the files that a table reads."""
    return _name(json.dumps([decides, versions(), digests(table)], sort_keys=True))


def load(file: Path | None) -> list[np.ndarray] | None:
    """The arrays of a file, None where there is none; a damaged one is named and set aside."""
    if file is None or not file.is_file():
        return None
    try:
        arrays = npz.unpacked(content_of(file))
        return [arrays[f"arr_{place}"] for place in range(len(arrays))]
    except npz.FAULTS as error:
        aside = durable.set_aside(file)
        told = "%s is damaged and set aside as %s; it is trained again (%s)"
        log.warning(told, file, aside.name, npz.one_line(error))
        return None


def save(file: Path | None, arrays: Sequence[np.ndarray]) -> None:
    """Keep arrays in a file, if there is a place."""
    if file is None:
        return
    durable.folder(file.parent)
    durable.write(file, npz.packed({f"arr_{place}": array for place, array in enumerate(arrays)}))


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
        name = _name(repr((*self._decides, *told)))
        if name not in self._there:
            file = self._folder / f"{name}.npz" if self._folder else None
            self._there[name] = kept(file, lambda: [np.asarray(array) for array in make()])
        return self._there[name]


def _name(decides: str) -> str:
    return hashlib.blake2b(decides.encode(), digest_size=12).hexdigest()
