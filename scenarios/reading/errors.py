"""What is wrong with a scenario, a line a fault: the field, what was expected, what came.

scenario field link.snr_db: expected a finite number, received "ten"
"""

import datetime
import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class ScenarioError(ValueError):
    """One line for every fault."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(dict.fromkeys(lines))
        super().__init__("\n".join(self.lines))


def fault(path: str, expected: str, received: Any, advice: str = "") -> str:
    """The line of one fault."""
    return f"scenario field {path}: expected {expected}, received {shown(received)}" + (f"; {advice}" if advice else "")


def shown(value: Any) -> str:
    """A value as TOML would have it, cut to a readable length."""
    if isinstance(value, bool | str):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, Mapping):
        text = "{" + ", ".join(f"{name} = {shown(item)}" for name, item in value.items()) + "}"
    elif isinstance(value, Sequence):
        text = "[" + ", ".join(shown(item) for item in value) + "]"
    elif isinstance(value, datetime.date | datetime.time):
        text = value.isoformat()
    else:
        text = "nothing" if value is None else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def closest(name: Any, known: Iterable[str]) -> str | None:
    """The known name nearest to one that is not."""
    names = {known_name.lower(): known_name for known_name in known}
    return next((names[match] for match in difflib.get_close_matches(str(name).lower(), names, n=1)), None)


def one_of(choices: Iterable[object]) -> str:
    """A choice in words."""
    names = list(map(str, choices))
    return "one of " + ", ".join(names) if len(names) > 1 else "".join(names) or "nothing"
