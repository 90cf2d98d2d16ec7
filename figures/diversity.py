"""Multiuser diversity: the mean gain of the best channels against bandwidth, theory as dots; and what accuracy keeps.

    overair figure diversity

Lines are means over seeds and bands their 95 % confidence intervals; a level marks 1 + H_K - H_N, that of one coherence
block. The published figure has the accuracies of ``overair run diversity_accuracy`` beside it.
"""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ._kept import kept
from ._labels import axis_label, seeds_label, settings, value_label
from ._look import BOX, COLOURS, DASHES, band, caption, grid, picture

WIDTH, SENDERS = "bandwidth", "senders"


def plot(dataset: xr.Dataset) -> Figure:
    """The figure of a run."""
    with picture(4.6, 3.8) as figure:
        _gains(figure.subplots(), dataset)
        caption(figure, f"{seeds_label(dataset)}. Dotted: theory, over blocks.", dataset)
    return figure


def plot_folder(folder: Path) -> Figure:
    """Gains, and accuracies beside them, of the results in a folder."""
    gains, run = kept(folder, "diversity"), kept(folder, "diversity_accuracy")
    with picture(7.4, 3.8) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(4, 3))
        _gains(left, gains)
        _accuracies(right, run)
        told = f"{seeds_label(gains)}. Left, dotted: theory, over blocks. Right: digits, TDL-A of 100 ns, one of ten "
        caption(figure, f"{told}sends in each of {int(run['round'].values[-1])} rounds.", run, ["scheduler"])
    return figure


def _gains(panel: Axes, dataset: xr.Dataset) -> None:
    axes = [str(name) for name in dataset.gain.dims if name not in ("seed", WIDTH, SENDERS)]
    places = [*itertools.product(*(range(dataset.sizes[name]) for name in axes))]
    counts, widths = dataset[SENDERS].values, dataset[WIDTH].values
    for at, place in enumerate(places):
        one = dataset.isel(dict(zip(axes, place, strict=True)))
        label = ", ".join(value_label(dataset, name, where) for name, where in zip(axes, place, strict=True))
        for number in range(len(counts)):
            here, dash = one.isel({SENDERS: number}), DASHES[number % len(DASHES)]
            band(panel, widths, here.gain.transpose("seed", WIDTH).values, at, None if number else label, dash)
            panel.plot(widths, here.theory.mean("seed"), ":", color="black", linewidth=1.0, zorder=3)
    devices = settings(dataset)["devices"]
    for count in counts:
        panel.axhline(_flat(devices, int(count)), color="0.6", linewidth=0.8, zorder=1)
    looks: list[Any] = [DASHES[at % len(DASHES)] for at in range(len(counts))]
    dashes = [Line2D([], [], color="0.3", linestyle=look) for look in looks]
    handles, labels = panel.get_legend_handles_labels()
    panel.legend([*handles, *dashes], [*labels, *(f"best {each} of {devices}" for each in counts)], **BOX, fontsize=7)
    panel.set(xscale="log", xlabel="Bandwidth (Hz)", ylabel="Mean gain of the best, over that of all")
    grid(panel)


def _flat(devices: int, senders: int) -> float:
    """1 + H_K - H_N."""
    return float(1.0 + np.sum(1.0 / np.arange(senders + 1, devices + 1)))


def _accuracies(panel: Axes, run: xr.Dataset) -> None:
    widths = run["spacing"].values * settings(run)["grid"]["subcarriers"]
    last = run.accuracy.isel(round=-1)
    for at in range(run.sizes["scheduler"]):
        over_seeds = last.isel(scheduler=at).transpose("seed", "spacing").values
        band(panel, widths, over_seeds, len(COLOURS) - 2 - at, value_label(run, "scheduler", at))
    panel.set(xscale="log", xlabel="Bandwidth (Hz)", ylabel=axis_label(run, "accuracy"))
    panel.legend(**BOX, fontsize=7)
    grid(panel)
