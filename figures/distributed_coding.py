"""Bits of distributed source coding over the mini-batch of a device, and the errors that come with them.

    overair run distributed_coding --out runs/distributed_coding
    overair figure distributed_coding --curves runs

Means over the rounds of a run and over its seeds, with their 95 % confidence interval as a band. All uplinks quantise
at the same step; where their errors differ, blocks were lost or cosets wrong.
"""

from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from ._kept import kept
from ._labels import axis_label, seeds_label
from ._lines import lines
from ._look import BOX, caption, grid, picture

BATCH, UPLINK = "batch_size", "uplink"


def plot(dataset: xr.Dataset) -> Figure:
    """The bits and the errors of a run."""
    for axis in (BATCH, UPLINK):
        if axis not in dataset.dims:
            raise ValueError(f"distributed_coding: expected several values of {axis}, received one")
    shown = dataset[["bits", "nmse"]].mean("round", keep_attrs=True).assign_attrs(dataset.attrs)
    with picture(7.2, 3.4) as figure:
        for panel, name in zip(figure.subplots(1, 2), ("bits", "nmse"), strict=True):
            lines(panel, shown, name, BATCH, [UPLINK])
            panel.set_xscale("log")
            panel.set_xlabel(axis_label(dataset, BATCH))
            panel.set_ylabel(axis_label(dataset, name))
            panel.set_ylim(bottom=0.0)
            grid(panel)
        panel.legend(**BOX, fontsize=7)
        caption(figure, f"Mean over {int(dataset['round'].max())} rounds, {seeds_label(dataset).lower()}.", dataset)
    return figure


def plot_folder(folder: Path) -> Figure:
    """The figure of the results in a folder."""
    return plot(kept(folder, "distributed_coding"))
