"""Vectors from a file, a row each, in a .npy or a .csv: read without unpickling, and checked."""

import os
import warnings
from pathlib import Path

import numpy as np

from ..reading import digests

MOST_BYTES = {".npy": 2**30, ".csv": 2**26}  # of a file


def digest(path: str) -> str:
    """What names the content of a file."""
    return digests.of_file(_file(path))


def rows(path: str) -> np.ndarray:
    """All vectors of a file, [N, d]; those of a .npy stay on the disk."""
    file = _file(path)
    values = (_npy if file.suffix == ".npy" else _csv)(file)
    if values.ndim != 2 or not (np.issubdtype(values.dtype, np.floating) or np.issubdtype(values.dtype, np.integer)):
        raise ValueError(
            f"vectors: expected real numbers [devices, entries] in {path}, received {values.dtype} of the shape "
            f"{list(values.shape)}"
        )
    return values


def finite(values: np.ndarray, path: str) -> np.ndarray:
    """Vectors as float32."""
    with np.errstate(over="ignore"):
        kept = np.ascontiguousarray(values, np.float32)
    if not np.isfinite(kept).all():
        raise ValueError(f"vectors: expected finite numbers in {path}, received NaN, infinity or larger than float32")
    return kept


def read(path: str, devices: int, entries: int) -> np.ndarray:
    """The vectors of the first so many devices, float32 [K, d]."""
    values = rows(path)
    if values.shape[1] != entries:
        raise ValueError(
            f"vectors: expected {entries} entries a vector in {path}, received {values.shape[1]}; "
            f"set entries = {values.shape[1]}"
        )
    if len(values) < devices:
        raise ValueError(
            f"vectors: expected a vector for each of {devices} devices in {path}, received {len(values)}; take fewer "
            "devices"
        )
    kept = finite(values[:devices], path)
    if not kept.sum(axis=0, dtype=np.float64).any():
        raise ValueError(f"vectors: expected a sum that is not zero in {path}, received zeros")
    return kept


def _file(path: str) -> Path:
    """One that is there and not too large to be read."""
    file = Path(path).expanduser()
    if file.suffix not in MOST_BYTES:
        raise ValueError(f"vectors: expected a .npy or .csv file, received {path}")
    if not file.is_file() or not os.access(file, os.R_OK):
        where = "" if file.is_absolute() else f"; paths are taken from {Path.cwd()}"
        raise ValueError(f"vectors: expected a file that can be read, received {path}, which is none{where}")
    if (size := file.stat().st_size) > (most := MOST_BYTES[file.suffix]):
        raise ValueError(
            f"vectors: expected at most {most / 2**20:g} MiB of {file.suffix}, received {path} of {size / 2**20:.4g}"
        )
    return file


def _npy(file: Path) -> np.ndarray:
    """Mapped, so that a header which promises more than there is takes no memory."""
    try:
        values = np.load(file, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, OverflowError, SyntaxError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"vectors: expected a .npy file of numbers, received {file}: {reason}") from None
    if not isinstance(values, np.ndarray):
        values.close()
        raise ValueError(f"vectors: expected a .npy file of numbers, received {file}: an archive")
    return values


def _csv(file: Path) -> np.ndarray:
    try:
        with file.open(encoding="utf-8") as stream, warnings.catch_warnings():
            warnings.simplefilter("error")  # of a file without rows
            return np.loadtxt(stream, delimiter=",", ndmin=2)
    except (ValueError, UserWarning) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"vectors: expected rows of numbers with commas between, received {file}: {reason}") from None
