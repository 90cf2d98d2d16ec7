"""What was chosen for each point on validation data, in words: for the caption of a figure and below a table."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from .variables import told

MOST_WORDS = 8  # points of which each is named in a caption


def notes(dataset: xr.Dataset) -> Iterator[str]:
    """A warning where the best of the values tried was the first or the last: a better one may lie beyond."""
    if "tune" not in dataset.attrs:
        return
    said, chosen = told(dataset.attrs, "tune"), _chosen(dataset)
    tried = [float(value) for value in said["values"].split(", ")]
    known = chosen.values[np.isfinite(chosen.values)]
    ends = int((np.isclose(known, tried[0]) | np.isclose(known, tried[-1])).sum())
    if ends:
        yield (
            f"{said['over']} is the least or the largest of the values tried at {ends} of {known.size} points; "
            f"a better one may lie beyond: widen tune.values ({said['values']})"
        )


def caption(dataset: xr.Dataset, axis: str | None) -> str:
    """Which values were chosen, for each value of an axis, that of lines, where there is one; nothing untuned."""
    if "tune" not in dataset.attrs:
        return ""
    said, chosen = told(dataset.attrs, "tune"), _chosen(dataset)
    if axis in chosen.dims and chosen.sizes[axis] <= MOST_WORDS:
        each = [f"{label} {_range(chosen.sel({axis: label}))}" for label in chosen[axis].values.tolist()]
    else:
        each = [_range(chosen)]
    between = "; " if any("," in part for part in each) else ", "  # labels may hold commas
    return f"{said['over']} chosen for each point on validation data: {between.join(each)}"


def _chosen(dataset: xr.Dataset) -> xr.DataArray:
    return dataset["tuned"].max("seed")  # one for all seeds


def _range(values: xr.DataArray) -> str:
    known = values.values[np.isfinite(values.values)]
    if not known.size:
        return "none"
    low, high = known.min(), known.max()
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
