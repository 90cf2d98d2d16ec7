"""Bit and block error rates against SNR, a line for every scheme, with their intervals and closed forms.

Seeds count as one experiment: a line is the share of all their bits or blocks; each has the bar of its own interval.
Where nothing was wrong nothing is drawn.
"""

import itertools

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._labels import SNR, axis_label, value_label
from ._look import COLOURS, DASHES, MARKERS, caption, grid, marked, picture

RATES = ("ber", "bler")
MARGIN = 3.0  # below the smallest rate drawn
WIDTH, MARK = 100, 8  # letters of a line of the legend, and what a mark takes of them
TOLD = "Bars: 95 % intervals, from blocks; dotted: closed forms; nothing is drawn where nothing was wrong."


def plot(dataset: xr.Dataset) -> Figure:
    """The figure of a result."""
    axes = [str(name) for name in dataset.ber.dims if name not in ("seed", SNR)]
    with picture(7.1, 3.4) as figure:
        panels = figure.subplots(1, 2)
        for panel, rate in zip(panels, RATES, strict=True):
            for at, place in enumerate(itertools.product(*(range(dataset.sizes[name]) for name in axes))):
                chosen = dict(zip(axes, place, strict=True))
                label = ", ".join(value_label(dataset, *each) for each in chosen.items())
                _line(panel, dataset.isel(chosen), rate, at, label)
            _frame(panel, dataset, rate)
        handles, labels = panels[0].get_legend_handles_labels()
        if axes:
            fit = max(1, WIDTH // (max(map(len, labels)) + MARK))
            figure.legend(handles, labels, loc="outside upper center", ncols=min(fit, len(labels)), frameon=False)
        caption(figure, TOLD, dataset, axes)
    return figure


def _line(panel: Axes, point: xr.Dataset, rate: str, at: int, label: str) -> None:
    snrs, look = point[SNR].values, marked(COLOURS[at % len(COLOURS)], MARKERS[at % len(MARKERS)])
    shared = (point[rate] * point.blocks).sum("seed") / point.blocks.sum("seed")
    panel.plot(snrs, shared.where(shared > 0).values, DASHES[at // len(COLOURS) % len(DASHES)], label=label, **look)
    for seed in range(point.sizes["seed"]):
        one = point.isel(seed=seed).where(point[rate].isel(seed=seed) > 0)
        panel.vlines(snrs, one[f"{rate}_low"].values, one[f"{rate}_high"].values, color=look["color"], linewidth=1)
    if rate == "ber" and bool(point.theory.notnull().any()):
        panel.plot(snrs, point.theory.isel(seed=0).values, ":", color="black", linewidth=1, zorder=3)


def _frame(panel: Axes, dataset: xr.Dataset, rate: str) -> None:
    rates = dataset[rate].values
    grid(panel)
    if np.any(rates > 0):
        panel.set(yscale="log", ylim=(rates[rates > 0].min() / MARGIN, 1.3))
    panel.set_xlabel(f"{axis_label(dataset, SNR)}, Es/N0")
    panel.set_ylabel(axis_label(dataset, rate))
