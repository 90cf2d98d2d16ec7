"""Arrays that studies train, kept in a folder: there whole or not at all, and made again where a file is damaged."""

import hashlib
import io
import json
import logging
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import durable
from ..reading.catalogue import Table
from ..reading.digests import digests
from ..running.units import versions

log = logging.getLogger("overair")


def key(table: Table, *decides: Any) -> str:
    """The name of what such things decide, with versions and the content of the files that a table reads."""
    told = json.dumps([decides, versions(), digests(table)], sort_keys=True)
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def load(file: Path | None) -> list[np.ndarray] | None:
    """The arrays of a file, None where there is none that can be read."""
    if file is None or not file.is_file():
        return None
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as arrays:
            return [arrays[f"arr_{place}"] for place in range(len(arrays.files))]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, MemoryError) as error:
        log.warning("warning: %s is damaged and is made again: %s", file, " ".join(str(error).split()))
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
