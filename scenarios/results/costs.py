"""What a training has cost so far: elements, bits, airtime and energy, summed over its rounds.

A measure of rounds says by its ``cost`` what it adds to. Values at a coordinate are means over the rounds since the one
before, so that each counts for as many rounds as it stands for. Pilots and broadcasts are elements like others.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from .. import studies
from . import joined
from .measures import Measure
from .variables import variables


def words(dataset: xr.Dataset) -> list[str]:
    """Of all that is known of a result over rounds, and of each run in it."""
    known = [[each.cost.word for each in _measured(part) if each.cost] for part in joined.parts(dataset).values()]
    return [word for word in dict.fromkeys(known[0]) if all(word in others for others in known)]


def unmeasured(dataset: xr.Dataset) -> set[str]:
    """What a study's results can say of costs and this one does not."""
    return {each.cost.word for each in variables(dataset.attrs) if each.cost} - {*words(dataset)}


def total(dataset: xr.Dataset, word: str) -> xr.DataArray:
    """The sum up to each round, over axes, seeds and rounds; NaN from where a seed stopped."""
    along = rounds(dataset)
    counts = np.diff(dataset[along].values, prepend=0)
    parts = [dataset[each.name] for each in _measured(dataset) if each.cost and each.cost.word == word]
    stands_for = xr.DataArray(counts, dims=[along])
    there = dataset[variables(dataset.attrs)[0].name].notnull()
    spent = sum((part.fillna(0.0) * stands_for for part in parts[1:]), parts[0].fillna(0.0) * stands_for)
    return spent.cumsum(along).where(there)


def label(dataset: xr.Dataset, word: str) -> str:
    """Of an axis: what is summed, in words with its unit, and which parts are in it."""
    costs = [each for each in _measured(dataset) if each.cost and each.cost.word == word]
    named = [each.cost.part for each in costs if each.cost and each.cost.part and bool((dataset[each.name] > 0).any())]
    (first, *_) = [each.cost.total for each in costs if each.cost]
    return first[:1].upper() + first[1:] + (f", with {' and '.join(named)}" if named else "")


def unknown(dataset: xr.Dataset, word: str) -> list[str]:
    """Parts that were not measured, of some run, as by an earlier version: they are not in the sum."""
    known = [_measured(part) for part in joined.parts(dataset).values()]
    every = [each for each in variables(dataset.attrs) if each.cost and not all(each in some for some in known)]
    return [each.cost.part for each in every if each.cost and each.cost.word == word and each.cost.part]


def rounds(dataset: xr.Dataset) -> str:
    """The dimension along which a study goes on, empty where results have none."""
    last = studies.load(dataset.attrs.get("study", studies.USUAL)).shown_last
    return last if last is not None and last in dataset.dims else ""


def _measured(dataset: xr.Dataset) -> list[Measure]:
    return list(_costs(dataset, rounds(dataset)))


def _costs(dataset: xr.Dataset, along: str) -> Iterator[Measure]:
    for each in variables(dataset.attrs):
        if each.cost and each.name in dataset and along in dataset[each.name].dims:
            if bool(dataset[each.name].notnull().any()):
                yield each
