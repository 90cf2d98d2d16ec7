"""Reading files whole, if they are plain files of bounded size: pipes, devices and folders of a file's name are none.

A pipe that nobody writes to would otherwise be waited for without end, and a device may never end.
"""

import errno
import os
import stat
from pathlib import Path


class TooLarge(OSError):
    """A file of more bytes than are read."""


def content(file: str | Path, most: int) -> bytes:
    """The bytes of a file; OSError, whose ``strerror`` says why, where it is none or has more than ``most``.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from overair import plain_files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.txt")
    ...     _ = file.write_text("abc")
    ...     plain_files.content(file, most=3)
    b'abc'
    """
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "it is no plain file", str(file))
        with os.fdopen(handle, "rb", closefd=False) as stream:
            found = stream.read(most + 1) if about.st_size <= most else b""
    finally:
        os.close(handle)
    if about.st_size > most or len(found) > most:
        raise TooLarge(errno.EFBIG, f"it has more than {most} bytes", str(file))
    return found


__all__ = ["TooLarge", "content"]
