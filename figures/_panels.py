"""Panels beside each other, one for every place on some axes of a result."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

MOST_PANELS = 9
MOST_COLUMNS = 3
HIGH = 0.9  # of several panels, labels included, over their width


class Panels(NamedTuple):
    """One for every place on some axes, as far as a page holds them."""

    places: list[dict[str, int]]
    hidden: int
    """Places without a panel."""
    most: int = MOST_COLUMNS

    @staticmethod
    def of(dataset: xr.Dataset, axes: Sequence[str], most: int = MOST_COLUMNS) -> "Panels":
        every = itertools.product(*(range(dataset.sizes[name]) for name in axes))
        places = [dict(zip(axes, place, strict=True)) for place in every]
        return Panels(places[:MOST_PANELS], len(places[MOST_PANELS:]), most)

    @property
    def columns(self) -> int:
        return max(1, min(2 if len(self.places) in (2, 4) else MOST_COLUMNS, len(self.places), self.most))

    @property
    def rows(self) -> int:
        return -(-len(self.places) // self.columns)

    @property
    def single(self) -> bool:
        return len(self.places) == 1

    def size(self, single: tuple[float, float], above: float) -> tuple[float, float]:
        """Of the picture, in inches: of one panel, or with so much above several for the legend."""
        return single if self.single else (1.0 + 2.4 * self.columns, above + 2.1 * self.rows)

    def within(self, width: float, ratio: float) -> tuple[float, float]:
        """Of a picture of this width: of one panel so much higher than wide, or of several with their labels."""
        return width, (ratio * width if self.single else self.rows * HIGH * width / self.columns)

    def on(self, figure: Figure) -> list[Axes]:
        """The panels, which share their axes."""
        made: list[Axes] = list(
            figure.subplots(self.rows, self.columns, sharex=True, sharey=True, squeeze=False).ravel()
        )
        for panel in made[len(self.places) :]:
            panel.set_visible(False)
        return made[: len(self.places)]

    def label(self, at: int, panel: Axes, x: str, y: str) -> None:
        """Labels of axes, where no panel stands to the left or below."""
        if at % self.columns == 0:
            panel.set_ylabel(y)
        if at + self.columns >= len(self.places):
            panel.set_xlabel(x)
            panel.tick_params(labelbottom=True)
