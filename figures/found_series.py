"""What searches found as marks: medians, their intervals and all seeds, of one line or one scheme beside others."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from . import _edges
from ._lines import dash
from ._look import COLOURS, MARKERS, marked
from ._points import INTERVALS

SMALL = 0.55  # a seed's mark, of a median's
Summary = Callable[[np.ndarray], tuple[float, float, float]]


class Row(NamedTuple):
    """The upper or the lower row of panels: values by place, axes and seed, and what is made of the seeds."""

    values: xr.DataArray
    summary: Summary
    edges: _edges.Edges


class Series(NamedTuple):
    """Values [S, X] of a line, or of one scheme."""

    x: np.ndarray
    over_seeds: np.ndarray
    at: int
    """Which one it is, for its look."""
    label: str | None
    shift: float
    """Of all its marks to the right, in points."""


def draw_series(panel: Axes, series: Series, row: Row, spread: float | None) -> None:
    """Medians with their intervals, and the seeds: on these, or beside them over so many points."""
    x, over_seeds, at, label, shift = series
    middle, low, high = np.array([row.summary(seeds) for seeds in over_seeds.T]).T
    look, place = marked(COLOURS[at % len(COLOURS)], MARKERS[at % len(MARKERS)]), _edges.moved(panel, shift)
    ends = [np.clip(each, row.edges.bottom, row.edges.top) for each in (low, high)]
    wide = 2 * look["linewidth"]
    panel.vlines(x, *ends, color=look["color"], alpha=0.35, linewidth=wide, transform=place)
    drawn, dashes = np.where(np.isfinite(middle), middle, np.nan), dash(at) if spread is None else "none"
    (line,) = panel.plot(x, drawn, linestyle=dashes, label=label, transform=place, zorder=3, **look)
    INTERVALS[line] = np.array([low, high])
    small = look | {"markersize": SMALL * look["markersize"], "linestyle": "none", "alpha": 0.6, "markeredgewidth": 0}
    count = len(over_seeds)
    beside = np.zeros(count) if spread is None else spread * (0.3 + 0.7 * np.arange(count) / max(1, count - 1))
    for seeds, more in zip(over_seeds, beside, strict=True):
        finite = np.where(np.isfinite(seeds), seeds, np.nan)
        panel.plot(x, finite, transform=_edges.moved(panel, shift + more), label="_seed", **small)
    row.edges.mark(panel, x, over_seeds, middle, shift, look)
