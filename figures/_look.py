"""How figures look: colours, marks and dashes, the picture and its caption, and the lines that all figures draw."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from .. import durable
from ..scenarios.results import fairness, intervals, remarks
from ._labels import plain
from ._points import INTERVALS, MARK, svg
from ._styles import PLAIN, Style

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F"]  # Okabe and Ito
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
DASHES = ["-", "--", "-.", ":"]
MARKS = {remarks.SILENT: "open marks", remarks.LOST: "crosses"}  # where a rival is hardly heard
DPI = 300
FULL = 0.97  # of a figure's width, for what is written across it
BOX: Any = {"framealpha": 0.85, "edgecolor": "0.8"}  # of a legend inside a panel
Line = tuple[list[float], list[float]]  # one from elsewhere: its abscissas and values


class Picture(Figure):
    """A figure that is written, and shown in a notebook, as it was drawn: letters and fonts are its own."""

    def __init__(self, width: float, height: float, style: Style = PLAIN) -> None:
        super().__init__(figsize=(width, height), dpi=DPI, layout="constrained")
        self.rc: Any = style.rc
        FigureCanvasAgg(self)  # by which texts are measured

    def savefig(self, *arguments: Any, **options: Any) -> None:
        with rc_context(self.rc):
            super().savefig(*arguments, **options)

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=150)
        return stream.getvalue()


@contextmanager
def picture(width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches, laid out once it is drawn."""
    with rc_context(PLAIN.rc):
        figure = Picture(width, height)
        yield figure
        fit(figure)


def write(figure: Figure, path: str | Path, dpi: int = DPI) -> None:
    """A figure as a file, there whole or not at all; as .html, what stands in a page and tells its values there."""
    if Path(path).suffix == ".html":
        durable.write(Path(path), svg(figure).encode())
        return
    stream = io.BytesIO()
    figure.savefig(stream, format=Path(path).suffix[1:] or None, dpi=dpi)
    durable.write(Path(path), stream.getvalue())


def caption(
    figure: Figure, text: str, dataset: xr.Dataset | None = None, compared: Sequence[str] = (), fair: str = ""
) -> Text:
    """What is drawn, below all panels, and what is said beside a result; in lines that fit the figure.

    ``compared``: axes whose places stand beside each other, of which it says whether they were given the same;
    ``fair``: that sentence of several results.
    """
    if dataset is not None:
        drawn = [f"{MARKS[mark]}: {why}" for mark, why in remarks.why(dataset).items()]
        fair = fair or fairness.line(dataset, compared)
        text = "\n".join([text, *(f"{line[:1].upper()}{line[1:]}." for line in (*drawn, *remarks.free(dataset)))])
    text = "\n".join([text, *map(plain, fair.splitlines())])
    below = figure.supxlabel(text, color="0.35")
    wrap(below, FULL * figure.bbox.width)
    return below


def uncaptioned(figure: Figure) -> str:
    """Takes the caption out of a figure, and the height that it had; what it said, nothing where there is none."""
    if not (told := figure.get_supxlabel()):
        return ""
    below = next(each for each in figure.texts if each.get_text() == told)
    figure.set_figheight(figure.get_figheight() - below.get_window_extent().height / figure.dpi)
    below.set_text("")
    return told


def fit(figure: Figure) -> None:
    """Lays a figure out, and breaks titles and labels of axes that are longer than their panel."""
    figure.draw_without_rendering()
    for panel in (each for each in figure.axes if each.get_visible()):
        extent = panel.get_window_extent()
        wrap(panel.yaxis.label, extent.height, upright=True)
        wrap(panel.xaxis.label, extent.width)
        wrap(panel.title, extent.width)


def wrap(text: Text, room: float, upright: bool = False) -> None:
    """Breaks the lines of a text so that none is longer than there is room, in dots, as it is measured."""
    lines = text.get_text().splitlines()
    letters = max(map(len, lines), default=0)
    while (wide := _long(text, upright)) > room and letters > 1:
        letters = max(1, min(letters - 1, int(letters * room / wide)))
        text.set_text("\n".join(fill(line, letters) for line in lines))


def _long(text: Text, upright: bool) -> float:
    extent = text.get_window_extent()
    return float(extent.height if upright else extent.width)


def grid(panel: Axes) -> None:
    panel.grid(True, linewidth=0.4, color="0.85")


def marked(colour: str, marker: str) -> dict[str, Any]:
    """The look of a line with a mark at every point."""
    size, width = rcParams["lines.markersize"], rcParams["lines.linewidth"]
    return {"color": colour, "marker": marker, "markersize": size, "linewidth": width}


def means(over_seeds: np.ndarray) -> np.ndarray:
    """The mean of values [S, X] and the ends of its 95 % confidence interval, [3, X]; NaN is left out."""
    middle = np.ma.masked_invalid(over_seeds).mean(axis=0).filled(np.nan)
    half = intervals.half_width(over_seeds.T)
    return np.array([middle, middle - half, middle + half])


def band(
    panel: Axes,
    x: np.ndarray,
    over_seeds: np.ndarray,
    place: int,
    label: str | None,
    dash: str = "-",
    marks: np.ndarray | None = None,
) -> None:
    """The line of means [X] of values [S, X] and the band of its confidence interval.

    Without a dash, marks with bars. ``marks`` [X] say where a rival is hardly heard.
    """
    middle, low, high = means(over_seeds)
    if panel.get_yscale() == "log":
        middle = np.where(middle > 0, middle, np.nan)
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    look = marked(colour, marker)
    reach = panel.dataLim.frozen()
    if dash:
        panel.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    else:
        panel.vlines(x, low, high, color=colour, alpha=0.4, linewidth=2 * look["linewidth"])
    panel.dataLim.set(reach)  # the axis holds all seeds; intervals of few may run out of it
    there = np.isfinite(over_seeds) & np.isfinite(middle)
    panel.update_datalim(np.stack([np.broadcast_to(x, there.shape)[there], over_seeds[there]], axis=1))
    every = max(1, len(x) // 10) if dash else 1
    (line,) = panel.plot(x, middle, linestyle=dash or "none", markevery=every, label=label, **look)
    INTERVALS[line] = np.array([low, high])
    if marks is not None:
        _mark(panel, x[::every], middle[::every], marks[::every], look)


def over_rounds(panel: Axes, run: xr.Dataset, place: int, label: str | None, dash: str = "-") -> None:
    """Accuracies of a run's seeds over its rounds."""
    found = remarks.marks(run)
    marks = None if found is None else found.values
    band(panel, run["round"].values, run.accuracy.transpose("seed", "round").values, place, label, dash, marks=marks)


def _mark(panel: Axes, x: np.ndarray, y: np.ndarray, marks: np.ndarray, look: dict[str, Any]) -> None:
    """Open marks and crosses over those of a line."""
    looks: dict[str, dict[str, Any]] = {
        remarks.SILENT: look | {"markerfacecolor": "white"},
        remarks.LOST: look | {"marker": "x", "color": "black", "markersize": 1.5 * look["markersize"]},
    }
    for mark, own in looks.items():
        if (there := marks == mark).any():
            panel.plot(x[there], y[there], label=MARK, **own | {"linestyle": "none", "zorder": 3})
