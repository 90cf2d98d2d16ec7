"""Figures: from results to pictures, one file a figure."""

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def draw(dataset: "xr.Dataset", path: str | Path) -> None:
    """Draw the figure that belongs to a result into a file; the ending (.png, .pdf, .svg) says which kind."""
    name = "found" if "find" in dataset.attrs else dataset.attrs.get("study", "federated")
    own = importlib.util.find_spec(f"{__name__}.{name}")  # or else the general one
    module = importlib.import_module(f".{name}" if own else ".curve", __name__)
    module.draw(dataset, path)


def plot(dataset: "xr.Dataset", x: str | None = None, y: str | None = None, **options: Any) -> "Figure":
    """The curve of any result as a Matplotlib figure; what can be told is in ``figures.curve.plot``.

    Of a search that is the value that its target needs, unless y is another measure: ``figures.found.plot``.
    """
    from . import curve, found

    if "find" in dataset.attrs and y in (None, "required"):
        return found.plot(dataset, x, **options)
    return curve.plot(dataset, x, y, **options)


def write(figure: "Figure", path: str | Path) -> None:
    """A figure as a file, there whole or not at all; the ending (.png, .pdf, .svg) says which kind."""
    from ._look import write

    write(figure, path)


__all__ = ["draw", "plot", "write"]
