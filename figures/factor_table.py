"""What moves what: a table of log-derivatives, a row for each factor that was doubled, a column for each metric.

    overair run factor_table --out runs/factor_table
    overair figure factor_table --curves runs

A cell is the mean over seeds and its standard error; without one, nothing moved.
"""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..scenarios.results import derivatives as table
from ._kept import kept
from ._look import caption, picture

ACCURACY = 0.8  # that rounds are counted to
HEADINGS = {"loss": "loss", "loss in time": "loss\nin time", "reliability": "reliability"}
STRONG = 0.6  # of the colours' range, from which on letters are white


def plot(dataset: xr.Dataset) -> Figure:
    """The table of a run as a figure."""
    found = table.derivatives(dataset, ACCURACY)
    with picture(7.4, 1.3 + 0.36 * len(found.factors)) as figure:
        panel = figure.subplots()
        panel.imshow(np.nan_to_num(found.mean), cmap="RdBu_r", vmin=-1.5, vmax=1.5, aspect="auto")
        for row, column in np.ndindex(found.mean.shape):
            mean, error = float(found.mean[row, column]), float(found.error[row, column])
            colour = "white" if abs(mean) > 1.5 * STRONG else "black"
            panel.text(column, row, cell(mean, error), ha="center", va="center", fontsize=6.5, color=colour)
        panel.set_xticks(range(len(table.METRICS)), [HEADINGS.get(name, f"${name}$") for name in table.METRICS])
        panel.set_yticks(range(len(found.factors)), found.factors)
        panel.xaxis.tick_top()
        panel.tick_params(length=0)
        told = f"log2 of a metric with the factor doubled over that without; mean of {dataset.sizes['seed']} seeds, "
        caption(figure, f"{told}standard error. 0: nothing moves. $N_T$: rounds to an accuracy of {ACCURACY:g}.")
    return figure


def plot_folder(folder: Path) -> Figure:
    """The table of the result in a folder."""
    return plot(kept(folder, "factor_table"))


def cell(mean: float, error: float) -> str:
    """A value and its standard error."""
    if np.isnan(mean):
        return "not reached"
    return "0" if mean == 0 else f"{mean:+.2f} $\\pm$ {error:.2f}" if np.isfinite(error) else f"{mean:+.2f}"
