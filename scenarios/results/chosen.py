"""Which measures a table shows where some are asked for; the first takes the place of the main one.

What a result is asked for stands in its attributes until it is told, and in no file.
"""

from collections.abc import Sequence

import xarray as xr

from ..reading.errors import ScenarioError, closest, shown
from .measures import Measure
from .variables import variables

COLUMNS = "columns"
FOUND = "required"  # what a search has found


def choose(dataset: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """The result, of which tables show the measures of these names, or headings, in their order."""
    known = {each.name: each for each in variables(dataset.attrs) if each.name in dataset and not each.pixels}
    known = {name: each for name, each in known.items() if bool(dataset[name].notnull().any())}
    called = {str(each.heading): name for name, each in known.items()} | {name: name for name in known}
    for name in names or [""]:
        if name not in called:
            match = closest(name, called)
            advice = f"; did you mean {match}?" if match else ""
            raise ScenarioError(f"--columns: expected measures, of {', '.join(known)}, received {shown(name)}{advice}")
    asked = list(dict.fromkeys(called[name] for name in names))
    if FOUND in asked[1:] and "find" in dataset.attrs:
        raise ScenarioError(
            f"--columns: expected {FOUND} first, whose seeds have a median, received it behind {asked[0]}"
        )
    return dataset.assign_attrs({COLUMNS: asked})


def chosen(dataset: xr.Dataset) -> list[Measure]:
    """Those that are asked for, each with a heading; none where all are shown."""
    known = {each.name: each for each in variables(dataset.attrs)}
    return [_headed(known[name]) for name in dataset.attrs.get(COLUMNS, ())]


def _headed(measure: Measure) -> Measure:
    unit = "" if measure.unit == "1" else f"/{measure.unit}"
    return measure._replace(heading=measure.heading or f"{measure.name}{unit}")
