"""Where to cut a network between a device and a server: energy, latency and accuracy against SNR, and the best cut.

A line is a cut and what crosses it; what several ways send alike is one line. The best one, for least energy and for
least latency, is chosen among those within a point of the whole network's accuracy on images kept from training; its
costs and its test accuracy are drawn behind the others (grey). Lines are means over seeds.
"""

import itertools
import json
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from ._labels import SNR, axis_label, seeds_label, value_label
from ._look import BOX, COLOURS, DASHES, MARKERS, caption, grid, marked, picture

POINT = 0.01  # of accuracy that a cut may cost
THOUSANDTHS = {"energy_j": "Energy of the device (mJ)", "latency_s": "Latency (ms)"}
QUANTITIES = {"energy_j": "energy", "latency_s": "latency"}


class Line(NamedTuple):
    """A point of the sweep: its colour's and its dash's place, its names, and its measures over SNRs."""

    colour: int
    dash: int
    label: str
    place: str  # of the first axis: a cut
    values: xr.Dataset  # means over seeds, [S]

    @property
    def lost(self) -> np.ndarray:
        """Accuracy that it costs, on images kept from training where there were any."""
        values = self.values
        held_out = "validation" in values and bool(np.isfinite(values.validation).any())
        whole, own = ("whole_validation", "validation") if held_out else ("whole", "accuracy")
        return np.asarray((values[whole] - values[own]).values)

    def same(self, other: "Line") -> bool:
        """Whether it is the same cut with the same outcome."""
        return self.colour == other.colour and self.values.broadcast_equals(other.values)

    @property
    def looks(self) -> dict[str, Any]:
        at = self.colour % len(COLOURS)
        dashed = {"linestyle": DASHES[self.dash % len(DASHES)]} | ({"markerfacecolor": "white"} if self.dash else {})
        return marked(COLOURS[at], MARKERS[at]) | dashed


def plot(dataset: xr.Dataset) -> Figure:
    """The figure of a result."""
    lines = _lines(dataset)
    with picture(7.2, 5.8) as figure:
        panels = figure.subplots(2, 2)
        for panel, (quantity, label) in zip(panels[0], THOUSANDTHS.items(), strict=True):
            _costs(panel, lines, quantity, label)
            _chosen(panel, best(lines, quantity), quantity, 1e3)
        _accuracies(panels[1, 0], lines)
        _chosen(panels[1, 0], best(lines, "energy_j"), "accuracy", 1.0)
        _choices(panels[1, 1], lines)
        for panel in panels.ravel():
            grid(panel)
            panel.set_xlabel(axis_label(dataset, SNR))
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=7)
        caption(figure, _told(dataset), dataset, [each for each in dataset.accuracy.dims if each not in ("seed", SNR)])
    return figure


def best(lines: list[Line], quantity: str) -> list[Line | None]:
    """The line of least energy or latency at each SNR, of those accurate enough."""
    costs = np.array([line.values[quantity].values for line in lines])  # [lines, S]
    lost = np.array([line.lost for line in lines])
    costs = np.where(lost <= POINT + 1e-9, costs, np.inf)
    return [lines[at] if np.isfinite(least) else None for at, least in zip(costs.argmin(0), costs.min(0), strict=True)]


def _lines(dataset: xr.Dataset) -> list[Line]:
    axes = [str(name) for name in dataset.accuracy.dims if name not in ("seed", SNR)]
    axes.sort(key=lambda name: name != "cut")
    first, others = axes[:1], axes[1:]
    means = dataset.mean("seed")
    drawn: list[Line] = []
    dashes = list(itertools.product(*(range(dataset.sizes[name]) for name in others)))
    for dash, place in enumerate(dashes):
        for colour in range(dataset.sizes[first[0]] if first else 1):
            at = dict(zip(axes, (colour, *place), strict=False))
            names = [value_label(dataset, name, index) for name, index in at.items()]
            values = means.isel(at)
            line = Line(
                colour, dash, ", ".join(names), names[0] if names else "", values.drop_vars(axes, errors="ignore")
            )
            if bool(np.isfinite(values.accuracy).any()) and not any(line.same(other) for other in drawn):
                drawn.append(line)
    return drawn


def _costs(panel: Axes, lines: list[Line], quantity: str, label: str) -> None:
    for line in lines:
        panel.plot(line.values[SNR], 1e3 * line.values[quantity], label=line.label or None, **line.looks)
    panel.set(yscale="log", ylabel=label)
    panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    panel.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    panel.yaxis.set_minor_formatter(NullFormatter())


def _accuracies(panel: Axes, lines: list[Line]) -> None:
    whole = max(float(line.values.whole) for line in lines)
    panel.axhspan(whole - POINT, whole, color="0.85", linewidth=0)
    for line in lines:
        panel.plot(line.values[SNR], line.values.accuracy, **line.looks)
    panel.set_ylabel("Test accuracy")


def _chosen(panel: Axes, lines: list[Line | None], quantity: str, scale: float) -> None:
    """A measure of the best lines, SNR by SNR, behind all others."""
    given = [(at, line) for at, line in enumerate(lines) if line]
    x = [float(line.values[SNR][at]) for at, line in given]
    y = [scale * float(line.values[quantity][at]) for at, line in given]
    panel.plot(x, y, color="0.75", linewidth=4, solid_capstyle="round", zorder=1, label="best cut" if given else None)


def _choices(panel: Axes, lines: list[Line]) -> None:
    """The best cuts, a line for least energy and one for least latency; open marks as in the other panels."""
    order = list(dict.fromkeys(line.place for line in lines))
    for at, (quantity, name) in enumerate(QUANTITIES.items()):
        chosen = best(lines, quantity)
        x = lines[0].values[SNR].values
        y = np.array([order.index(line.place) if line else np.nan for line in chosen]) + 0.12 * (2 * at - 1)
        colour = COLOURS[6 + at]
        panel.plot(x, y, color=colour, linewidth=1.2, label=f"least {name}")
        for x_of, y_of, line in zip(x, y, chosen, strict=True):
            face = "white" if line and line.dash else colour
            panel.plot(x_of, y_of, "os"[at], color=colour, markerfacecolor=face, markersize=5)
    panel.set_yticks(range(len(order)), order, fontsize=6.5)
    panel.set_ylim(-0.6, len(order) - 0.4)
    panel.set_ylabel("Best cut" + (" (open: dashed)" if any(line.dash for line in lines) else ""))
    panel.legend(**BOX, fontsize=7)


def _told(dataset: xr.Dataset) -> str:
    """Who was averaged, what the grey band is, and the device, where it is one for all points."""
    held_out = "validation" in dataset and bool(np.isfinite(dataset.validation).any())
    chosen = "images kept from training" if held_out else "test images"
    text = (
        f"{seeds_label(dataset).partition(',')[0]}. Grey band: within a point of the whole network. Grey lines: the "
        f"best cut, chosen among those on {chosen}; for least energy where accuracy is shown."
    )
    costs = json.loads(dataset.attrs.get("scenario", "{}")).get("costs", {})
    if costs and not any(isinstance(value, list) for value in costs.values()):
        text += (
            f"\nDevice: {costs['device_flops'] / 1e9:g} GFLOP/s at {costs['compute_watts']:g} W, "
            f"{costs['transmit_watts']:g} W to send; server: {costs['server_flops'] / 1e12:g} TFLOP/s."
        )
    return text
