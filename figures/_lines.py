"""Lines of results in a panel: of the mean over seeds with its band, one for every place on some axes."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..scenarios.results import joined, remarks
from ..scenarios.results.variables import variables
from . import _ticks
from ._labels import axis_label, value_label
from ._look import COLOURS, DASHES, MARKERS, band, grid, marked, means

FREE = ", at no cost"


def lines(
    panel: Axes, dataset: xr.Dataset, variable: str, x: str, axes: Sequence[str], spent: xr.DataArray | None = None
) -> None:
    """A line of means and a band for every place on these axes, in a panel with a grid.

    ``spent`` is what a line is drawn over in place of the values of x, seed by seed.
    """
    grid(panel)
    values, marks, at_x = dataset[variable], remarks.marks(dataset), _places(dataset, x, spent)
    for at, chosen in enumerate(there(dataset, axes)):
        if joined.lacks(dataset, chosen):
            continue
        label = ", ".join(value_label(dataset, name, place) for name, place in chosen.items()) or None
        one = values.isel(chosen, missing_dims="ignore")
        over_seeds = (one if x in one.dims else one.expand_dims(x)).transpose("seed", x).values
        own = _marks(marks, chosen, x, over_seeds.shape[1])
        has = joined.own(dataset, chosen, x)
        here, over_seeds = at_x.isel(chosen, missing_dims="ignore").values[has], over_seeds[:, has]
        if spent is not None and not np.nanmax(here, initial=0.0) > 0:
            _level(panel, over_seeds, at, label)
        else:
            band(
                panel,
                here,
                over_seeds,
                at,
                label,
                dash(at) if is_numeric(dataset, x) else "",
                marks=own if own is None else own[has],
            )
    if spent is None:
        whole_ticks(panel, abscissas(dataset, x))


def there(dataset: xr.Dataset, axes: Sequence[str]) -> list[dict[str, int]]:
    """Places on axes, but for those that a run among them does not have."""
    places = np.argwhere(joined.present(dataset, axes)).tolist()
    return [dict(zip(axes, place, strict=True)) for place in places]


def _marks(marks: xr.DataArray | None, chosen: dict[str, int], x: str, points: int) -> np.ndarray | None:
    """Those of a line; none where they differ along more than it."""
    own = None if marks is None else marks.isel(chosen, missing_dims="ignore")
    return None if own is None or {*own.dims} - {x} else np.broadcast_to(own.values, points)


def dash(at: int) -> str:
    """Of a line: no two of thirty-two have both mark and dash alike, so that they differ in grey."""
    return DASHES[(at + at // len(MARKERS)) % len(DASHES)]


def _level(panel: Axes, over_seeds: np.ndarray, at: int, label: str | None) -> None:
    """What costs nothing ends at a level, which stands for the whole line."""
    look, level = marked(COLOURS[at % len(COLOURS)], ""), means(over_seeds)[0][-1]
    if level > 0 or panel.get_yscale() != "log":
        panel.axhline(level, linestyle=(0, (1, 2)), label=f"{label or 'its end'}{FREE}", **look)


def _places(dataset: xr.Dataset, x: str, spent: xr.DataArray | None) -> xr.DataArray:
    """Where values stand: on an axis, with the pilots beside it, or at the mean over seeds of what was spent."""
    if spent is not None:
        return spent.mean("seed")
    places = xr.DataArray(abscissas(dataset, x), dims=[x])
    more = pilots(dataset, x)
    return places if more is None else more + places


def pilots(dataset: xr.Dataset, x: str) -> xr.DataArray | None:
    """Elements on top of those on an axis, means over seeds: accuracy over channel uses counts them, too."""
    path = dataset[x].attrs.get("path", x) if x in dataset.coords else x
    for measure in variables(dataset.attrs):
        if measure.beside == path and measure.name in dataset and bool((dataset[measure.name] > 0).any()):
            return dataset[measure.name].mean("seed").fillna(0.0)
    return None


def along(dataset: xr.Dataset, x: str) -> str:
    """The label of an axis, which says where pilots are in it."""
    if x not in dataset.coords:
        return ""
    return axis_label(dataset, x) + ("" if pilots(dataset, x) is None else ", with pilots")


def whole_ticks(panel: Axes, x: np.ndarray) -> None:
    """No ticks between whole numbers where all abscissas are whole."""
    if np.all(x == np.round(x)):
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def x_ticks(panel: Axes, dataset: xr.Dataset, x: str) -> None:
    """The ticks and the scale of an axis of values or words."""
    places = abscissas(dataset, x)
    if not is_numeric(dataset, x):
        known = x in dataset.coords
        panel.set_xticks(places, [value_label(dataset, x, at) if known else "" for at in places])
    elif pilots(dataset, x) is None:
        _ticks.of_numbers(panel, places, dataset[x].attrs.get("units") == "dB")


def abscissas(dataset: xr.Dataset, x: str) -> np.ndarray:
    """Where values stand; words stand beside each other, and a single point where it will."""
    return dataset[x].values if is_numeric(dataset, x) else np.arange(dataset.sizes.get(x, 1))


def is_numeric(dataset: xr.Dataset, name: str) -> bool:
    return name in dataset.coords and bool(np.issubdtype(dataset[name].dtype, np.number))
