"""Strips of pictures: an original and what arrived of it, side by side, with SNRs above and PSNRs below.

Results hold pictures as ``original`` and ``picture``, pixels of the square that was kept, in colours or without; what
is not there, as images are smaller or grey, is NaN and takes no room.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from ..scenarios.results.measures import ROUNDING
from ._labels import SNR

INNER = (SNR, "shown", "colour", "pixel")
LETTERS = 6.5


def there(dataset: xr.Dataset) -> bool:
    """Whether a result has pictures: square ones, of which any is known of the first seed."""
    if not {"picture", "original"} <= {*dataset.data_vars} or not {"shown", "pixel"} <= {*dataset.picture.dims}:
        return False
    return _side(dataset) ** 2 == dataset.sizes["pixel"] and bool(_first(dataset.picture).notnull().any())


def known(dataset: xr.Dataset, places: Iterable[Mapping[str, int]]) -> list[dict[str, int]]:
    """The places on axes at which the first seed has pictures, as units that failed or are to come have none."""
    originals = _first(dataset.original)
    return [{**place} for place in places if bool(originals.isel(place, missing_dims="ignore").notnull().any())]


def strips(figure: FigureBase, cells: Sequence[Sequence[xr.Dataset]], labels: Sequence[str], most: int) -> None:
    """A panel for every cell: a result of one seed and one picture, which has nothing but SNRs, at so many of these."""
    panels = figure.subplots(len(cells), len(cells[0]), squeeze=False)
    for at, (row, label) in enumerate(zip(cells, labels, strict=True)):
        for panel, cell in zip(panels[at], row, strict=True):
            _of_result(panel, cell, most, headed=at == 0)
        panels[at, 0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=7)


def strip(panel: Axes, original: np.ndarray, received: np.ndarray, snrs_db: Sequence[float], headed: bool) -> None:
    """An image [H, W, C] and what arrived of it, [S, H, W, C]; one that is not known, NaN, is white."""
    within = np.clip(received, 0.0, 1.0)
    errors = np.mean((within - original) ** 2, axis=(1, 2, 3))  # [S]
    below = ["", *(f"{-10 * np.log10(max(error, ROUNDING)):.1f}" if np.isfinite(error) else "" for error in errors)]
    above = ["original", *(f"{snr:g} dB" for snr in snrs_db)] if headed else [""] * len(below)
    height, width = original.shape[:2]
    gap = max(1, width // 32)
    beside = [(0, 0), (0, gap), (0, 0)]
    tiles = [np.pad(_coloured(each), beside, constant_values=1.0) for each in (original, *within)]
    panel.imshow(np.concatenate(tiles, axis=1)[:, :-gap], interpolation="none")
    middles = (width + gap) * np.arange(len(tiles)) + (width - 1) / 2
    for texts, y, away, side in ((above, -0.5, 2, "bottom"), (below, height - 0.5, -2, "top")):
        for middle, text in ((middle, text) for middle, text in zip(middles, texts, strict=True) if text):
            look: dict[str, Any] = {"ha": "center", "va": side, "fontsize": LETTERS}
            panel.annotate(text, (middle, y), (0, away), textcoords="offset points", **look)


def spread(values: np.ndarray, most: int) -> list[int]:
    """Places of so many values at most, from the least to the greatest."""
    order = np.argsort(values)
    return [
        int(order[at]) for at in sorted({round(at) for at in np.linspace(0, len(order) - 1, min(len(order), most))})
    ]


def _of_result(panel: Axes, cell: xr.Dataset, most: int, headed: bool) -> None:
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
    pictures = cell.picture if SNR in cell.picture.dims else cell.picture.expand_dims(SNR)
    places = spread(pictures[SNR].values, most)
    inner = [name for name in INNER if name in cell.original.dims]
    original = cell.original.transpose(*inner).values.reshape(1, -1, _side(cell), _side(cell))  # [1, C, side, side]
    received = pictures.transpose(SNR, *inner).values[places].reshape(-1, *original.shape[1:])
    finite = np.isfinite(original)
    kept = np.ix_(range(1 + len(places)), *(finite.any(axis=others) for others in ((0, 2, 3), (0, 1, 3), (0, 1, 2))))
    if finite.any():
        first, *rest = np.moveaxis(np.concatenate([original, received])[kept], 1, -1)  # [H, W, C] each
        strip(panel, first, np.stack(rest), pictures[SNR].values[places].tolist(), headed)


def _coloured(image: np.ndarray) -> np.ndarray:
    """[H, W, 3] of any number of colours, which are three or are shown as grey."""
    found = image if image.shape[-1] == 3 else image.mean(axis=-1, keepdims=True)
    return np.broadcast_to(np.nan_to_num(found, nan=1.0), (*image.shape[:2], 3))


def _first(pictures: xr.DataArray) -> xr.DataArray:
    """Those of the first seed, which are drawn."""
    return pictures.isel(seed=0, missing_dims="ignore")


def _side(dataset: xr.Dataset) -> int:
    return round(dataset.sizes["pixel"] ** 0.5)
