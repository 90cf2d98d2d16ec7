"""Statistics of gradients: kurtosis over epochs, distances to laws by layer, and tests from one epoch to the next.

Above: excess kurtosis of each layer; W2 to four laws, of most entries, beside what entries of the fitted generalised
normal law have themselves (grey). Below: shares of Kolmogorov-Smirnov and Spearman tests that are passed between the
same entries in consecutive epochs, by layer; grey are those of disjoint entries of one gradient, of which 0.95 are to
be expected. Values by layer are means over epochs; all are means over seeds.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ._labels import seeds_label, value_label
from ._look import BOX, COLOURS, DASHES, MARKERS, caption, grid, marked, picture

DRAWN = "entries"  # the axis of sizes of draws
INNER = ("seed", "epoch", "layer")
LAWS = {"normal": "normal", "laplace": "Laplace", "gennorm": "GenNorm", "weibull": "dWeibull"}
GREY = "0.6"
TESTS = {"ks": "Kolmogorov-Smirnov", "spearman": "Spearman"}


def draw(dataset: xr.Dataset, path: str | Path) -> None:
    """Draw the figure into a file."""
    with picture(path, 7.2, 5.4) as figure:
        panels = figure.subplots(2, 2).ravel()
        means = dataset.mean("seed")
        _kurtosis(panels[0], means)
        _distances(panels[1], means)
        for panel, (test, name) in zip(panels[2:], TESTS.items(), strict=True):
            _tests(panel, means, test, name)
        for panel in panels:
            grid(panel)
        epochs = dataset.sizes["epoch"]
        told = "Grey: W2 of entries of the fitted GenNorm itself, and tests of disjoint entries of one gradient"
        caption(figure, f"{seeds_label(dataset).partition(',')[0]}; means over {epochs} epochs by layer. {told}.")


def _ways(dataset: xr.Dataset, at: dict[str, int]) -> Iterator[tuple[int, xr.Dataset, str]]:
    """Number, values and name of all combinations of axes but those of which a place is given."""
    here = dataset.isel({name: place for name, place in at.items() if name in dataset.dims})
    axes = [str(name) for name in here.w2_normal.dims if name not in INNER]
    for number, place in enumerate(itertools.product(*(range(here.sizes[name]) for name in axes))):
        labels = [_label(here, name, each) for name, each in zip(axes, place, strict=True)]
        yield number, here.isel(dict(zip(axes, place, strict=True))), ", ".join(labels)


def _label(dataset: xr.Dataset, name: str, place: int) -> str:
    return f"{dataset[name].values[place]} entries" if name == DRAWN else value_label(dataset, name, place)


def _kurtosis(panel: Axes, means: xr.Dataset) -> None:
    """A colour for each layer, a dash for each way."""
    handles, layers = [], means["layer"].values
    for at, layer in enumerate(layers):
        handles.append(Line2D([], [], color=COLOURS[at % len(COLOURS)], label=f"layer {layer}"))
    for number, found, name in _ways(means, {DRAWN: 0}):
        dash: Any = DASHES[number % len(DASHES)]
        if name:
            handles.append(Line2D([], [], color="0.3", linestyle=dash, label=name))
        for at in range(len(layers)):
            values, colour = found.kurtosis.isel(layer=at).values, COLOURS[at % len(COLOURS)]
            panel.plot(means["epoch"].values, values, linestyle=dash, color=colour, linewidth=1.2)
    panel.set(xlabel="Epoch", ylabel="Excess kurtosis")
    _legend(panel, handles)


def _distances(panel: Axes, means: xr.Dataset) -> None:
    """A colour and a mark for each law, a dash for each way."""
    handles = [Line2D([], [], label=name, **_look(at), linestyle="none") for at, name in enumerate(LAWS.values())]
    for number, found, name in _ways(means, {DRAWN: -1}):
        dash: Any = DASHES[number % len(DASHES)]
        over = found.mean("epoch")
        if name:
            handles.append(Line2D([], [], color="0.3", linestyle=dash, label=name))
        _by_layer(panel, over, "floor_gennorm", {"color": GREY, "linewidth": 1.2, "linestyle": dash})
        for at, law in enumerate(LAWS):
            _by_layer(panel, over, f"w2_{law}", _look(at) | {"linestyle": dash})
    panel.set(ylabel="W2", ylim=(0, None))
    _legend(panel, handles)


def _tests(panel: Axes, means: xr.Dataset, test: str, name: str) -> None:
    """A colour for each way."""
    for number, found, label in _ways(means, {}):
        over = found.mean("epoch")
        _by_layer(panel, over, f"{test}_null_passed", {"color": GREY, "linewidth": 0.8})
        _by_layer(panel, over, f"{test}_passed", _look(number) | {"label": label or None})
    panel.axhline(0.95, color=GREY, linewidth=0.8, linestyle=":")
    panel.set(ylabel=f"{name}: p > 0.05", ylim=(-0.03, 1.0), yticks=np.linspace(0, 1, 6))
    _legend(panel, list(panel.get_legend_handles_labels()[0]), columns=2)


def _legend(panel: Axes, handles: list[Any], columns: int = 3) -> None:
    """In room of its own above the curves."""
    low, high = panel.get_ylim()
    rows = -(-len(handles) // columns)
    panel.set_ylim(low, high + (0.06 + 0.11 * rows) * (high - low) if handles else high + 0.05)
    if handles:
        panel.legend(handles=handles, **BOX, fontsize=6, ncols=columns, loc="upper center")


def _by_layer(panel: Axes, over: xr.Dataset, variable: str, look: dict[str, Any]) -> None:
    places = np.arange(over.sizes["layer"])
    panel.plot(places, over[variable].values, **look)
    panel.set_xticks(places, [str(layer) for layer in over["layer"].values])
    panel.set_xlabel("Layer")


def _look(at: int) -> dict[str, Any]:
    return marked(COLOURS[at % len(COLOURS)], MARKERS[at % len(MARKERS)])
