"""The seed and the SNR of a round, as numbers that compiled rounds take."""

import math
import operator
from typing import Any

from ..terminal import printable

SEEDS = 2**63
DECIBELS = 300.0  # as in scenarios; powers end at 385 dB as float32


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
        raise ValueError(f"seed: expected a whole number from 0 to below 2^63, received {_shown(value)}")
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
        raise ValueError(f"snr_db: expected one number of decibels from -300 to 300, received {_shown(value)}")
    return snr_db


def _shown(value: Any) -> str:
    """So much of it as fits a line."""
    return printable(repr(value)[:80])
