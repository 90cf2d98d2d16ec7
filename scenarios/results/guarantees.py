"""What an epsilon in a result is and is not of, said below a table and a figure."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from .cells import text
from .remarks import declared
from .variables import told


def notes(dataset: xr.Dataset) -> Iterator[str]:
    """That an epsilon is of single runs, the largest of all, and which choice it does not count."""
    epsilon = declared(dataset, "guarantee")
    if epsilon is None or not bool((known := np.isfinite(epsilon)).any()):
        return
    parts = ["epsilon is of each run alone"]
    if epsilon.sizes.get("seed", 1) > 1 and bool((epsilon.max("seed") > epsilon.min("seed")).any()):
        place = epsilon.where(known, -np.inf).argmax(...)
        where = ", ".join(f"{name} = {text(epsilon[name].values[int(at)].item())}" for name, at in place.items())
        parts.append(f"numbers are means over seeds, and the largest is {float(epsilon.max()):.6g} ({where})")
    for search in ("tune", "find"):
        if search in dataset.attrs:
            parts.append(f"what the choice of {told(dataset.attrs, search)['over']} by {search} tells is not counted")
    yield "; ".join(parts)
