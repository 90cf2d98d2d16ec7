"""Files of MATLAB made to deceive: sparse, cells, links, parts of no type; each refused in a printable line."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import eye

from overair import npz
from overair.phy import CirFile
from tests.phy.test_responses_of_others import HEADER, linked


def hdf5(path: Path, make: Callable[[h5py.File], Any]) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        make(file)
        file["tau"] = np.zeros([5, 4])
    with open(path, "r+b") as stream:
        stream.write(HEADER)


def references(file: h5py.File) -> None:
    """Cells of level 7.3, which refer to themselves and to the file."""
    cell = file.create_dataset("a", (2,), dtype=h5py.ref_dtype)
    cell[0], cell[1] = cell.ref, file.ref


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((8, 8), "f8")
    layout[:] = h5py.VirtualSource("/etc/hostname", "a", shape=(8, 8))
    file.create_virtual_dataset("a", layout)


def group(file: h5py.File) -> None:
    """A sparse matrix of level 7.3."""
    file.create_group("a").attrs["MATLAB_sparse"] = 3


def element(path: Path, *, shape: tuple[int, ...], of: int = 6, name: bytes = b"a", data: bytes = b"") -> None:
    """A variable of level 5 by hand."""
    dims = struct.pack(f"<II{len(shape)}i", 5, 4 * len(shape), *shape)
    told = struct.pack("<II", 1, len(name)) + name
    body = struct.pack("<IIII", 6, 8, of, 2**31 - 1) + b"".join(each + bytes(-len(each) % 8) for each in (dims, told))
    whole = struct.pack("<II", 14, len(body + data)) + body + data
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + whole)


DOUBLE, TYPELESS = (struct.pack("<IId", kind, 8, 1.0) for kind in (9, 77))
COMPOUND = np.dtype([("real", "f8", (3,)), ("imag", "f8", (3,))])
ODD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a sparse": (lambda path: savemat(path, {"a": eye(5), "tau": [[0.0]]}, do_compression=True), "a is a sparse"),
    "sparse of no size": (lambda path: element(path, shape=(4, 4), of=5), "a is a sparse"),
    "logical": (lambda path: savemat(path, {"a": np.ones([5, 3, 4]) > 0, "tau": [[0.0]]}), "a is a logical"),
    "a sparse of level 7.3": (lambda path: hdf5(path, group), "a is a struct"),
    "cells of level 7.3": (lambda path: hdf5(path, references), "a is object where numbers"),
    "a link to itself": (lambda path: linked(path, h5py.SoftLink("/a")), "a is a struct, a link"),
    "the file itself": (
        lambda path: hdf5(path, lambda file: file.__setitem__("a", file["/"])),
        "a is a struct, a link",
    ),
    "another file's array": (lambda path: hdf5(path, virtual), "a is a struct, a link"),
    "another file's bytes": (
        lambda path: hdf5(path, lambda file: file.create_dataset("a", (2,), "f8", external=[("/etc/hostname", 0, 16)])),
        "a is a struct, a link",
    ),
    "texts of level 7.3": (
        lambda path: hdf5(path, lambda file: file.create_dataset("a", data=["x"], dtype=h5py.string_dtype())),
        "a is object where numbers",
    ),
    "parts of parts": (lambda path: hdf5(path, lambda file: file.create_dataset("a", (2,), COMPOUND)), "where numbers"),
    "nothing": (
        lambda path: hdf5(path, lambda file: file.create_dataset("a", data=h5py.Empty("f8"))),
        "or empty where",
    ),
    "a type": (lambda path: hdf5(path, lambda file: file.__setitem__("a", np.dtype("f8"))), "a is a struct, a link"),
    "a huge shape": (lambda path: element(path, shape=(2**31 - 1, 2**31 - 1), data=DOUBLE), "GiB where"),
    "a negative shape": (lambda path: element(path, shape=(-2, 4), data=DOUBLE), "cannot reshape"),
    "less than declared": (lambda path: element(path, shape=(100, 1), data=DOUBLE), "cannot reshape"),
    "numbers of no type": (lambda path: element(path, shape=(1, 1), data=TYPELESS), "a part of no type that numbers"),
    "a function": (lambda path: element(path, shape=(1, 1), of=16), "a is a function"),
    "escapes": (lambda path: element(path, shape=(1, 1), name=b"\x1b[31m", data=DOUBLE), r"received \\x1b\[31m"),
}


@pytest.mark.parametrize("name", ODD)
def test_files_that_deceive_are_refused_in_a_printable_line(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, message = ODD[name]
    monkeypatch.setattr(npz, "MOST_BYTES", 10**6)
    write(tmp_path / "own.mat")
    with pytest.raises(ValueError, match=f"cir_file.path: expected .*{message}") as refusal:
        CirFile(str(tmp_path / "own.mat"))
    assert all(line.isprintable() for line in str(refusal.value).splitlines())
