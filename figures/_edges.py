"""The upper and lower edges of a panel of what searches found, at which seeds stand that have no finite value."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation, Transform

from ._labels import plain, settings
from ._points import MARK

MARGIN = 0.08  # of the span of finite values, above and below them
STRIP = 0.2  # of it, for those that are infinite


class Edges(NamedTuple):
    """Where finite values end and strips begin, and where these end; the same number where there is no strip."""

    bottom: float
    low: float
    high: float
    top: float

    def show(self, panel: Axes) -> None:
        """The limits of a panel, and the lines that part strips from it."""
        panel.set_ylim(self.bottom, self.top)
        for end, strip in ((self.low, self.low > self.bottom), (self.high, self.high < self.top)):
            if strip:
                panel.axhline(end, color="0.5", linewidth=0.6, linestyle=(0, (1, 2)))
        ticks = panel.yaxis.get_major_locator().tick_values(self.low, self.high)
        panel.set_yticks([tick for tick in ticks if self.low <= tick <= self.high])

    def mark(
        self, panel: Axes, x: np.ndarray, over_seeds: np.ndarray, middle: np.ndarray, shift: float, look: dict[str, Any]
    ) -> None:
        """Open marks in the strips, large where the median is there, and how many seeds of [S, X] are."""
        for end, y in ((-np.inf, (self.bottom + self.low) / 2), (np.inf, (self.top + self.high) / 2)):
            counts = (over_seeds == end).sum(axis=0)
            for at in np.flatnonzero(counts):
                large = middle[at] == end
                own = look | {"markerfacecolor": "white", "markersize": look["markersize"] * (1.0 if large else 0.7)}
                panel.plot(x[at], y, transform=moved(panel, shift), label=MARK, **own | {"linestyle": "none"})
                panel.annotate(
                    f"{counts[at]}", (x[at], y), (shift + 0.8 * look["markersize"], 0), textcoords="offset points",
                    va="center", color=look["color"], fontsize=0.8 * rcParams["font.size"],
                )  # fmt: skip


def of(values: xr.DataArray, *within: float) -> Edges:
    """Around all that is finite, and what else is to be within."""
    finite = np.append(values.values[np.isfinite(values.values)], within)
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    span = (most - least) or max(1.0, 0.1 * abs(most))
    low, high = least - MARGIN * span, most + MARGIN * span
    strips = [STRIP * span * bool(np.any(values.values == end)) for end in (-np.inf, np.inf)]
    return Edges(low - strips[0], low, high, high + strips[1])


def moved(panel: Axes, points: float) -> Transform:
    """Where values stand, some points to the right."""
    figure = panel.get_figure(root=True)
    assert figure is not None
    return panel.transData + ScaledTranslation(points / 72, 0, figure.dpi_scale_trans)


def words(over: str, dataset: xr.Dataset) -> Mapping[float, str]:
    """What stands at each edge."""
    find = settings(dataset).get("find", {}) if "scenario" in dataset.attrs else {}
    least, most = (f" ({name} {find[name]:g})" if name in find else "" for name in ("low", "high"))
    return {
        np.inf: plain(f"open marks above: seeds for which the largest {over}{most} is not enough, and how many"),
        -np.inf: plain(f"open marks below: seeds for which the least {over}{least} is enough, and how many"),
    }
