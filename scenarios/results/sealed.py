"""Files of results with a seal: behind their content stands a checksum of all of it, so that no damaged file is parsed.

HDF5 says itself where it ends: whatever reads netCDF opens a sealed file and passes over the seal. What writes into one
breaks it.
"""

import hashlib
from pathlib import Path

from ... import plain_files
from ..reading.errors import ScenarioError

MARK = b"overair: SHA-256 of all bytes before this line\n"
LARGEST = 2**31  # bytes of a file that is read
WRITE = "read it with xarray and write it by overair.scenarios.results.dataset.write"


def seal(content: bytes) -> bytes:
    """The content with its seal."""
    return content + MARK + hashlib.sha256(content).digest()


def unseal(content: bytes, file: Path) -> bytes:
    """The content of a whole file; ScenarioError where it is damaged, changed or another's."""
    length = len(content) - len(MARK) - hashlib.sha256().digest_size
    whole, mark = content[: max(length, 0)], content[max(length, 0) :][: len(MARK)]
    if mark != MARK:
        raise ScenarioError(f"{file}: expected results of overair with their checksum, found none; {WRITE}")
    if seal(whole) != content:
        raise ScenarioError(f"{file}: expected results of overair, found a damaged file; its checksum is another")
    return whole


def content_of(file: Path, largest: int = LARGEST) -> bytes:
    """The bytes of a plain file of bounded size; ScenarioError where there is no such file."""
    try:
        return plain_files.content(file, largest)
    except plain_files.TooLarge:
        raise ScenarioError(f"{file}: expected at most {largest} bytes of results, received a larger file") from None
    except (OSError, ValueError) as error:  # a name with NUL is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        advice = "name the folder of a run, or one of its files"
        raise ScenarioError(f"{file}: expected results, {reason}; {advice}") from None
