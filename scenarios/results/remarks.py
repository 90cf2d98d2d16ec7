"""What is said beside a result: where a rival is hardly heard, and which bits took no elements.

Measures declare it by their ``part``. ``unheard`` is the share of those with something to send that is not received,
and ``silent`` the share in it that sends nothing. A point at which fewer than half are heard has a mark, which says
what becomes of most others. ``free`` counts bits that take no resource elements.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from .cells import text
from .measures import Measure
from .variables import variables

HALF = 0.5
MOST_NAMED = 4  # whose bits are told one by one
SILENT, LOST = "o", "x"  # open and crossed, as figures have them
WHY = {
    SILENT: "fewer than half are heard; most others send nothing: too few bits fit, or a rule says so",
    LOST: "fewer than half are heard; what most others send is lost",
}


class Hearing(NamedTuple):
    """Shares of those with something to send, means over seeds."""

    heard: xr.DataArray
    silent: xr.DataArray
    lost: xr.DataArray


def hearing(dataset: xr.Dataset) -> Hearing | None:
    """Who is heard, and what becomes of the others; None of a study or a search that does not say."""
    unheard, silent = (declared(dataset, part) for part in ("unheard", "silent"))
    if unheard is None or silent is None:
        return None
    return Hearing(*(each.mean("seed") for each in (1 - unheard, silent, unheard - silent)))


def marks(dataset: xr.Dataset) -> xr.DataArray | None:
    """The mark of every point, empty where at least half are heard, and where that is not known."""
    shares = hearing(dataset)
    if shares is None:
        return None
    mark = xr.where(shares.silent >= shares.lost, SILENT, LOST)
    return xr.where(shares.heard < HALF, mark, "")


def why(dataset: xr.Dataset) -> dict[str, str]:
    """What the marks that are there mean."""
    found = marks(dataset)
    return {} if found is None else {mark: reason for mark, reason in WHY.items() if bool((found == mark).any())}


def points(dataset: xr.Dataset) -> Iterator[str]:
    """Those that are hardly heard, with the shares of all."""
    found, shares = marks(dataset), hearing(dataset)
    if found is None or shares is None:
        return
    for place in np.argwhere(found.values != ""):
        at = dict(zip(found.dims, place, strict=True))
        where = ", ".join(f"{name} = {text(dataset[name].values[index].item())}" for name, index in at.items())
        told = zip(("heard", "silent", "lost"), (float(each.isel(at)) for each in shares), strict=True)
        known = [f"{share:.0%} {word}" for word, share in told if share == share]
        yield f"{where or 'the scenario'}: {', '.join(known)}"


def free(dataset: xr.Dataset) -> Iterator[str]:
    """What is counted in bits and takes no elements, by the axis of words along which that differs most."""
    measure = _measure(dataset, "free")
    if measure is None or not bool(((values := dataset[measure.name]) > 0).any()):
        return
    words = [name for name in values.dims if name != "seed" and dataset[name].dtype.kind in "UO"]
    by = [values.max([other for other in values.dims if other != name]) for name in words]
    most = max(by, key=lambda each: float(each.max() - each.min()), default=None)
    yield f"{measure.long_name}; {_by_word(dataset, values if most is None else most)}"


def _by_word(dataset: xr.Dataset, most: xr.DataArray) -> str:
    """The most bits, for each word of an axis where few differ."""
    high = float(most.max())
    if bool((most == high).all()) or most.ndim != 1:
        return f"up to {high:,.0f}"
    name = most.dims[0]
    rows = [(label, bits) for label, bits in zip(dataset[name].values, most.values, strict=True) if bits > 0]
    if len(rows) > MOST_NAMED:
        return f"up to {high:,.0f}, by {name}"
    return ", ".join(f"up to {bits:,.0f} ({label})" for label, bits in rows)


def declared(dataset: xr.Dataset, part: str) -> xr.DataArray | None:
    """The measure of a study that is this part of a remark."""
    measure = _measure(dataset, part)
    return None if measure is None else dataset[measure.name]


def _measure(dataset: xr.Dataset, part: str) -> Measure | None:
    return next((each for each in variables(dataset.attrs) if each.part == part and each.name in dataset), None)
