"""Figures: from results to pictures, one file a figure."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def draw(dataset: "xr.Dataset", path: str | Path) -> None:
    """Draw the figure that belongs to a result into a file; the ending (.png, .pdf, .svg) says which kind."""
    from . import curve, images

    (images if dataset.attrs.get("task") == "images" else curve).draw(dataset, path)


__all__ = ["draw"]
