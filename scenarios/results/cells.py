"""Cells of tables: what is told of the seeds at a place, in a few characters."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import intervals


def text(value: Any) -> str:
    """A coordinate."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def mean(values: np.ndarray) -> str:
    """Of those that are there."""
    there = values[np.isfinite(values)]
    found = float(there.mean()) if there.size else math.nan
    return "-" if math.isnan(found) else f"{found:.4g}" if abs(found) < 1e4 else f"{found:,.0f}"


def spread(values: np.ndarray, sign: str = "") -> str:
    """The mean of those that are there, and half of its interval."""
    there = values[np.isfinite(values)]
    if not there.size:
        return "-"
    found, half = float(there.mean()), float(intervals.half_width(there))
    small = 0 < max(abs(found), 0.0 if math.isnan(half) else half) < 1e-2  # as error rates are
    told = f"{found:{sign}.3g}" if small else f"{found:{sign}.4f}"
    return told if math.isnan(half) else f"{told} +- {half:.2g}" if small else f"{told} +- {half:.4f}"


def difference(values: np.ndarray) -> str:
    return spread(values, "+")


def median(values: np.ndarray, each: Callable[[float], str] | None = None) -> str:
    """Of what a search found, with its interval where there are enough seeds."""
    return _with_ends(intervals.median(values), each or _found)


def gap(values: np.ndarray) -> str:
    """Between what two searches found; infinite where one of them is out of reach."""
    return _with_ends(intervals.paired(values), lambda value: "-" if math.isnan(value) else f"{value:+.4g}")


def share(values: np.ndarray, of: float) -> str:
    """How many seeds have a value, of all that have any; nothing where none does."""
    count = int((values == of).sum())
    return f"{count} of {int((~np.isnan(values)).sum())}" if count else ""


def largest(values: np.ndarray) -> str:
    there = values[~np.isnan(values)]
    return f"{float(there.max()):.2g}" if there.size else "-"


def _with_ends(told: tuple[float, float, float], each: Callable[[float], str]) -> str:
    middle, low, high = map(each, told)
    return middle if low == "-" else f"{middle} ({low} to {high})"


def _found(value: float) -> str:
    if math.isinf(value):
        return "out of reach" if value > 0 else "the lowest"
    return "-" if math.isnan(value) else f"{value:.4g}"


def bounded(rates: np.ndarray) -> str:
    """A rate of seeds [S, rate and ends of its interval]: below the upper end where it is 0, of one with both ends."""
    there = rates[np.isfinite(rates[:, 0])]
    if len(there) and not there[:, 0].any():
        return f"< {there[:, 2].max():.2g}"
    return "{:.3g} ({:.3g} to {:.3g})".format(*there[0]) if len(there) == 1 else spread(there[:, 0])


def stops(rounds: np.ndarray) -> str:
    stopped, known = rounds[rounds >= 0].astype(int), int((~np.isnan(rounds)).sum())
    return f"{stopped.size} of {known} seeds, first in round {stopped.min()}" if stopped.size else ""
