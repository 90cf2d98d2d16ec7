"""NMSE of a sum against the SNR, or the first axis of numbers where the SNR is one, with theory as dotted lines.

The uplink, or else the first axis left, makes the lines; further axes make panels. Lines are means over seeds and bands
their 95 % confidence intervals. What has no error has no line.
"""

from textwrap import fill

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..scenarios.results import remarks
from ._labels import SNR, axis_label, seeds_label, value_label
from ._lines import along, pilots, whole_ticks
from ._look import BOX, COLOURS, DASHES, band, caption, grid, picture
from ._panels import Panels

TITLE = 44  # letters of a line of a panel's title


def plot(dataset: xr.Dataset) -> Figure:
    """The figure of a result."""
    x = abscissa(dataset)
    axes = sorted((name for name in _axes(dataset) if name != x), key=lambda name: name != "uplink")
    if x != SNR:
        dataset = dataset.isel({SNR: 0})
    layout = Panels.of(dataset, axes[1:])
    with picture(*layout.size((5.0, 3.7), above=1.2)) as figure:
        panels = layout.on(figure)
        for at, (panel, chosen) in enumerate(zip(panels, layout.places, strict=True)):
            _lines(panel, dataset.isel(chosen), x, axes[0] if axes else None)
            told = ", ".join(value_label(dataset, name, each) for name, each in chosen.items())
            panel.set_title(fill(told, TITLE), fontsize=8)
            layout.label(at, panel, along(dataset, x), "NMSE of the sum")
        of = None if not axes or axes[0] == "uplink" else axis_label(dataset, axes[0])
        _legend(figure, panels[0], of, bool(np.isfinite(dataset.theory).any()), layout.single)
        hidden = layout.hidden
        told = f"{seeds_label(dataset)}" + (f"; {hidden} more panels are not shown." if hidden else ".")
        caption(figure, told, dataset, axes[:1])
    return figure


def abscissa(dataset: xr.Dataset) -> str:
    """The axis that the error is drawn against."""
    numeric = [name for name in _axes(dataset) if np.issubdtype(dataset[name].dtype, np.number)]
    return SNR if dataset.sizes[SNR] > 1 or not numeric else numeric[0]


def _axes(dataset: xr.Dataset) -> list[str]:
    return [str(name) for name in dataset.nmse.dims if name not in ("seed", SNR)]


def _lines(panel: Axes, dataset: xr.Dataset, x: str, axis: str | None) -> None:
    abscissas = dataset[x].values
    grid(panel)
    panel.set_yscale("log")
    for at in range(dataset.sizes[axis] if axis else 1):
        line = dataset.isel({axis: at}) if axis else dataset
        nmse, theory = (line[name].where(line[name] > 0).transpose("seed", x) for name in ("nmse", "theory"))
        if not bool(nmse.notnull().any()):
            continue
        label = value_label(dataset, axis, at) if axis else None
        marks, more = remarks.marks(line), pilots(line, x)
        here, own = abscissas if more is None else abscissas + more.values, None if marks is None else marks.values
        band(panel, here, nmse.values, at, label, DASHES[at // len(COLOURS) % 3], marks=own)
        if bool(theory.notnull().any()):
            panel.plot(here, theory.mean("seed"), ":", color="black", linewidth=1.0, zorder=3)
    whole_ticks(panel, abscissas)
    if x != SNR and abscissas.min() > 0 and abscissas.max() >= 50 * abscissas.min():
        panel.set_xscale("log")


def _legend(figure: Figure, panel: Axes, title: str | None, theory: bool, single: bool) -> None:
    handles, labels = panel.get_legend_handles_labels()
    if theory:
        handles, labels = [*handles, Line2D([], [], color="black", linestyle=":")], [*labels, "theory"]
    if single and 0 < len(handles) <= len(COLOURS):
        panel.legend(handles, labels, title=title, **BOX)
    elif handles:
        figure.legend(
            handles, labels, title=title, loc="outside upper center", ncols=min(3, len(labels)), frameon=False
        )
