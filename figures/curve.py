"""The curve of any study: its main measure against the SNR, or what else was swept, with a line for all compared.

A swept SNR is the abscissa; without one, so is the first numeric axis of more than six values, or else the dimension
along which a study goes on, as rounds; or else the longest numeric one. The uplink or scheme, or else the first axis of
words, makes the lines; further axes make panels. Lines are means over seeds and bands reach from the lowest seed to the
highest; a seed whose numbers stopped being finite is left out from there on, and the caption says so. What a search
found is drawn as its median, in which seeds out of reach count; words are joined by no lines. Asked for, what
rounds have spent is the abscissa, a mean over seeds.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from ..scenarios import studies
from ..scenarios.reading.errors import ScenarioError
from ..scenarios.results import reached, tuned
from ..scenarios.results.measures import Measure
from ..scenarios.results.variables import variables
from ._labels import SNR, axis_label, plain, seeds_label, upright, value_label
from ._lines import abscissas, along, is_numeric, lines, pilots
from ._look import BOX, COLOURS, caption, picture
from ._panels import Panels

COMPARED = ("uplink", "scheme", "query")  # what makes the lines where it is an axis
MOST_LINES = 6  # values of a numeric axis that are still drawn as a line each
LOGARITHMIC = 50  # the largest value of an axis over the smallest, from which on it is


def draw(dataset: xr.Dataset, path: str | Path, over: reached.Cost | None = None) -> None:
    """Draw the figure into a file; the ending (.png, .pdf, .svg) says which kind. ``over``: against what was spent."""
    measure, x = measured(dataset), abscissa(dataset) if over is None else reached.along(dataset)
    shown, paid = _shown(dataset, x), None if over is None else _paid(dataset, over)
    axes = sorted((name for name in _axes(shown[measure.name]) if name != x), key=lambda name: _rank(dataset, name))
    layout = Panels.of(dataset, axes[1:])
    with picture(path, *layout.size((5.0, 3.5), above=1.0)) as figure:
        panels = layout.on(figure)
        for at, (panel, chosen) in enumerate(zip(panels, layout.places, strict=True)):
            here = None if paid is None else paid.isel(chosen)
            lines(panel, shown.isel(chosen), measure.name, x, axes[:1], here)
            panel.set_yscale(measure.scale)
            _scale(panel, dataset, x) if paid is None else _short(panel)
            panel.set_title(", ".join(value_label(dataset, name, place) for name, place in chosen.items()), fontsize=8)
            named = along(shown, x) if paid is None else axis_label(paid.to_dataset(name="paid"), "paid")
            layout.label(at, panel, named, upright(axis_label(dataset, measure.name)))
        _legend(figure, panels[0], layout.single)
        free = paid is not None and bool(paid.isnull().all(x).any())
        caption(figure, told(dataset, x, layout.hidden, axes[:1], free), shown)


def measured(dataset: xr.Dataset) -> Measure:
    """The main measure of a result's study."""
    return variables(dataset.attrs)[0]


def abscissa(dataset: xr.Dataset) -> str:
    """The axis or dimension that the main measure is drawn against."""
    last = _study(dataset).shown_last
    values = dataset[measured(dataset).name]
    numeric = [name for name in _axes(values) if name != last and is_numeric(dataset, name)]
    if long := [name for name in numeric if dataset.sizes[name] > (1 if name == SNR else MOST_LINES)]:
        return min(long, key=lambda name: name != SNR)
    if last in values.dims:
        return str(last)
    of_study = _axes(values)[[*map(str, values.dims)].index("seed") :]  # these come first of equally long ones
    longest = max(numeric, key=lambda name: (dataset.sizes[name], name in of_study), default=None)
    return longest or next(iter(_axes(values)), "point")


def told(dataset: xr.Dataset, x: str, hidden: int, compared: Sequence[str] = (), free: bool = False) -> str:
    """What the lines and bands are."""
    parts, last = [seeds_label(dataset)], _study(dataset).shown_last
    if last in dataset[measured(dataset).name].dims and x != last:
        parts[0] += f", after {dataset[last].values[-1]:g} {last}s"
    if "stopped_at" in dataset and bool((dataset.stopped_at >= 0).any()):
        parts.append("seeds that diverged are left out")
    if "find" in dataset.attrs and not bool(np.isfinite(dataset[measured(dataset).name]).all()):
        parts.append("nothing is drawn where the median is out of reach or below all that was tried")
    if chosen := tuned.caption(dataset, next(iter(compared), None)):
        parts.append(plain(chosen))
    if free:
        parts.append("those that spend none are not drawn")
    if hidden:
        parts.append(f"{hidden} more panels are not shown")
    return "; ".join(parts) + "."


def _paid(dataset: xr.Dataset, cost: reached.Cost) -> xr.DataArray:
    """What was spent at every point and evaluation, the mean of seeds; NaN, which is not drawn, of who spends none."""
    spent = reached.spent(dataset, cost)
    last = reached.along(dataset)
    every = spent.broadcast_like(dataset[measured(dataset).name]).mean("seed").assign_attrs(spent.attrs)
    if not bool((every > 0).any()):
        raise ScenarioError(f"--x: expected what rounds spend, received {cost.name}, of which none was measured")
    return every.where(every.max(last) > 0)


def _study(dataset: xr.Dataset) -> type[studies.Study]:
    return studies.load(dataset.attrs.get("study", studies.USUAL))


def _shown(dataset: xr.Dataset, x: str) -> xr.Dataset:
    """At the end of the dimension along which a study goes on, unless that is the abscissa."""
    last = _study(dataset).shown_last
    return dataset.isel({last: -1}) if last in dataset.dims and last != x else dataset


def _axes(values: xr.DataArray) -> list[str]:
    return [str(name) for name in values.dims if name != "seed"]


def _rank(dataset: xr.Dataset, name: str) -> tuple[bool, bool]:
    """Least for what makes the lines."""
    return name not in COMPARED, is_numeric(dataset, name)


def _scale(panel: Axes, dataset: xr.Dataset, x: str) -> None:
    """The ticks and the scale of the abscissa."""
    places, last = abscissas(dataset, x), _study(dataset).shown_last
    if not is_numeric(dataset, x):
        panel.set_xticks(places, [value_label(dataset, x, at) if x in dataset.coords else "" for at in places])
    elif x != last and len(places) <= MOST_LINES and pilots(dataset, x) is None:
        panel.set_xticks(places)
    units = dataset[x].attrs.get("units") if x in dataset.coords else None
    if x != last and units != "dB" and places.min() > 0 and places.max() >= LOGARITHMIC * places.min():
        panel.set_xscale("log")


def _short(panel: Axes) -> None:
    """Few ticks, of thousands and millions."""
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.xaxis.set_major_formatter(EngFormatter())


def _legend(figure: Figure, panel: Axes, single: bool) -> None:
    handles, labels = panel.get_legend_handles_labels()
    if len(handles) < 2:
        return
    if single and len(handles) <= len(COLOURS):
        panel.legend(**BOX)
    else:
        figure.legend(handles, labels, loc="outside upper center", ncols=min(4, len(labels)), frameon=False)
