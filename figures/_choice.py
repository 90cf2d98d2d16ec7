"""What of a result is drawn where: a measure against an axis or a cost, lines and panels; as told, or the usual.

A swept SNR is the abscissa; without one, so is the first numeric axis of more than six values, or else the dimension
along which a study goes on, as rounds; or else the longest numeric one. The uplink or scheme, or else the first axis of
words, makes the lines; further axes make panels. Of several runs each has the lines of its own figure.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import xarray as xr

from ..scenarios import studies
from ..scenarios.reading.errors import ScenarioError, closest, one_of, shown
from ..scenarios.results import costs
from ..scenarios.results.ended import last as at_end
from ..scenarios.results.joined import AXIS
from ..scenarios.results.measures import Measure
from ..scenarios.results.variables import variables
from ._labels import SNR
from ._lines import is_numeric

COMPARED = (AXIS, "uplink", "scheme", "query")  # what makes the lines where it is an axis
MOST_LINES = 6  # values of a numeric axis that are still drawn as a line each


class Choice(NamedTuple):
    """A measure, the dimension along which lines go, the cost that they are drawn over, if any, and the axes."""

    measure: Measure
    x: str
    cost: str
    lines: list[str]
    panels: list[str]

    @property
    def compared(self) -> list[str]:
        """The axes whose values the figure compares: its lines, and schemes that have panels."""
        return self.lines + [name for name in self.panels if name in COMPARED]


def choose(
    dataset: xr.Dataset, x: str | None, y: str | None, panel: Sequence[str] | None, lines: Sequence[str] | None
) -> Choice:
    """What is told, checked, and the usual for the rest; ScenarioError where there is no such thing."""
    measure = measured(dataset, y)
    axes, words = _axes(dataset[measure.name]), costs.words(dataset)
    at = abscissa(dataset, measure) if x is None else _named(dataset, "x", x, [*axes, *words])
    word = at if at not in axes and at in words else ""
    at = costs.rounds(dataset) if word else at
    if at not in axes and axes:
        raise ScenarioError(f"y: expected a measure over {at}, received {measure.name}, which is over {one_of(axes)}")
    ended = {str(_study(dataset).shown_last)} - {at}
    told = {
        name: [_named(dataset, name, each, [each for each in axes if each != at]) for each in given or ()]
        for name, given in (("panel", panel), ("lines", lines))
    }
    named = [*told["panel"], *told["lines"]]
    if twice := [name for name in named if named.count(name) > 1]:
        raise ScenarioError(f"panel: expected each axis once, in panel or in lines, received {twice[0]} twice")
    rest = sorted((name for name in axes if name not in {at, *named, *ended}), key=lambda name: _rank(dataset, name))
    if lines is None:  # all that has no panel, or the first
        count = 1 + (rest[:1] == [AXIS]) if panel is None else len(rest)  # those of each run's own figure
        told["lines"], rest = rest[:count], rest[count:]
    return Choice(measure, at, word, told["lines"], told["panel"] + rest)


def measured(dataset: xr.Dataset, name: str | None = None) -> Measure:
    """The measure of this name, the main one of a result's study unless told."""
    known = {each.name: each for each in variables(dataset.attrs) if each.name in dataset}
    found = {name: each for name, each in known.items() if bool(dataset[name].notnull().any())}
    return next(iter(known.values())) if name is None else found[_named(dataset, "y", name, found)]


def abscissa(dataset: xr.Dataset, measure: Measure | None = None) -> str:
    """The axis or dimension that a measure, the main one unless told, is drawn against."""
    last = _study(dataset).shown_last
    values = dataset[(measure or measured(dataset)).name]
    numeric = [name for name in _axes(values) if name != last and is_numeric(dataset, name)]
    if long := [name for name in numeric if dataset.sizes[name] > (1 if name == SNR else MOST_LINES)]:
        return min(long, key=lambda name: name != SNR)
    if last is not None and last in values.dims:
        return last
    of_study = _axes(values)[[*map(str, values.dims)].index("seed") :]  # these come first of equally long ones
    longest = max(numeric, key=lambda name: (dataset.sizes[name], name in of_study), default=None)
    return longest or next(iter(_axes(values)), "point")


def ended(dataset: xr.Dataset, kept: Iterable[str]) -> xr.Dataset:
    """At the end of the dimension along which a study goes on, unless that is drawn."""
    last = costs.rounds(dataset)
    return at_end(dataset, last) if last and last not in kept else dataset


def names(told: str | Sequence[str] | None) -> list[str] | None:
    """Axes, of which one may be told alone."""
    return [told] if isinstance(told, str) else None if told is None else list(told)


def _named(dataset: xr.Dataset, what: str, told: str, known: Iterable[str]) -> str:
    """One of these, by its name or its path."""
    names = list(known)
    paths = {dataset[name].attrs.get("path", name): name for name in names if name in dataset.coords}
    if told not in names and told not in paths:
        match = closest(told, names)
        advice = f"; did you mean {match}?" if match else ""
        if what == "x" and told in costs.unmeasured(dataset):
            advice = ", which this result has not measured; seconds and joules take a scenario with hardware"
        raise ScenarioError(f"{what}: expected {one_of(names)}, received {shown(told)}{advice}")
    return told if told in names else paths[told]


def _study(dataset: xr.Dataset) -> type[studies.Study]:
    return studies.load(dataset.attrs.get("study", studies.USUAL))


def _axes(values: xr.DataArray) -> list[str]:
    return [str(name) for name in values.dims if name != "seed"]


def _rank(dataset: xr.Dataset, name: str) -> tuple[bool, bool, bool]:
    """Least for what makes the lines."""
    return name != AXIS, name not in COMPARED, is_numeric(dataset, name)
