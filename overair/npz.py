"""Arrays of .npz files: of ours, and of those that nobody vouches for.

What the file declares, which anybody can write, is checked before anything is unpacked, and nothing is unpickled.
"""

import hashlib
import io
import math
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .terminal import printable

MOST_BYTES = 2**30  # of all arrays once unpacked
# what a file that is cut off, damaged, encrypted, packed in an unknown way or made to deceive raises
FAULTS = (
    *(OSError, ValueError, EOFError, KeyError, TypeError, SyntaxError, OverflowError, MemoryError, RecursionError),
    *(NotImplementedError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile),
)


class Npz(NamedTuple):
    """What a file holds."""

    arrays: dict[str, np.ndarray]  # those that were wanted, by name
    names: list[str]  # of all
    digest: str  # of the file's bytes


def read(path: str | Path, wanted: Collection[str]) -> Npz:
    """The arrays of these names, of those that are there; raises one of ``FAULTS``."""
    with open(path, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        with zipfile.ZipFile(stream) as archive:
            members = _members(archive)
            of_use = {name: members[name] for name in wanted if name in members}
            return Npz(_arrays(archive, of_use, MOST_BYTES), sorted(members), digest)


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The content of a file of ours, which nothing compresses."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def unpacked(content: bytes) -> dict[str, np.ndarray]:
    """What is in it, none larger than the file; raises one of ``FAULTS`` where it is damaged."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _arrays(archive, _members(archive), len(content))


def one_line(error: BaseException) -> str:
    """What was wrong, short enough for a complaint."""
    return " ".join(str(error).split())[:160] or type(error).__name__


def named(names: Sequence[str]) -> str:
    """The first names of a file's arrays, fit for a complaint."""
    return printable(", ".join(names[:8])[:160])


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    return {member.filename.removesuffix(".npy"): member for member in archive.infolist()}


def _arrays(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], most: int) -> dict[str, np.ndarray]:
    size = sum(member.file_size for member in members.values())
    if size > most:
        raise ValueError(f"arrays of {size / 2**30:.3g} GiB where {most / 2**30:.3g} GiB may be")
    return {name: _array(archive, member) for name, member in members.items()}


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    name = member.filename
    if member.flag_bits & 1:
        raise ValueError(f"{name} is encrypted")
    with archive.open(member) as stream:
        if (version := np.lib.format.read_magic(stream)) != (1, 0):
            raise ValueError(f"{name} is of version {version} of the .npy format, whose headers have no bound")
        shape, columns_first, dtype = np.lib.format.read_array_header_1_0(stream)
        if dtype.hasobject:
            raise ValueError(f"{name} holds Python objects")
        there, declared = member.file_size - stream.tell(), math.prod(shape) * dtype.itemsize
        if there != declared:
            raise ValueError(f"{name} has {there} bytes where {list(shape)} of {dtype} are {declared}")
        return np.frombuffer(stream.read(), dtype).reshape(shape, order="F" if columns_first else "C")


__all__ = ["FAULTS", "MOST_BYTES", "Npz", "named", "one_line", "packed", "read", "unpacked"]
