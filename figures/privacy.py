"""Privacy by the channel's noise: epsilon of all rounds against the SNR, and the accuracy beneath.

    overair run privacy --out runs/privacy
    overair figure privacy --curves runs

Where two lines of accuracy coincide and one of them has a small epsilon, privacy is free. What guarantees nothing has
no epsilon, and a line below only.
"""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..scenarios.results import guarantees
from ._choice import ended
from ._kept import kept
from ._labels import SNR, axis_label, plain, seeds_label
from ._legend import legend
from ._lines import lines
from ._look import caption, picture

NAME = "privacy"


def plot(dataset: xr.Dataset) -> Figure:
    """The figure of a result."""
    if SNR not in dataset.dims or "epsilon" not in dataset:
        raise ValueError(f"results: expected epsilon over {SNR}, as those of {NAME}, received none such")
    shown = ended(dataset, [SNR])
    axes = [str(name) for name in shown.accuracy.dims if name not in ("seed", SNR)]
    with picture(5.0, 6.0) as figure:
        panels = [*np.ravel(figure.subplots(2, 1, sharex=True))]
        for panel, name in zip(panels, ("epsilon", "accuracy"), strict=True):
            lines(panel, shown, name, SNR, axes)
            panel.set_ylabel(axis_label(dataset, name))
        panels[0].set_yscale("log")
        panels[0].set_ylabel("Epsilon of all rounds")
        panels[1].set_xlabel(axis_label(dataset, SNR))
        legend(figure, panels[::-1], False)
        told = "; ".join([seeds_label(dataset), *map(plain, guarantees.notes(shown))])
        caption(figure, f"{told}.", dataset, axes)
    return figure


def plot_folder(folder: Path) -> Figure:
    """Draw the figure of the preset, from a folder of curves or runs."""
    return plot(kept(folder, NAME))
