"""Lines of results in a panel: of the mean over seeds with its band, one for every place on some axes."""

import itertools
from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..scenarios.results.intervals import median
from ._labels import value_label
from ._look import COLOURS, DASHES, band, grid


def lines(panel: Axes, dataset: xr.Dataset, values: xr.DataArray, x: str, axes: Sequence[str]) -> None:
    """A line of means and a band for every place on these axes, in a panel with a grid."""
    grid(panel)
    places = abscissas(dataset, x)
    for at, place in enumerate(itertools.product(*(range(dataset.sizes[name]) for name in axes))):
        chosen = dict(zip(axes, place, strict=True))
        label = ", ".join(value_label(dataset, name, place) for name, place in chosen.items()) or None
        one = values.isel(chosen)
        one = one if x in one.dims else one.expand_dims(x)
        dash = DASHES[at // len(COLOURS) % len(DASHES)] if is_numeric(dataset, x) else ""
        over_seeds = one.transpose("seed", x).values
        middle = np.array([median(found)[0] for found in over_seeds.T]) if "find" in dataset.attrs else None
        band(panel, places, over_seeds, at, label, dash, middle)
    whole_ticks(panel, places)


def whole_ticks(panel: Axes, x: np.ndarray) -> None:
    """No ticks between whole numbers where all abscissas are whole."""
    if np.all(x == np.round(x)):
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def abscissas(dataset: xr.Dataset, x: str) -> np.ndarray:
    """Where values stand; words stand beside each other, and a single point where it will."""
    return dataset[x].values if is_numeric(dataset, x) else np.arange(dataset.sizes.get(x, 1))


def is_numeric(dataset: xr.Dataset, name: str) -> bool:
    return name in dataset.coords and bool(np.issubdtype(dataset[name].dtype, np.number))
