"""How figures look: colours, marks and dashes, the picture and its caption, and the lines that all figures draw."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..scenarios import durable
from ..scenarios.results import remarks

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F"]  # Okabe and Ito
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
DASHES = ["-", "--", "-.", ":"]
STYLE: Any = {
    "font.size": 8, "axes.labelsize": 9, "legend.fontsize": 8, "axes.axisbelow": True, "axes.linewidth": 0.6,
    "pdf.fonttype": 42,  # TrueType; publishers refuse type 3
}  # fmt: skip
MARKS = {remarks.SILENT: "open marks", remarks.LOST: "crosses"}  # where a rival is hardly heard
LETTERS = 21  # of a caption on an inch
BOX: Any = {"framealpha": 0.85, "edgecolor": "0.8"}  # of a legend inside a panel
Line = tuple[list[float], list[float]]  # one from elsewhere: its abscissas and values


@contextmanager
def picture(path: str | Path, width: float, height: float, dpi: int = 300) -> Iterator[Figure]:
    """A figure of so many inches, written once it is drawn; the file's ending (.png, .pdf, .svg) says which kind."""
    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        stream = io.BytesIO()
        figure.savefig(stream, format=Path(path).suffix[1:] or None, dpi=dpi)
        durable.write(Path(path), stream.getvalue())


def caption(figure: Figure, text: str, dataset: xr.Dataset | None = None) -> None:
    """What is drawn, below all panels, and what is said beside a result."""
    width = int(LETTERS * figure.get_figwidth())
    if dataset is not None:
        drawn = [f"{MARKS[mark]}: {why}" for mark, why in remarks.why(dataset).items()]
        text = "\n".join([text, *(f"{line[:1].upper()}{line[1:]}." for line in (*drawn, *remarks.free(dataset)))])
    figure.supxlabel("\n".join(fill(line, width) for line in text.splitlines()), fontsize=6.5, color="0.35")


def grid(panel: Axes) -> None:
    panel.grid(True, linewidth=0.4, color="0.85")


def marked(colour: str, marker: str) -> dict[str, Any]:
    """The look of a line with a mark at every point."""
    return {"color": colour, "marker": marker, "markersize": 3.5, "linewidth": 1.2}


def band(
    panel: Axes,
    x: np.ndarray,
    over_seeds: np.ndarray,
    place: int,
    label: str | None,
    dash: str = "-",
    middle: np.ndarray | None = None,
    marks: np.ndarray | None = None,
) -> None:
    """The line of means [X] of values [S, X], and the band from the lowest to the highest; NaN is left out.

    ``middle``: what is drawn in place of means, with a band where it is finite. Without a dash, marks with bars.
    ``marks`` [X] say where a rival is hardly heard.
    """
    values = np.ma.masked_invalid(over_seeds)
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    low, high = values.min(axis=0).filled(np.nan), values.max(axis=0).filled(np.nan)
    means = values.mean(axis=0).filled(np.nan) if middle is None else np.where(np.isfinite(middle), middle, np.nan)
    low, high = (np.where(np.isnan(means), np.nan, end) for end in (low, high))
    if dash:
        panel.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    else:
        panel.vlines(x, low, high, color=colour, alpha=0.4, linewidth=2.5)
    every, look = max(1, len(x) // 10) if dash else 1, marked(colour, marker) | {"markersize": 4, "linewidth": 1.3}
    panel.plot(x, means, linestyle=dash or "none", markevery=every, label=label, **look)
    if marks is not None:
        _mark(panel, x[::every], means[::every], marks[::every], look)


def over_rounds(panel: Axes, run: xr.Dataset, place: int, label: str | None, dash: str = "-") -> None:
    """Accuracies of a run's seeds over its rounds."""
    found = remarks.marks(run)
    marks = None if found is None else found.values
    band(panel, run["round"].values, run.accuracy.transpose("seed", "round").values, place, label, dash, marks=marks)


def _mark(panel: Axes, x: np.ndarray, y: np.ndarray, marks: np.ndarray, look: dict[str, Any]) -> None:
    """Open marks and crosses over those of a line."""
    looks: dict[str, dict[str, Any]] = {
        remarks.SILENT: look | {"markerfacecolor": "white"},
        remarks.LOST: look | {"marker": "x", "color": "black", "markersize": 6},
    }
    for mark, own in looks.items():
        if (there := marks == mark).any():
            panel.plot(x[there], y[there], **own | {"linestyle": "none", "zorder": 3})
