"""What is given from Python: the seed and the SNR of a round as numbers, and whether something is a number at all."""

import math
import operator
from typing import Any

import numpy as np

from ..bounds import DECIBELS
from ..terminal import printable

SEEDS = 2**63


def seed_of(value: Any) -> int:
    """A seed as Python's number, whatever kind of whole number it came as; ValueError where it is none.

    >>> import numpy as np
    >>> from overair.phy.inputs import seed_of
    >>> seed_of(np.int32(3))
    3
    """
    try:
        seed = -1 if isinstance(value, bool) else operator.index(value)
    except (TypeError, ValueError, AttributeError):  # of words, arrays and tensors
        seed = -1
    if not 0 <= seed < SEEDS:
        raise ValueError(f"seed: expected a whole number from 0 to below 2^63, received {shown(value)}")
    return seed


def snr_of(value: Any) -> float:
    """An SNR in dB as Python's number; ValueError where it is none.

    >>> from overair.phy.inputs import snr_of
    >>> snr_of(10)
    10.0
    """
    try:
        snr_db = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        snr_db = math.nan
    if not abs(snr_db) <= DECIBELS:
        wanted = f"one number of decibels from {-DECIBELS} to {DECIBELS}"
        raise ValueError(f"snr_db: expected {wanted}, received {shown(value)}")
    return snr_db


def is_whole(value: Any, least: int, most: int = 2**63 - 1) -> bool:
    """Whether it is a whole number between two, of Python or numpy."""
    return (
        isinstance(value, int | np.integer) and not isinstance(value, bool) and least <= operator.index(value) <= most
    )


def is_number(value: Any) -> bool:
    """Whether it is a real number, of Python or numpy."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def check_object(name: str, value: Any, wanted: type, example: str) -> None:
    """Refuses what is no object of a type or an interface, and the class itself; the example is for the complaint."""
    if isinstance(value, type) or not isinstance(value, wanted):
        raise ValueError(f"{name}: expected an object such as {example}, received {kind(value)}")


def kind(value: Any) -> str:
    """What something is, in few words."""
    if isinstance(value, np.ndarray):
        return f"an array {list(value.shape)} of {value.dtype}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"{type(value).__name__} {printable(repr(str(value)[:40]))}"


def shown(value: Any) -> str:
    """So much of it as fits a line."""
    return printable(repr(value)[:80])
