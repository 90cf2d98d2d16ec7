"""What a server makes out: PSNR against SNR, and a picture itself, a row for every line and a column for every SNR.

A panel for every number of devices. Dotted: the mean picture of its class as a guess, below which nothing has leaked.
The picture is the first that was kept, of the first seed; it stands at the left of what is made out.
"""

import itertools
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from ._labels import SNR, axis_label, seeds_label, value_label
from ._legend import legend
from ._lines import lines
from ._look import caption, grid, picture
from ._panels import Panels

DEVICES = "devices"
MOST_ROWS, MOST_SNRS = 12, 6  # of pictures
GAP = 1  # pixels between pictures
HEIGHT = 0.5  # inches of a row

Place = dict[str, int]


def draw(dataset: xr.Dataset, path: str | Path) -> None:
    """Draw the figure into a file."""
    layout = Panels.of(dataset, [DEVICES] if DEVICES in dataset.dims else [])
    compared = [str(name) for name in dataset.psnr.dims if name not in ("seed", SNR, DEVICES)]
    sizes = (range(dataset.sizes[name]) for name in compared)
    rows = [dict(zip(compared, place, strict=True)) for place in itertools.product(*sizes)][:MOST_ROWS]
    there = "picture" in dataset and bool(dataset.picture.notnull().any())
    below = 0.5 + HEIGHT * len(rows) if there else 0.0
    with picture(path, 7.2, 3.4 + below) as figure:
        above, *rest = figure.subfigures(2 if there else 1, 1, squeeze=False, height_ratios=[3.0, below][: 1 + there])[
            :, 0
        ]
        panels = [panel for panel in above.subplots(1, len(layout.places), squeeze=False, sharey=True)[0]]
        for at, (panel, place) in enumerate(zip(panels, layout.places, strict=True)):
            _psnr(panel, dataset.isel(place), compared)
            panel.set_xlabel(axis_label(dataset, SNR))
            panel.set_title(_named(dataset, place), fontsize=8)
            panel.set_ylabel(axis_label(dataset, "psnr") if at == 0 else "")
        for each in rest:
            _pictures(each, dataset.isel(seed=0, shown=0), rows, layout.places)
        legend(figure, panels, single=False)
        told = "Below: one picture of the first seed, and what is made out of it. " if there else ""
        caption(figure, f"{told}{seeds_label(dataset)}.", dataset, compared)


def _psnr(panel: Axes, dataset: xr.Dataset, compared: list[str]) -> None:
    lines(panel, dataset, "psnr", SNR, compared)
    guess = float(dataset.baseline.mean())
    panel.axhline(guess, linestyle=":", color="0.3", linewidth=1.2, label="mean picture of the class")
    grid(panel)


def _pictures(figure: SubFigure, dataset: xr.Dataset, rows: list[Place], columns: list[Place]) -> None:
    """Strips of pictures: the original, and what is made out at each SNR."""
    snrs = _spread(dataset.sizes[SNR])
    panels = figure.subplots(len(rows), len(columns), squeeze=False)
    for (row, place), (column, devices) in itertools.product(enumerate(rows), enumerate(columns)):
        here, panel = dataset.isel(place | devices), panels[row, column]
        shown = [here.original.values, *here.picture.transpose(SNR, "pixel").values[snrs]]
        panel.imshow(_strip(shown), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        side = round(len(shown[0]) ** 0.5) + GAP
        told = ["picture", *(f"{dataset[SNR].values[at]:g} dB" for at in snrs)] if row + 1 == len(rows) else []
        panel.set_xticks([side * (at + 0.5) - 1 for at in range(len(told))], told, fontsize=6.5)
        panel.set_yticks([])
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
        if column == 0:
            panel.set_ylabel(_named(dataset, place), rotation=0, ha="right", va="center", fontsize=7)


def _strip(pictures: list[np.ndarray]) -> np.ndarray:
    """Square pictures [S S] side by side, with white between."""
    side = round(len(pictures[0]) ** 0.5)
    parts = [np.pad(each.reshape(side, side), [(0, 0), (0, GAP)], constant_values=1.0) for each in pictures]
    return np.concatenate(parts, axis=1)[:, :-GAP]


def _spread(count: int) -> list[int]:
    """Places of SNRs, the first and the last among them."""
    return sorted({round(at) for at in np.linspace(0, count - 1, min(count, MOST_SNRS))})


def _named(dataset: xr.Dataset, place: Place) -> str:
    return ", ".join(value_label(dataset, name, at) for name, at in place.items())
