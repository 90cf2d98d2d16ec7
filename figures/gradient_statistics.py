"""Statistics of gradients: kurtosis over epochs, distances to laws by layer, and tests from one epoch to the next.

Above: excess kurtosis of each layer; W2 to four laws, of most entries, beside what entries of the fitted generalised
normal law have themselves (grey). Below: shares of Kolmogorov-Smirnov and Spearman tests that are passed between the
same entries in consecutive epochs, by layer; grey are those of disjoint entries of one gradient, of which 0.95 are to
be expected. Values by layer are means over epochs; all are means over seeds. Of a single layer everything is drawn over
epochs.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ._labels import seeds_label, value_label
from ._look import BOX, COLOURS, DASHES, MARKERS, caption, grid, marked, picture

DRAWN = "entries"  # the axis of sizes of draws
INNER = ("seed", "epoch", "layer")
LAWS = {"normal": "normal", "laplace": "Laplace", "gennorm": "GenNorm", "weibull": "dWeibull"}
GREY = "0.6"
WIDE = 52  # letters beside each other in a legend
TESTS = {"ks": "Kolmogorov-Smirnov", "spearman": "Spearman"}


def plot(dataset: xr.Dataset) -> Figure:
    """The figure of a result."""
    with picture(7.2, 5.4) as figure:
        panels = figure.subplots(2, 2).ravel()
        means = dataset.mean("seed")
        _kurtosis(panels[0], means)
        _distances(panels[1], means)
        for panel, (test, name) in zip(panels[2:], TESTS.items(), strict=True):
            _tests(panel, means, test, name)
        for panel in panels:
            grid(panel)
        epochs = f"; means over {dataset.sizes['epoch']} epochs by layer" if _abscissa(dataset) == "layer" else ""
        told = "Grey: W2 of entries of the fitted GenNorm itself, and tests of disjoint entries of one gradient"
        caption(figure, f"{seeds_label(dataset).partition(',')[0]}{epochs}. {told}.")
    return figure


def _ways(dataset: xr.Dataset, at: dict[str, int]) -> Iterator[tuple[int, xr.Dataset, str]]:
    """Number, values and name of all combinations of axes but those of which a place is given."""
    here = dataset.isel({name: place for name, place in at.items() if name in dataset.dims})
    axes = [str(name) for name in here.w2_normal.dims if name not in INNER]
    for number, place in enumerate(itertools.product(*(range(here.sizes[name]) for name in axes))):
        labels = [_label(here, name, each) for name, each in zip(axes, place, strict=True)]
        yield number, here.isel(dict(zip(axes, place, strict=True))), ", ".join(labels)


def _label(dataset: xr.Dataset, name: str, place: int) -> str:
    value = dataset[name].values[place]
    if not np.issubdtype(dataset[name].dtype, np.number):
        return value_label(dataset, name, place)
    return f"{value} entries" if name == DRAWN else f"{name.replace('_', ' ')} {value:g}"


def _abscissa(dataset: xr.Dataset) -> str:
    return "layer" if dataset.sizes["layer"] > 1 else "epoch"


def _kurtosis(panel: Axes, means: xr.Dataset) -> None:
    """A colour for each layer and a dash for each way; of a single layer, a colour and a mark for each way."""
    handles: list[Any] = []
    layers = means["layer"].values.tolist() if _abscissa(means) == "layer" else []
    for at, layer in enumerate(layers):
        handles.append(Line2D([], [], color=COLOURS[at % len(COLOURS)], label=f"layer {layer}"))
    for number, found, name in _ways(means, {DRAWN: 0}):
        dash: Any = DASHES[number % len(DASHES)]
        look = {"color": "0.3", "linestyle": dash} if layers else _look(number)
        if name:
            handles.append(Line2D([], [], label=name, **look))
        for at in range(means.sizes["layer"]):
            own = look | ({"color": COLOURS[at % len(COLOURS)], "linewidth": 1.2} if layers else {})
            panel.plot(means["epoch"].values, found.kurtosis.isel(layer=at).values, **own)
    panel.set(xlabel="Epoch", ylabel="Excess kurtosis")
    _legend(panel, handles)


def _distances(panel: Axes, means: xr.Dataset) -> None:
    """A colour and a mark for each law, a dash for each way."""
    handles = [Line2D([], [], label=name, **_look(at), linestyle="none") for at, name in enumerate(LAWS.values())]
    for number, found, name in _ways(means, {DRAWN: -1}):
        dash: Any = DASHES[number % len(DASHES)]
        if name:
            handles.append(Line2D([], [], color="0.3", linestyle=dash, label=name))
        _line(panel, found, "floor_gennorm", {"color": GREY, "linewidth": 1.2, "linestyle": dash})
        for at, law in enumerate(LAWS):
            _line(panel, found, f"w2_{law}", _look(at) | {"linestyle": dash})
    panel.set(ylabel="W2", ylim=(0, None))
    _legend(panel, handles)


def _tests(panel: Axes, means: xr.Dataset, test: str, name: str) -> None:
    """A colour for each way."""
    for number, found, label in _ways(means, {}):
        _line(panel, found, f"{test}_null_passed", {"color": GREY, "linewidth": 0.8})
        _line(panel, found, f"{test}_passed", _look(number) | {"label": label or None})
    panel.axhline(0.95, color=GREY, linewidth=0.8, linestyle=":")
    panel.set(ylabel=f"{name}: p > 0.05", ylim=(-0.03, 1.0), yticks=np.linspace(0, 1, 6))
    _legend(panel, list(panel.get_legend_handles_labels()[0]))


def _legend(panel: Axes, handles: list[Any]) -> None:
    """In room of its own above the curves, in as many columns as fit."""
    low, high = panel.get_ylim()
    if not handles:
        panel.set_ylim(low, high + 0.05 * (high - low))
        return
    columns = max(1, min(3, WIDE // (5 + max(len(str(each.get_label())) for each in handles))))
    rows = -(-len(handles) // columns)
    panel.set_ylim(low, high + (0.06 + 0.11 * rows) * (high - low))
    panel.legend(handles=handles, **BOX, fontsize=6, ncols=columns, loc="upper center").set_in_layout(False)


def _line(panel: Axes, found: xr.Dataset, variable: str, look: dict[str, Any]) -> None:
    """By layer, of means over epochs, or over epochs."""
    if _abscissa(found) == "epoch":
        panel.plot(found["epoch"].values, found[variable].isel(layer=0).values, **look)
        panel.set_xlabel("Epoch")
        return
    places = np.arange(found.sizes["layer"])
    panel.plot(places, found[variable].mean("epoch").values, **look)
    panel.set_xticks(places, [str(layer) for layer in found["layer"].values])
    panel.set_xlabel("Layer")


def _look(at: int) -> dict[str, Any]:
    return marked(COLOURS[at % len(COLOURS)], MARKERS[at % len(MARKERS)])
