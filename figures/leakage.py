"""What a server makes out: PSNR against SNR, and a picture itself, a row for every line and a column for every SNR.

A panel for every number of devices. Dotted: the mean picture of its class as a guess, below which nothing has leaked.
The picture is the first that was kept, of the first seed; it stands at the left of what is made out.
"""

import itertools

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import _strips
from ._labels import SNR, axis_label, place_label, seeds_label
from ._legend import legend
from ._lines import lines
from ._look import caption, grid, picture
from ._panels import Panels

DEVICES = "devices"
MOST_ROWS, MOST_SNRS = 12, 6  # of pictures
HEIGHT = 0.6  # inches of a row
SHOWS_PICTURES = True  # so that a report does not show them again


def plot(dataset: xr.Dataset) -> Figure:
    """The figure of a result."""
    layout = Panels.of(dataset, [DEVICES] if DEVICES in dataset.dims else [])
    compared = [str(name) for name in dataset.psnr.dims if name not in ("seed", SNR, DEVICES)]
    sizes = (range(dataset.sizes[name]) for name in compared)
    rows = [dict(zip(compared, place, strict=True)) for place in itertools.product(*sizes)]
    if there := _strips.there(dataset):
        rows = _strips.known(dataset, rows)[:MOST_ROWS]
    below = 0.5 + HEIGHT * len(rows) if there else 0.0
    with picture(7.2, 3.4 + below) as figure:
        above, *rest = figure.subfigures(2 if there else 1, 1, squeeze=False, height_ratios=[3.0, below][: 1 + there])[
            :, 0
        ]
        panels = [panel for panel in above.subplots(1, len(layout.places), squeeze=False, sharey=True)[0]]
        for at, (panel, place) in enumerate(zip(panels, layout.places, strict=True)):
            _psnr(panel, dataset.isel(place), compared)
            panel.set_xlabel(axis_label(dataset, SNR))
            panel.set_title(place_label(dataset, place), fontsize=8)
            panel.set_ylabel(axis_label(dataset, "psnr") if at == 0 else "")
        for each in rest:
            cells = [[dataset.isel(row | place | {"seed": 0, "shown": 0}) for place in layout.places] for row in rows]
            _strips.strips(each, cells, [place_label(dataset, row) for row in rows], MOST_SNRS)
        legend(figure, panels, single=False)
        told = "Below: one picture of the first seed, and what is made out of it, with its PSNR. " if there else ""
        caption(figure, f"{told}{seeds_label(dataset)}.", dataset, compared)
    return figure


def _psnr(panel: Axes, dataset: xr.Dataset, compared: list[str]) -> None:
    lines(panel, dataset, "psnr", SNR, compared)
    guess = float(dataset.baseline.mean())
    panel.axhline(guess, linestyle=":", color="0.3", linewidth=1.2, label="mean picture of the class")
    grid(panel)
