"""Ranges as texts, "start:stop:step", where numbers belong: in an axis, or in a list of numbers.

"-10:20:5" is -10, -5, ..., 20: from start in steps up to stop, which is one of them if a step ends there. The numbers
are those of decimal arithmetic, so 0.1 three times is 0.3; they are whole where all three are written so.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from .errors import ScenarioError, fault
from .shapes import FieldShape, Path, dotted

NUMBER = r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?"
RANGE = re.compile(rf"\s*({NUMBER})\s*:\s*({NUMBER})\s*:\s*({NUMBER})\s*")
MOST = 100_000


def expanded(shape: FieldShape, value: Any, path: Path = ()) -> Any:
    """A raw value with the numbers of its ranges in their place."""
    if isinstance(value, Mapping):
        return {
            name: expanded(shape.child(value, name) or FieldShape(), item, (*path, name))
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [single for place, item in enumerate(value) for single in _item(shape, item, (*path, place))]
    return _numbers(value, path) if _is_range(shape, value) else value


def _item(shape: FieldShape, item: Any, path: Path) -> list[Any]:
    """What stands for an item of a list: the numbers of a range, or the item."""
    if _is_range(shape, item):
        return _numbers(item, path)
    inner = shape._replace(many=False) if shape.many and not isinstance(item, list) else shape
    return [expanded(inner, item, path)]


def _is_range(shape: FieldShape, value: Any) -> bool:
    return shape.number and isinstance(value, str) and ":" in value


def _numbers(text: str, path: Path) -> list[int | float]:
    form = RANGE.fullmatch(text)
    if not form:
        raise ScenarioError(fault(dotted(path), "a range start:stop:step, such as 0:20:5", text))
    start, stop, step = map(Fraction, form.groups())
    if not step or (stop - start) / step < 0:
        raise ScenarioError(fault(dotted(path), "a step that leads from start to stop", text))
    count = (stop - start) // step + 1
    if count > MOST:
        raise ScenarioError(fault(dotted(path), f"at most {MOST} numbers", text))
    if all(re.fullmatch(r"[+-]?\d+", number) for number in form.groups()):
        return list(range(int(start), int(start + count * step), int(step)))
    return [_real(start + place * step) for place in range(count)]


def _real(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")  # which no field takes
