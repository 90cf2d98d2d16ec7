"""Where runs end before their last round: where numbers stopped being finite, or where a budget of seconds was spent.

What comes after is NaN. Of a seed whose budget was spent the last value before that is its result; of one whose numbers
stopped being finite nothing is.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .variables import variables

if TYPE_CHECKING:  # searches read a name here, and complaints about a scenario come before anything heavy
    import xarray as xr

STOPPED, ENDED = "stopped_at", "ended_at"
ENDS = {STOPPED: "stopped", ENDED: "ended"}  # with the headings of their columns
NOMINAL = "links are those of nominal times, rounds times the airtime of their grant, whatever the clock shows"


def last(dataset: "xr.Dataset", along: str) -> "xr.Dataset":
    """At the end of a dimension, or of a seed's budget."""
    if not _any(dataset, ENDED):
        return dataset.isel({along: -1})
    there = dataset[variables(dataset.attrs)[0].name].notnull()
    at = (there.sum(along) - 1).where(dataset[ENDED] >= 0, -1)
    return dataset.isel({along: at.clip(min=-1).astype(int)})


def any_at(dataset: "xr.Dataset") -> dict[str, str]:
    """The ends that there are, with the headings of their columns."""
    return {name: heading for name, heading in ENDS.items() if _any(dataset, name)}


def ends(dataset: "xr.Dataset") -> "xr.DataArray | bool":
    """Whether a seed ended before its last round; nobody where that is not said."""
    found: xr.DataArray | bool = False
    for name in ENDS:
        found = found | (dataset[name] >= 0) if name in dataset else found
    return found


def notes(dataset: "xr.Dataset") -> Iterator[str]:
    """What is to be known of a clock."""
    if "elapsed" in dataset and bool(np.isfinite(dataset["elapsed"]).any()):
        yield NOMINAL


def _any(dataset: "xr.Dataset", name: str) -> bool:
    return name in dataset and bool((dataset[name] >= 0).any())
