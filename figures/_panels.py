"""Panels beside each other, one for every place on some axes of a result."""

import itertools
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import NamedTuple

import xarray as xr
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._labels import value_label

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

    def rows_on(self, figure: Figure, heights: Sequence[int]) -> list[list[Axes]]:
        """So many panels under each other at each place; all of a kind share their axes."""
        ratios = [*heights] * self.rows
        made = figure.subplots(len(ratios), self.columns, sharex=True, squeeze=False, height_ratios=ratios)
        places = list(itertools.product(range(self.rows), range(self.columns)))
        stacks = [[made[row * len(heights) + at, column] for at in range(len(heights))] for row, column in places]
        for panel in (each for stack in stacks[len(self.places) :] for each in stack):
            panel.set_visible(False)
        for first, *others in zip(*stacks, strict=True):
            for panel in others:
                panel.sharey(first)
                panel.tick_params(labelleft=panel.get_subplotspec().is_first_col())
        return stacks[: len(self.places)]

    def label(self, at: int, panel: Axes, x: str, y: str) -> None:
        """Labels of axes, where no panel stands to the left or below."""
        if at % self.columns == 0:
            panel.set_ylabel(y)
        if at + self.columns >= len(self.places):
            panel.set_xlabel(x)
            panel.tick_params(labelbottom=True)


def titled(panel: Axes, dataset: xr.Dataset, place: Mapping[str, int], inches: float) -> None:
    """A title that says where panels differ, in as many lines as it takes."""
    differ = {name: at for name, at in place.items() if dataset.sizes[name] > 1} or place
    text = ", ".join(value_label(dataset, *each) for each in differ.items())
    letters = inches * 72 / (0.55 * rcParams["axes.titlesize"])
    panel.set_title(fill(text, max(1, int(letters))))
