"""Writing files that are there whole or not at all, whatever is killed and whenever the power goes.

Content is made in memory, written beside its place under a name of its own, synced, and renamed; links are not
followed.
"""

import contextlib
import os
import secrets
from pathlib import Path


def write(file: Path, content: bytes) -> None:
    """Put content into a file."""
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(8)}.tmp")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, file)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None:  # of a full disk
            error.filename = str(file)
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    _sync(file.parent)


def set_aside(file: Path) -> Path:
    """A damaged file out of the way of a new one; returns where it is now."""
    aside = file.with_name(f"{file.name}.damaged")
    os.replace(file, aside)
    return aside


def _sync(folder: Path) -> None:
    """The names in a folder, where the system can sync them."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
