"""Fractions as texts, "1/6", where a number belongs."""

import re
from typing import Any

from .errors import shown

FRACTION = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*")
NUMBER = re.compile(r"\s*[+-]?\d{0,20}(\.\d{0,20})?([eE][+-]?\d{1,3})?\s*")


def number_of(value: Any) -> Any:
    """The number of a fraction or of digits; what is no text is left as it is."""
    if not isinstance(value, str):
        return value
    if (found := FRACTION.fullmatch(value)) and int(found[2]):
        return int(found[1]) / int(found[2])
    try:
        return float(value) if NUMBER.fullmatch(value) else float("no number")
    except ValueError:
        raise ValueError(f'expected a number or a fraction such as "1/12", received {shown(value)}') from None
