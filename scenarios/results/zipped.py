"""Zip files with the same bytes for the same content, and the reading of those that nobody vouches for.

A file is read in memory: nothing is unpacked to a disk, so no name in it leads anywhere. It holds a few files of known
names, none packed, so that nothing is larger than the file; and the SHA-256 of each, as sha256sum writes it.
"""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path

from ...terminal import printable
from ..reading.errors import ScenarioError, shown
from .sealed import content_of

SUMS = "SHA256SUMS"
LARGEST = 2**30  # bytes of a file that is read
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can tell
READABLE = 0o100644 << 16  # a plain file that its owner writes
FAULTS = (
    *(OSError, ValueError, EOFError, KeyError, OverflowError, NotImplementedError, RuntimeError, IndexError),
    *(struct.error, zlib.error, zipfile.BadZipFile),
)


def packed(files: Mapping[str, bytes]) -> bytes:
    """A zip file of these by name, with their checksums."""
    sums = "".join(f"{_digest(files[name])}  {name}\n" for name in sorted(files))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted({**files, SUMS: sums.encode()}.items()):
            about = zipfile.ZipInfo(name, EPOCH)
            about.external_attr, about.create_system = READABLE, 3
            archive.writestr(about, content)
    return stream.getvalue()


def unpacked(path: Path, known: Collection[str]) -> dict[str, bytes]:
    """The files of a zip file by name, those that are known and no other, with the checksums that it tells."""
    content = content_of(path, LARGEST)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = _read(archive, {*known, SUMS}, len(content))
    except FAULTS as error:
        told = printable(" ".join(str(error).split()))
        raise ScenarioError(f"{path}: expected a zip file of overair bundle, received another; {told}") from None
    said = files.pop(SUMS).decode("ascii", "replace").splitlines()
    for name in sorted(files):
        if f"{_digest(files[name])}  {name}" not in said:
            raise ScenarioError(f"{path}: expected {name} with the checksum of {SUMS}, received another content")
    if len(said) != len(files):
        raise ScenarioError(f"{path}: expected a line of {SUMS} for each of {len(files)} files, received {len(said)}")
    return files


def _read(archive: zipfile.ZipFile, known: Collection[str], most: int) -> dict[str, bytes]:
    members = archive.infolist()
    names = [member.filename for member in members]
    if sorted(names) != sorted(known):
        raise ValueError(f"it holds {shown(sorted(names))}")
    if sum(member.file_size for member in members) > most:
        raise ValueError("its files are said to be larger than it is")
    if any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in members):
        raise ValueError("its files are packed or encrypted")
    return {member.filename: archive.read(member) for member in members}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
