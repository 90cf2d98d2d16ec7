"""Claims: several commands on one folder share its units, each taken by an exclusive file with a lease.

A claim is renewed while its holder lives. One whose lease ran out, or whose holder on this machine is gone, is taken
over. Two that take the same unit after all lose time and no truth: a unit's record is the same whoever made it.
"""

import contextlib
import json
import os
import socket
import threading
import time
from pathlib import Path

from ... import durable
from ..results.sealed import content_of

LARGEST = 2**12  # bytes of a claim
LEASE = 120.0  # seconds


class Claims:
    """Of one command on a folder; without a folder everything is free."""

    def __init__(self, folder: Path | None, lease: float = LEASE) -> None:
        self.folder, self.lease = folder, lease
        self._held: set[Path] = set()
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> "Claims":
        if self.folder:
            self._renewing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for file in list(self._held):
            self._drop(file)

    def take(self, key: str) -> bool:
        """Whether a unit is ours now."""
        if self.folder is None:
            return True
        file = self.folder / f"{key}.claim"
        if file in self._held:
            return True
        return self._make(file) or (self._is_stale(file) and self._take_over(file))

    def release(self, key: str) -> None:
        """Give a unit back."""
        if self.folder:
            self._drop(self.folder / f"{key}.claim")

    def _drop(self, file: Path) -> None:
        self._held.discard(file)
        with contextlib.suppress(OSError):
            file.unlink()

    def _is_stale(self, file: Path) -> bool:
        try:
            age = abs(time.time() - file.stat().st_mtime)  # a clock may have been wrong
            holder = json.loads(content_of(file, LARGEST))
            gone = holder["host"] == socket.gethostname() and not _lives(holder["process"])
        except FileNotFoundError:
            return False
        except (ValueError, KeyError, TypeError, OSError, OverflowError, RecursionError):
            return age > self.lease
        return gone or age > self.lease

    def _take_over(self, file: Path) -> bool:
        """Of those that find a claim stale, the one that makes the gate looks again and takes it."""
        gate = file.with_suffix(".gate")
        try:
            os.close(os.open(gate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except FileExistsError:
            with contextlib.suppress(OSError):
                if time.time() - gate.stat().st_mtime > self.lease:  # whoever made it is gone
                    gate.unlink()
            return False
        try:
            if not self._is_stale(file):
                return False
            file.unlink(missing_ok=True)
            return self._make(file)
        finally:
            gate.unlink(missing_ok=True)

    def _make(self, file: Path) -> bool:
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            return False
        except OSError as error:
            raise durable.Unwritable(error.errno, error.strerror, str(file)) from None
        with os.fdopen(handle, "w") as stream:
            json.dump({"host": socket.gethostname(), "process": os.getpid()}, stream)
        self._held.add(file)
        return True

    def _renew(self) -> None:
        while not self._ended.wait(self.lease / 4):
            for file in list(self._held):
                with contextlib.suppress(OSError):
                    os.utime(file)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
