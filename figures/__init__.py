"""Figures: from results to pictures, one file a figure."""

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def draw(dataset: "xr.Dataset", path: str | Path) -> None:
    """Draw the figure that belongs to a result into a file; the ending (.png, .pdf, .svg) says which kind."""
    name = dataset.attrs.get("study", "federated")
    own = "find" not in dataset.attrs and importlib.util.find_spec(f"{__name__}.{name}")  # or else the general one
    module = importlib.import_module(f".{name}" if own else ".curve", __name__)
    module.draw(dataset, path)


__all__ = ["draw"]
