"""Measures: what results hold. Each is declared once; datasets, curves, tables and summaries of rounds read it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np

COLOURS = 3  # of every picture that results hold
ROUNDING = 1 / 12 / 255**2  # mean squared error of 8 bits, 58.9 dB: no picture is better


class Cost(NamedTuple):
    """What a measure of rounds adds to what a training has cost so far."""

    word: str  # of the abscissa; measures of one word are added
    total: str  # the sum, in words with its unit; the same of one word
    part: str = ""  # which is named where there is any of it


class Measure(NamedTuple):
    """A variable of a result."""

    name: str
    unit: str
    long_name: str
    over_rounds: Literal["mean", "sum", "max", "last"] = "mean"
    heading: str | None = None  # of its column in a table, which it has none of unless given
    better: Literal["high", "low"] = "high"
    over: tuple[str, ...] | None = None  # dimensions besides axes and seeds; all of the study unless given
    scale: Literal["linear", "log"] = "linear"  # of its axis in a figure
    interval: tuple[str, str] | None = None  # measures that hold the ends of its own interval, seed by seed
    beside: str | None = None  # field of elements that these come on top of: an axis of it counts them
    part: Literal["silent", "unheard", "free", "elements", "energy", "guarantee"] | None = None
    """Of what is said beside the numbers: results/remarks.py, and who was given what: results/fairness.py;
    results/guarantees.py."""
    pixels: bool = False  # of pictures, from 0 to 1: no lines of a curve but a comment, in 8 bits each
    cost: Cost | None = None  # summed over rounds it is an abscissa: results/costs.py


def named(*measures: Measure) -> dict[str, Measure]:
    """Measures by name."""
    return {measure.name: measure for measure in measures}


def over_rounds(measures: Sequence[Measure], rounds: "np.ndarray") -> "np.ndarray":
    """Rounds [T, V] as a number for each measure, [V]; means and sums leave out NaN, as of rounds with nobody."""
    import numpy as np

    counts = np.isfinite(rounds).sum(axis=0)
    sums = np.where(counts > 0, np.nansum(rounds, axis=0), np.nan)
    summaries = {"mean": sums / np.maximum(counts, 1), "sum": sums, "max": rounds.max(axis=0), "last": rounds[-1]}
    return np.array([summaries[measure.over_rounds][at] for at, measure in enumerate(measures)])
