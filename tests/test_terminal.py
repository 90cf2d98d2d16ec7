"""In a terminal no sentence is wider than it is; in a pipe each is one line, for grep."""

import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from overair import terminal
from tests.checkout import CURVES, needs_checkout

WIDE = 60  # columns
COMMAND = (sys.executable, "-m", "overair")


def in_a_terminal(*arguments: str) -> list[str]:
    """The lines that a command prints in a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 50, WIDE, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen([*COMMAND, *arguments], stdout=theirs, stderr=subprocess.DEVNULL, env=environment) as run:
        os.close(theirs)
        parts = []
        while part := _read(ours):
            parts.append(part)
    os.close(ours)
    assert run.returncode == 0
    return b"".join(parts).decode().splitlines()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # the command has ended
        return b""


def test_a_list_fits_a_terminal_and_is_an_entry_a_line_in_a_pipe() -> None:
    shown = in_a_terminal("list", "codecs")
    piped = subprocess.run([*COMMAND, "list", "codecs"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert max(map(len, shown)) <= WIDE < max(map(len, piped))
    assert " ".join(shown).split() == " ".join(piped).split()
    assert all(line.startswith(" ") for line in piped[1:])  # a family, and below it its entries


@needs_checkout
def test_what_is_said_of_a_result_fits_a_terminal(tmp_path: Path) -> None:
    shutil.copy(CURVES / "quickstart.csv", tmp_path / "a.csv")
    shown = in_a_terminal("show", str(tmp_path / "a.csv"))
    said = [line for line in shown if line.startswith(("note: ", "  ", "accuracy: ", "Softmax", "in all rows"))]
    assert len(said) > 5 and max(map(len, said)) <= WIDE


@pytest.mark.parametrize("gap", [2, 9])
def test_what_is_said_of_an_entry_stands_below_itself(gap: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "columns", lambda: 60)
    first, second = terminal.wrapped(f"  name{' ' * gap}{'word ' * 14}end").splitlines()
    assert len(first) <= 60 and second.index("word") == first.index("word") == 6 + gap


def test_a_short_line_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "columns", lambda: 60)
    assert terminal.wrapped("  a   b") == "  a   b"
    assert terminal.wrapped("x" * 90) == "x" * 90  # a path is not broken
    monkeypatch.setattr(terminal, "columns", lambda: None)
    assert terminal.wrapped("word " * 40) == "word " * 40
