"""Errors of compressors over what they cost: relative error against the bits used for each parameter.

A line is the mean over seeds and moments of one compressor, or of one value of the first axis; further axes make
panels. Dotted is the least that bits allow if entries were drawn independently from the generalised normal laws fitted
to the layers. Points at which nothing was sent are not drawn.
"""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ._labels import axis_label, upright, value_label
from ._look import COLOURS, DASHES, MARKERS, caption, grid, marked, picture
from ._panels import Panels

MANY = 12  # lines, from which on their names are small
FLOAT = 32.0  # bits of a parameter that is not compressed
INNER = ("seed", "moment", "target_gain")


def plot(dataset: xr.Dataset) -> Figure:
    """The figure of a result."""
    axes = [str(name) for name in dataset.error.dims if name not in INNER]
    axes.sort(key=lambda name: name != "compressor")
    layout = Panels.of(dataset, axes[1:])
    with picture(*layout.size((6.0, 4.6), above=1.3)) as figure:
        panels = layout.on(figure)
        for at, (panel, chosen) in enumerate(zip(panels, layout.places, strict=True)):
            _panel(panel, dataset.isel(chosen), axes[:1])
            panel.set_title(", ".join(value_label(dataset, name, place) for name, place in chosen.items()), fontsize=8)
            layout.label(at, panel, "Bits used for each parameter", upright(axis_label(dataset, "error")))
        few = sum(dataset.sizes[name] for name in axes[:1]) <= MANY
        if (found := panels[0].get_legend_handles_labels())[0]:
            letters, line = (7.0, 2.0) if few else (5.0, 3.5)
            look: Any = {"loc": "outside upper center", "ncols": 4, "fontsize": letters, "handlelength": line}
            figure.legend(*found, frameon=False, **look)
        told = f"Means over {_count(dataset, 'moment', 'gradient')} and {_count(dataset, 'seed', 'seed')}."
        hidden = f" {layout.hidden} more panels are not shown." if layout.hidden else ""
        caption(figure, told + " Dotted: the least for independent entries of the laws fitted to the layers." + hidden)
    return figure


def _panel(panel: Axes, dataset: xr.Dataset, axes: list[str]) -> None:
    grid(panel)
    over = ["seed", "moment"]
    for name in axes or [""]:
        for at in range(dataset.sizes[name] if name else 1):
            own = dataset.isel({name: at}) if name else dataset
            used, error = (FLOAT / own.gain).mean(over).values, own.error.mean(over).values
            there = used > 0
            panel.plot(used[there], error[there], label=value_label(dataset, name, at) if name else None, **_look(at))
    rates = FLOAT / dataset["target_gain"].values
    if "least" in dataset and bool(np.isfinite(dataset.least).any()):
        least = dataset.least.mean([name for name in dataset.least.dims if name != "target_gain"]).values
        order = np.argsort(rates)
        panel.plot(rates[order], least[order], ":", color="0.3", linewidth=1.4, label="least possible")
    panel.set(xscale="log", yscale="log")
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _look(at: int) -> dict[str, Any]:
    """Of a line among many: where colours come again marks are others, open at every second time, and so are dashes."""
    turn, colour = divmod(at, len(COLOURS))
    open_marks = {"markerfacecolor": "white"} if turn % 2 else {}
    return (
        marked(COLOURS[colour], MARKERS[(at + turn) % len(MARKERS)])
        | open_marks
        | {"linestyle": DASHES[turn % len(DASHES)]}
    )


def _count(dataset: xr.Dataset, dimension: str, word: str) -> str:
    count = dataset.sizes[dimension]
    return f"{count} {word}{'s' if count > 1 else ''}"
