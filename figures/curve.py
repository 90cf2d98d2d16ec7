"""The accuracy curve: test accuracy against the SNR, or against rounds, with a line for every scheme compared.

A swept SNR is the abscissa; without one, so is the first numeric axis of more than six values; otherwise rounds
are. The uplink, or else the first axis left, makes the lines; further axes make panels. Lines are means over seeds
and bands reach from the lowest seed to the highest; a seed whose numbers stopped being finite is left out from
there on, and the caption says so.
"""

import itertools
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._labels import SNR, axis_label, seeds_label, value_label
from ._look import BOX, COLOURS, DASHES, band, caption, grid, picture

MOST_LINES = 6  # values of a numeric axis that are still drawn as a line each
MOST_PANELS = 9


def draw(dataset: xr.Dataset, path: str | Path) -> None:
    """Draw the figure into a file; the ending (.png, .pdf, .svg) says which kind."""
    x = abscissa(dataset)
    axes = sorted((name for name in sweep_axes(dataset) if name != x), key=lambda name: name != "uplink")
    places = list(itertools.product(*(range(dataset.sizes[name]) for name in axes[1:])))
    shown = places[:MOST_PANELS]
    columns = 2 if len(shown) in (2, 4) else min(3, len(shown))
    rows = -(-len(shown) // columns)
    size = (5.0, 3.5) if len(shown) == 1 else (1.0 + 2.4 * columns, 1.0 + 2.1 * rows)
    with picture(path, *size) as figure:
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for at, panel in enumerate(panels):
            if at >= len(shown):
                panel.set_visible(False)
                continue
            chosen = dict(zip(axes[1:], shown[at], strict=True))
            _lines(panel, dataset.isel(chosen), x, axes[0] if axes else None)
            panel.set_title(", ".join(value_label(dataset, name, place) for name, place in chosen.items()), fontsize=8)
            if at % columns == 0:
                panel.set_ylabel(axis_label(dataset, "accuracy"))
            if at + columns >= len(shown):
                panel.set_xlabel(axis_label(dataset, x))
                panel.tick_params(labelbottom=True)
        _legend(figure, panels[0], axes, single=len(shown) == 1)
        caption(figure, told(dataset, x, len(places) - len(shown)))


def abscissa(dataset: xr.Dataset) -> str:
    """The axis that accuracy is drawn against."""
    numeric = [name for name in sweep_axes(dataset) if np.issubdtype(dataset[name].dtype, np.number)]
    long = [name for name in numeric if dataset.sizes[name] > (1 if name == SNR else MOST_LINES)]
    return min(long, key=lambda name: name != SNR, default="round")


def sweep_axes(dataset: xr.Dataset) -> list[str]:
    """All dimensions but seed and round."""
    return [str(name) for name in dataset.accuracy.dims if name not in ("seed", "round")]


def told(dataset: xr.Dataset, x: str, hidden: int) -> str:
    """What the lines and bands are."""
    parts = [seeds_label(dataset)]
    if x != "round":
        parts[0] += f", after {int(dataset['round'].values[-1])} rounds"
    if bool((dataset.stopped_at >= 0).any()):
        parts.append("seeds that diverged are left out")
    if hidden:
        parts.append(f"{hidden} more panels are not shown")
    return "; ".join(parts) + "."


def _lines(panel: Axes, dataset: xr.Dataset, x: str, axis: str | None) -> None:
    accuracy = dataset.accuracy if x == "round" else dataset.accuracy.isel(round=-1)
    abscissas = dataset[x].values
    grid(panel)
    for at in range(dataset.sizes[axis] if axis else 1):
        values = accuracy.isel({axis: at}) if axis else accuracy
        label = value_label(dataset, axis, at) if axis else None
        band(panel, abscissas, values.transpose("seed", x).values, at, label, DASHES[at // len(COLOURS) % len(DASHES)])
    if x != "round" and len(abscissas) <= MOST_LINES:
        panel.set_xticks(abscissas)
    if x not in ("round", SNR) and abscissas.min() > 0 and abscissas.max() >= 50 * abscissas.min():
        panel.set_xscale("log")


def _legend(figure: Figure, panel: Axes, axes: list[str], single: bool) -> None:
    handles, labels = panel.get_legend_handles_labels()
    if not axes or len(handles) < 2:
        return
    if single and len(handles) <= len(COLOURS):
        panel.legend(**BOX)
    else:
        figure.legend(handles, labels, loc="outside upper center", ncols=min(4, len(labels)), frameon=False)
