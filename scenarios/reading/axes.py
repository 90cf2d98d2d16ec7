"""The axes of a raw scenario: a list where one value belongs is one.

A field that is a list by nature, link.impairments, takes a list of lists. Axes may lie inside tables and schemes
(grant.compression, uplink.codec.compression). Inside a value of an axis, a list adds values to that axis: uplink =
["ideal", {kind = "digital", margin_db = [0, 3]}] has three.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .errors import ScenarioError, fault
from .shapes import FieldShape, Path, dotted

MOST = 100_000  # points of a sweep
FIELDS = 5 * 10**6  # of all values that the lists within a value make, as each has tables of its own
Axes = dict[Path, list[Any]]


def find(shape: FieldShape, value: Any, path: Path = ()) -> Axes:
    """Values by path, in the order of writing; values that hold lists themselves are multiplied out."""
    if isinstance(value, list) and shape.many and not any(isinstance(item, list) for item in value):
        parts: Any = enumerate(value)
    elif isinstance(value, list):
        if not value:
            raise ScenarioError(fault(dotted(path), "at least one value", value))
        if shape.many and not all(isinstance(item, list) for item in value):
            raise ScenarioError(fault(dotted(path), "a list, or for an axis a list of lists", value))
        singles = itertools.chain.from_iterable(_singles(shape, item, path) for item in value)
        found = list(itertools.islice(singles, MOST + 1))
        if len(found) > MOST:
            raise ScenarioError(f"scenario field {dotted(path)}: expected an axis of at most {MOST} values")
        return {path: found}
    else:
        parts = value.items() if isinstance(value, Mapping) else ()
    within: Axes = {}
    for part, inner in parts:
        if isinstance(inner, list | Mapping):
            within |= find(shape.child(value, part) or FieldShape(), inner, (*path, part))
    return within


def points(found: Axes, bases: int = 1) -> int:
    """How many points axes make, each of so many scenarios; ScenarioError where they are too many to be done."""
    count = math.prod(map(len, found.values())) * bases
    if count > MOST:
        sizes = " x ".join(f"{dotted(path)} {len(values)}" for path, values in found.items())
        several = f" x variant {bases}" if bases > 1 else ""
        raise ScenarioError(f"scenario: expected a sweep of at most {MOST} points, received {count}: {sizes}{several}")
    return count


def at(raw: Any, found: Axes, place: Sequence[int]) -> Any:
    """The raw value at one place of its axes."""
    for (path, values), where in zip(found.items(), place, strict=True):
        raw = replaced(raw, path, values[where])
    return raw


def replaced(value: Any, path: Path, new: Any) -> Any:
    """A raw value with another at a path; what lies beside it is shared."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def _singles(shape: FieldShape, value: Any, path: Path) -> Iterator[Any]:
    """A value of an axis as the values without lists that it stands for."""
    if not isinstance(value, list | Mapping) or isinstance(value, list) and not shape.many:
        return iter((value,))  # a list within a list: the check complains
    inner = find(shape, value)
    if points(inner) * _widest(value) > FIELDS:
        raise ScenarioError(fault(dotted(path), f"at most {FIELDS} fields in all that its lists make", "more"))
    return (at(value, inner, place) for place in itertools.product(*(range(len(each)) for each in inner.values())))


def _widest(value: Any) -> int:
    """Fields of the largest table in a value."""
    parts = value.values() if isinstance(value, Mapping) else value
    own = len(value) if isinstance(value, Mapping) else 1
    return max([own, *(_widest(part) for part in parts if isinstance(part, list | Mapping))])
