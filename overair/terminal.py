"""Texts that are fit for a terminal, whatever they repeat, and no wider than it is."""

import re
import shutil
import sys
import textwrap

ENTRY = re.compile(r" +\S+  +(?=\S)")  # a name and the room before what is said of it
NARROW = 40  # columns; less room for words than this is none
LONGEST = 2_000  # letters of a line


def printable(text: str) -> str:
    """A text in one line of bounded length; characters that would act on a terminal are escaped."""
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return cut if cut.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in cut)


def columns() -> int | None:
    """Of the terminal that prints go to, None where they go to a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def wrapped(line: str) -> str:
    """A line in as many as fit the terminal, what is said of an entry below itself; in a pipe one line, for grep."""
    wide = columns()
    if wide is None or len(line) <= wide:
        return line
    entry, left = ENTRY.match(line), len(line) - len(line.lstrip())
    hang = entry.end() if entry and wide - entry.end() >= NARROW else left + 2
    return textwrap.fill(
        line, max(wide, NARROW), subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False
    )


__all__ = ["columns", "printable", "wrapped"]
