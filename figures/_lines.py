"""Lines of results in a panel: of the mean over seeds with its band, one for every place on some axes."""

import itertools
from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..scenarios.results import remarks
from ..scenarios.results.intervals import median
from ..scenarios.results.variables import variables
from ._labels import axis_label, value_label
from ._look import COLOURS, DASHES, band, grid


def lines(
    panel: Axes, dataset: xr.Dataset, variable: str, x: str, axes: Sequence[str], paid: xr.DataArray | None = None
) -> None:
    """A line of means and a band for every place on these axes, in a panel with a grid.

    ``paid``: what stands on the abscissa in place of x, of every place [..., x].
    """
    grid(panel)
    values, marks, places = dataset[variable], remarks.marks(dataset), abscissas(dataset, x)
    more = pilots(dataset, x)
    for at, place in enumerate(itertools.product(*(range(dataset.sizes[name]) for name in axes))):
        chosen = dict(zip(axes, place, strict=True))
        label = ", ".join(value_label(dataset, name, place) for name, place in chosen.items()) or None
        one = values.isel(chosen)
        one = one if x in one.dims else one.expand_dims(x)
        dash = DASHES[at // len(COLOURS) % len(DASHES)] if is_numeric(dataset, x) else ""
        over_seeds = one.transpose("seed", x).values
        middle = np.array([median(found)[0] for found in over_seeds.T]) if "find" in dataset.attrs else None
        own = None if marks is None else np.atleast_1d(marks.isel(chosen).values)
        here = places if more is None else places + more.isel(chosen).values
        if paid is not None:
            here = paid.isel(chosen).values
            label = label if np.isfinite(here).any() else None
        band(panel, here, over_seeds, at, label, dash, middle, own)
    if paid is None:
        whole_ticks(panel, places)


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


def abscissas(dataset: xr.Dataset, x: str) -> np.ndarray:
    """Where values stand; words stand beside each other, and a single point where it will."""
    return dataset[x].values if is_numeric(dataset, x) else np.arange(dataset.sizes.get(x, 1))


def is_numeric(dataset: xr.Dataset, name: str) -> bool:
    return name in dataset.coords and bool(np.issubdtype(dataset[name].dtype, np.number))
