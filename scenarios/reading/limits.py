"""What no scenario needs: refused before anything looks at it, so that reading takes little time and memory.

Keys and texts are printable, so that none of them moves a terminal's cursor; tables, texts and nesting are bounded.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .errors import ScenarioError, fault
from .shapes import Path, dotted

BYTES = 2**20  # of a file
DEEPEST = 20  # tables and lists within each other
WIDEST = 1_000  # fields of a table
LONGEST = 4_096  # characters of a text
LONGEST_KEY = 200
MOST = 250_000  # values in all
WHOLE = 2**64
SEPARATORS = re.compile(r"[^.\n,=\[\]{}]+")


def check_text(text: str) -> None:
    """ValueError where the keys of a TOML file have more parts than any path; parsing these takes very long."""
    if "." * 2 * DEEPEST in SEPARATORS.sub("", text):
        raise ValueError(f"keys of at most {2 * DEEPEST} parts are read")


def check(raw: Mapping[Any, Any]) -> None:
    """ScenarioError for the first value that no scenario needs."""
    count, left = 0, [iter(_parts(raw, ()))]
    while left:
        for path, value in left[-1]:
            count += 1
            if count > MOST:
                raise ScenarioError(f"scenario: expected at most {MOST} values, received more; divide it")
            _check_plain(path, value)
            if isinstance(value, Mapping | list):
                if len(path) > DEEPEST:
                    _refuse(path, f"tables and lists at most {DEEPEST} deep", value)
                left.append(iter(_parts(value, path)))
                break
        else:
            left.pop()


def _parts(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, list):
        return (((*path, place), item) for place, item in enumerate(value))
    if len(value) > WIDEST:
        _refuse(path, f"at most {WIDEST} fields", len(value))
    for name in value:
        if not isinstance(name, str) or not name.isprintable() or len(name) > LONGEST_KEY:
            _refuse(path, f"fields with printable names of at most {LONGEST_KEY} characters", name)
    return (((*path, name), item) for name, item in value.items())


def _check_plain(path: Path, value: Any) -> None:
    if isinstance(value, str):
        if len(value) > LONGEST:
            _refuse(path, f"a text of at most {LONGEST} characters", value)
        if not value.isprintable():
            _refuse(path, "a printable text, in one line", value)
    elif isinstance(value, int) and abs(value) >= WHOLE:
        _refuse(path, "a whole number of 64 bits", "a larger one")


def _refuse(path: Path, expected: str, received: Any) -> None:
    if isinstance(received, Mapping | list):
        raise ScenarioError(f"scenario field {dotted(path[:4])}...: expected {expected}, received more")
    raise ScenarioError(fault(dotted(path) or "(all)", expected, received))
