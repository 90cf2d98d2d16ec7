"""Originals and what arrives of them: a row for all that is compared, a column for every image, PSNRs below.

Of many SNRs the lowest, the highest and some between are drawn.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.figure import Figure

from ..scenarios.results import fairness
from ..scenarios.results.variables import variables
from . import _strips, _styles
from ._labels import RATIO, place_label
from ._look import Picture, caption, fit, picture, write

WIDTH = 7.2  # inches, where a style has pictures as wide as they need
MOST_ROWS, MOST_IMAGES = 16, 3
TILES = 8  # beside each other, originals included, unless images are many
LABELS, LINE = 0.2, 0.17  # of a width, and inches: room for what stands beside and below


def plot(dataset: xr.Dataset, *, width: float | None = None, style: str = "plain") -> Figure:
    """The pictures of a result, in a figure of so many inches and a style."""
    look = _styles.checked(style, width)
    with rc_context(look.rc):
        return _drawn(dataset, width or (WIDTH if look.grows else look.width), look)


def is_one(dataset: xr.Dataset, name: str | None) -> bool:
    """Whether a measure is of pictures, which the result has."""
    return any(each.pixels and each.name == name for each in variables(dataset.attrs)) and _strips.there(dataset)


def _drawn(dataset: xr.Dataset, width: float, look: _styles.Style) -> Figure:
    rows, images = _rows(dataset), range(min(dataset.sizes["shown"], MOST_IMAGES))
    cells = [[dataset.isel(place | {"seed": 0, "shown": at}) for at in images] for place in rows[:MOST_ROWS]]
    most = max(3, TILES // len(images) - 1)
    across = len(images) * (1 + min(most, dataset[_strips.SNR].size))
    tile = (1 - LABELS) * width / across
    figure = Picture(width, 0.5 + (tile + LINE) * len(cells), look)
    labels = [place_label(dataset, place) for place in rows[:MOST_ROWS]]
    _strips.strips(figure, cells, labels, most)
    compared = [name for name in rows[0] if name != RATIO]
    caption(figure, _told(dataset, len(rows), len(images)), fair=fairness.line(dataset, compared))
    fit(figure)
    return figure


def _rows(dataset: xr.Dataset) -> list[dict[str, int]]:
    """Places of all that is compared and known, ratio by ratio."""
    axes = [str(name) for name in dataset.picture.dims if name not in ("seed", *_strips.INNER)]
    axes.sort(key=lambda name: name != RATIO)
    every = itertools.product(*(range(dataset.sizes[name]) for name in axes))
    return _strips.known(dataset, (dict(zip(axes, place, strict=True)) for place in every))


def _told(dataset: xr.Dataset, rows: int, images: int) -> str:
    parts = ["What arrived, by SNR, and below it the PSNR in dB of what is shown"]
    if dataset.sizes["seed"] > 1:
        parts.append("the first of the seeds")
    hidden = {"images": dataset.sizes["shown"] - images, "rows": rows - MOST_ROWS}
    parts += [f"{count} more {what} are not shown" for what, count in hidden.items() if count > 0]
    return "; ".join(parts) + "."


def draw_sent(originals: np.ndarray, received: np.ndarray, snrs_db: Sequence[float], path: str | Path) -> None:
    """Draw images [N, H, W, C] and what arrives of them, [S, N, H, W, C], into a file, a row an image."""
    height, width = originals.shape[1:3]
    side = 1.2 if width <= 64 else 2.2
    with picture(side * (1 + len(snrs_db)), (side * height / width + LINE) * len(originals)) as figure:
        panels = figure.subplots(len(originals), 1, squeeze=False)[:, 0]
        for row, (panel, original) in enumerate(zip(panels, originals, strict=True)):
            _strips.strip(panel, original, received[:, row], snrs_db, headed=row == 0)
            panel.set_axis_off()
    write(figure, path, dpi=200)
