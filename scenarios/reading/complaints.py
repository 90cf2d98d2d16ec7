"""Complaints of schemes and other parts, as faults of the scenario."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ScenarioError


@contextmanager
def named(path: str = "") -> Iterator[None]:
    """Complaints of the parts as faults of the scenario: they name their own field; ``path`` says whose part it is.

    What names no field is no complaint about one.
    """
    try:
        yield
    except ScenarioError:
        raise
    except ValueError as error:
        text = re.sub(r"^air\.", "link.", " ".join(str(error).split()).removeprefix(f"{path}: "))
        if path:
            raise ScenarioError(f"scenario field {path}: {text}") from None
        if not re.match(r"[\w.]+: expected ", text):
            raise
        raise ScenarioError(f"scenario field {text}") from None
