"""Writing files that are there whole or not at all, whatever is killed and whenever the power goes.

Content is made in memory, written beside its place under a name of its own, synced, and renamed; links are not
followed.
"""

import contextlib
import os
import secrets
from pathlib import Path


class Unwritable(OSError):
    """What cannot be written, by its own name and not by that of a file beside it."""

    def __str__(self) -> str:
        return f"{self.filename}: cannot be written, {self.strerror}"


def write(file: Path, content: bytes) -> None:
    """Put content into a file; ``Unwritable`` where that cannot be, and then nothing has changed."""
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(8)}.tmp")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666)
    except OSError as error:
        raise Unwritable(error.errno, error.strerror, str(file)) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(unfinished, file)
    except BaseException as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        if isinstance(error, OSError):  # of a full disk, a folder in its place
            raise Unwritable(error.errno, error.strerror, str(file)) from None
        raise
    _sync(file.parent)


def folder(path: Path) -> None:
    """Make a folder and those above it where they are not; ``Unwritable`` where that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):  # a file is in its place
        raise
    except OSError as error:
        raise Unwritable(error.errno, error.strerror, str(path)) from None


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
