"""Figures: from results to pictures, one file a figure."""

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def draw(dataset: "xr.Dataset", path: str | Path) -> None:
    """Draw the figure that belongs to a result into a file; the ending (.png, .pdf, .svg) says which kind."""
    name = "found" if "find" in dataset.attrs else dataset.attrs.get("study", "federated")
    own = importlib.util.find_spec(f"{__name__}.{name}")  # or else the general one
    module = importlib.import_module(f".{name}" if own else ".curve", __name__)
    module.draw(dataset, path)


def plot(
    dataset: "xr.Dataset",
    x: str | None = None,
    y: str | None = None,
    *,
    panel: str | Sequence[str] | None = None,
    lines: str | Sequence[str] | None = None,
    against: str | None = None,
    width: float | None = None,
    style: str = "plain",
) -> "Figure":
    """The curve of any result as a Matplotlib figure, which Matplotlib saves and changes like any other.

    Of a search it is that of the value that its target needs, unless y is another measure.

    Args:
        dataset: a result, as ``run`` returns it or ``load`` reads it.
        x: an axis or a dimension by name, or what was spent so far: elements, bits, airtime, energy, seconds, joules.
        y: a measure by name; the main one unless given.
        panel: axes by name that make panels; with ``panel`` alone all others make lines.
        lines: axes by name that make lines; with ``lines`` alone all others make panels.
        against: of a search, to what differences are drawn; the first of what is compared unless given.
        width: of the figure, in inches.
        style: plain, ieee (a column of 3.5 inches) or slides.

    >>> import overair
    >>> from overair.scenarios import run
    >>> dataset = run({"study": "diversity", "links": 50, "senders": [1, 5], "bandwidth": [1e6, 1e7], "seeds": [0]})
    >>> figure = overair.plot(dataset, x="bandwidth", style="ieee")
    >>> figure.get_size_inches()[0].item()
    3.5
    """
    import xarray as xr

    from ..scenarios.reading.errors import ScenarioError
    from . import curve, found

    if not isinstance(dataset, xr.Dataset):
        raise ScenarioError(
            f"dataset: expected one result, as run or overair.load gives it, received {type(dataset).__name__}"
        )
    if "find" in dataset.attrs and y in (None, "required"):
        return found.plot(dataset, x, panel=panel, lines=lines, against=against, width=width, style=style)
    if against is not None:
        expected = "none, as only what a search needs has differences"
        raise ScenarioError(f"against: expected {expected}, received {against}; overair show --against prints others")
    return curve.plot(dataset, x, y, panel=panel, lines=lines, width=width, style=style)


def write(figure: "Figure", path: str | Path) -> None:
    """A figure as a file, there whole or not at all; the ending (.png, .pdf, .svg) says which kind."""
    from ._look import write

    write(figure, path)


__all__ = ["draw", "plot", "write"]
