"""What is wrong with a scenario, a line a fault: the field, what was expected, what came.

scenario field link.snr_db: expected a finite number, received "ten"
"""

import datetime
import difflib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...terminal import printable

CUT = 80  # characters of a value that are shown


class ScenarioError(ValueError):
    """One line for every fault, each of them fit for a terminal."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(dict.fromkeys(map(printable, lines)))
        super().__init__("\n".join(self.lines))

    def __reduce__(self) -> Any:
        return ScenarioError, tuple(self.lines)


def fault(path: str, expected: str, received: Any, advice: str = "") -> str:
    """The line of one fault."""
    return f"scenario field {path}: expected {expected}, received {shown(received)}" + (f"; {advice}" if advice else "")


def shown(value: Any) -> str:
    """A value as TOML would have it, cut to a readable length."""
    text = printable(_shown(value, 8))
    return text if len(text) <= CUT else text[: CUT - 3] + "..."


def _shown(value: Any, depth: int) -> str:
    """Of what is cut anyway only so much is made into text."""
    if isinstance(value, str):
        return json.dumps(value[: CUT + 1], ensure_ascii=False)
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, Mapping | Sequence) and not depth:
        return "..."
    if isinstance(value, Mapping):
        some = itertools.islice(value.items(), CUT)
        return "{" + ", ".join(f"{str(name)[:CUT]} = {_shown(item, depth - 1)}" for name, item in some) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_shown(item, depth - 1) for item in itertools.islice(value, CUT)) + "]"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, int) and abs(value) >= 10**CUT:
        return f"a number of more than {CUT} digits"
    return "nothing" if value is None else str(value)


def closest(name: Any, known: Iterable[str]) -> str | None:
    """The known name nearest to one that is not."""
    names = {known_name.lower(): known_name for known_name in known}
    return next((names[match] for match in difflib.get_close_matches(str(name)[:CUT].lower(), names, n=1)), None)


def one_of(choices: Iterable[object]) -> str:
    """A choice in words."""
    names = list(map(str, choices))
    return "one of " + ", ".join(names) if len(names) > 1 else "".join(names) or "nothing"
