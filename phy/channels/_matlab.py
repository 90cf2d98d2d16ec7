"""Arrays of MATLAB files: of level 5 (``save -v6`` and ``-v7``) by SciPy, of level 7.3, which is HDF5, by h5py.

What a file declares is checked before anything is unpacked, and what is compressed is unpacked here, up to a bound, so
that no library allocates more than the file may hold. Structs, cells, objects and links to other files are refused.
"""

import hashlib
import io
import math
import struct
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from scipy.io import loadmat, savemat, whosmat
from scipy.io.matlab import MatReadError

from ... import npz

FAULTS = (*npz.FAULTS, MatReadError)
HEADER = 128  # bytes before the variables of level 5
COMPRESSED = 15  # the type of an element that zlib packed
PEEK = 2**12  # bytes of a variable that hold its name and shape
MOST_VARIABLES = 1000
# filters of a dataset
PACKED: tuple[list[int], ...] = [], [h5py.h5z.FILTER_DEFLATE], [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE]
NUMBERS = ("double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
TYPES = (1, 2, 3, 4, 5, 6, 7, 9, 12, 13)  # of an array's parts: whole numbers of 8 to 64 bits, single and double
WIDEST = 16  # bytes of a complex double


def is_matlab(path: str | Path) -> bool:
    """Whether it begins as MATLAB's files do."""
    with open(path, "rb") as stream:
        return stream.read(6) == b"MATLAB"


def read(path: str | Path, wanted: Collection[str]) -> npz.Npz:
    """The arrays of these names, of those that are there, with MATLAB's axes; raises one of ``FAULTS``."""
    with open(path, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        level = stream.read(10)[7:]
        stream.seek(0)
        arrays, names = (_hdf5 if level == b"7.3" else _level5)(stream, wanted)
    return npz.Npz(arrays, sorted(names), digest)


def packed(arrays: dict[str, np.ndarray]) -> bytes:
    """The content of a file of level 5, which nothing compresses."""
    stream = io.BytesIO()
    savemat(stream, arrays)
    return stream.getvalue()


def _level5(stream: BinaryIO, wanted: Collection[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    header, content = stream.read(HEADER), stream.read(npz.MOST_BYTES + 1)
    _check_size(len(content))
    order = "<" if header[126:128] == b"IM" else ">"
    names, chosen, at, room = [], [], 0, npz.MOST_BYTES
    while at < len(content):
        kind, size = struct.unpack_from(f"{order}II", content, at)
        element = content[at : at + 8 + size]
        at += 8 + size
        beginning = zlib.decompressobj().decompress(element[8:], PEEK) if kind == COMPRESSED else element
        name, shape, of = _declared(header, beginning)
        names.append(name)
        if len(names) > MOST_VARIABLES:
            raise ValueError(f"more than {MOST_VARIABLES} variables")
        if name not in wanted:
            continue
        if of not in NUMBERS:
            raise ValueError(f"{name} is a {of} where numbers are expected")
        _check_size(math.prod(shape) * WIDEST)
        whole = _unpacked(element[8:], room) if kind == COMPRESSED else element
        _check_parts(whole, order)
        chosen.append(whole)
        room -= len(whole)
    found = loadmat(io.BytesIO(header + b"".join(chosen))) if chosen else {}
    return {name: _floats(found[name]) for name in wanted if name in found}, names


def _floats(array: np.ndarray) -> np.ndarray:
    """Complex or real: MATLAB stores doubles that are whole numbers as bytes."""
    return array.astype(np.float64) if array.dtype.kind in "iu" else array


def _declared(header: bytes, element: bytes) -> tuple[str, tuple[int, ...], str]:
    """Name, shape and class of a variable, from its beginning."""
    (one,) = whosmat(io.BytesIO(header + element)) or [("", (), "nothing")]
    return one


def _check_parts(element: bytes, order: str) -> None:
    """Raise ValueError where a part of an array is of no type, as SciPy looks those up without a bound."""
    at = 8
    while at + 8 <= len(element):
        kind, size = struct.unpack_from(f"{order}II", element, at)
        small = kind >> 16  # a part of at most four bytes, beside its type
        if (kind & 0xFFFF if small else kind) not in TYPES:
            raise ValueError("an array has a part of no type that numbers have")
        at += 8 if small else 8 + size + -size % 8


def _unpacked(content: bytes, most: int) -> bytes:
    """What zlib packed, of no more than so many bytes."""
    stream = zlib.decompressobj()
    whole = stream.decompress(content, max(most, 1))
    if not stream.eof:
        raise ValueError("a variable is larger than it says" if stream.unconsumed_tail else "a variable ends early")
    return whole


def _hdf5(stream: BinaryIO, wanted: Collection[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    with h5py.File(stream, "r") as file:
        names = [name for name in file if not name.startswith("#")]
        datasets = {name: _dataset(file, name) for name in wanted if name in names}
        _check_size(sum(math.prod(found.shape) * found.dtype.itemsize for found in datasets.values()))
        for found in datasets.values():
            _check_chunks(found)
        return {
            name: _floats(_complex(found[()])).T for name, found in datasets.items()
        }, names  # axes are MATLAB's, reversed


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    found = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
    if not isinstance(found, h5py.Dataset) or found.is_virtual or found.external or found.shape is None:
        del found  # else the complaint keeps it, and HDF5 ends the process with a fault where it is virtual
        raise ValueError(f"{name} is a struct, a link or empty where an array is expected")
    parts = found.dtype.fields or {"": (found.dtype, 0)}
    if set(parts) not in ({""}, {"real", "imag"}) or any(part.kind not in "fiu" for part, _ in parts.values()):
        raise ValueError(f"{name} is {found.dtype} where numbers are expected")
    return found


def _check_chunks(found: h5py.Dataset) -> None:
    """Raise ValueError where a chunk unpacks to more than it says, as HDF5 unpacks whatever there is."""
    made = found.id.get_create_plist()
    filters = [made.get_filter(place)[0] for place in range(made.get_nfilters())]
    if filters not in PACKED:
        raise ValueError(f"{found.name[1:]} is packed otherwise than MATLAB packs")
    if not filters:
        return
    size = math.prod(found.chunks) * found.dtype.itemsize
    _check_size(size)

    def check(chunk: Any) -> None:
        _check_size(chunk.size)
        skipped, content = found.id.read_direct_chunk(chunk.chunk_offset)
        if not skipped >> len(filters) - 1 & 1 and len(_unpacked(content, size + 1)) > size:
            raise ValueError("a variable is larger than it says")

    found.id.chunk_iter(check)


def _complex(array: np.ndarray) -> np.ndarray:
    return array["real"] + 1j * array["imag"] if array.dtype.fields else array


def _check_size(size: int) -> None:
    if size > npz.MOST_BYTES:
        raise ValueError(f"arrays of {size / 2**30:.3g} GiB where {npz.MOST_BYTES / 2**30:.3g} GiB may be")


__all__ = ["FAULTS", "is_matlab", "packed", "read"]
