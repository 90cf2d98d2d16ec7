"""Sensors that see one thing: accuracy against SNR, features added over the air, sent one by one, or told in bits.

Beside it stands the squared error of a number seen in K noisy copies, in theory (lines) and through the air (points),
at the SNR nearest to 0 dB, or against SNR where the number of sensors is one, and the least that capacity allows (thin
lines: one array of sensors where features add, sensors apart otherwise). Lines are means over seeds, bands their
95 % confidence intervals.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ._labels import SNR, axis_label, seeds_label, value_label
from ._look import BOX, COLOURS, DASHES, MARKERS, caption, grid, marked, means, picture

COUNT = "sensors"
ADDED = {"added": "added over the air"}


def plot(dataset: xr.Dataset) -> Figure:
    """The figure of a result."""
    with picture(7.2, 3.4) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        _accuracies(left, dataset)
        told = _errors(right, dataset)
        for panel in (left, right):
            grid(panel)
        caption(figure, f"{seeds_label(dataset)}. Right: {told}.", dataset, _axes(dataset, SNR))
    return figure


def _axes(dataset: xr.Dataset, x: str) -> list[str]:
    """The axes that make lines, the number of sensors first."""
    names = [str(name) for name in dataset.accuracy.dims if name not in ("seed", SNR, x)]
    return sorted(names, key=lambda name: name != COUNT)


def _others(dataset: xr.Dataset, axes: list[str]) -> Iterator[tuple[int, dict[str, int], str]]:
    """Number, place and name of every combination of axes."""
    for number, place in enumerate(itertools.product(*(range(dataset.sizes[name]) for name in axes))):
        at = dict(zip(axes, place, strict=True))
        yield number, at, ", ".join(_text(dataset, name, index) for name, index in at.items())


def _text(dataset: xr.Dataset, name: str, place: int) -> str:
    """A value of an axis in words."""
    text = value_label(dataset, name, place)
    return f"K = {dataset[name].values[place]}" if name == COUNT else ADDED.get(text, text)


def _accuracies(panel: Axes, dataset: xr.Dataset) -> None:
    axes = _axes(dataset, SNR)
    first, others = axes[:1], axes[1:]
    ways = list(_others(dataset, others))
    handles = []
    for colour, at, label in _others(dataset, first):
        look = marked(COLOURS[colour % len(COLOURS)], MARKERS[colour % len(MARKERS)])
        handles.append(Line2D([], [], label=label, **look))
        for number, rest, _ in ways:
            values = dataset.accuracy.isel(at | rest).transpose("seed", SNR).values
            if np.isfinite(values).any():
                middle, low, high = means(values)
                panel.fill_between(dataset[SNR], low, high, color=look["color"], alpha=0.18, linewidth=0)
                panel.plot(dataset[SNR], middle, DASHES[number % len(DASHES)], **look)
    if others:
        dashes: list[Any] = [DASHES[number % len(DASHES)] for number, _, _ in ways]
        names = [name for _, _, name in ways]
        pairs = zip(dashes, names, strict=True)
        handles += [Line2D([], [], color="0.3", linestyle=dash, label=name) for dash, name in pairs]
    if axes:
        panel.legend(handles=handles, **BOX, fontsize=7)
    panel.set(xlabel=axis_label(dataset, SNR), ylabel="Test accuracy")


def _errors(panel: Axes, dataset: xr.Dataset) -> str:
    """Theory and simulation of a number in noisy copies, and at which SNR, in words."""
    x = COUNT if dataset.sizes.get(COUNT, 1) > 1 else SNR
    shown = dataset.sel({SNR: 0.0}, method="nearest") if x == COUNT else dataset
    means = shown.mean("seed")
    for number, at, label in _others(shown, _axes(dataset, x)):
        colour = COLOURS[(4 + number) % len(COLOURS)]
        values = means.isel(at)
        panel.plot(means[x], values.theory, DASHES[number % len(DASHES)], color=colour, linewidth=1.2, label=label)
        panel.plot(means[x], values.error, MARKERS[(4 + number) % len(MARKERS)], color=colour, markersize=4)
    panel.set(yscale="log", ylabel="Squared error of a number seen in K copies", xlabel=axis_label(dataset, x))
    _limits(panel, means, x)
    noise = json.loads(dataset.attrs.get("scenario", "{}")).get("copies_noise")
    if x == COUNT:
        counts = dataset[COUNT].values
        if isinstance(noise, float):
            panel.plot(counts, noise / (counts + noise), ":", color="0.4", linewidth=1.0, label="no channel noise")
        panel.set(xscale="log", xlabel="Sensors K")
        panel.set_xticks(counts, [str(each) for each in counts])
        panel.minorticks_off()
    if panel.get_legend_handles_labels()[0]:
        panel.legend(**BOX, fontsize=7)
    copies = f"copies with noise of a variance of {noise:g}" if isinstance(noise, float) else "noisy copies"
    return copies + (f", {float(shown[SNR]):g} dB" if x == COUNT else "")


def _limits(panel: Axes, means: xr.Dataset, x: str) -> None:
    """What capacity allows, a thin line for all ways that are allowed the same."""
    drawn: list[np.ndarray] = []
    for number, at, _ in _others(means, _axes(means, x)) if "bound" in means else ():
        values = means.bound.isel(at).values
        if np.isfinite(values).any() and not any(np.array_equal(values, other) for other in drawn):
            colour = COLOURS[(4 + number) % len(COLOURS)]
            panel.plot(means[x], values, color=colour, linewidth=0.6, label=None if drawn else "least at capacity")
            drawn.append(values)
