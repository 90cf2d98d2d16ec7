"""The curve of any study: its main measure against the SNR, or what else was swept, with a line for all compared.

Any measure can be drawn against any axis, or over what a training has cost so far, with the axes that are told as lines
and as panels. Lines are means over seeds and bands their 95 % confidence intervals; a seed whose numbers stopped being
finite is left out from there on, and the caption says so. Words are joined by no lines.
"""

from collections.abc import Sequence

import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..scenarios.results import costs, joined, tuned
from ..scenarios.results.ended import ENDED, any_at
from . import _styles, _ticks
from ._choice import Choice, abscissa, choose, ended, measured, names
from ._labels import axis_label, plain, seeds_label
from ._legend import legend
from ._lines import along, is_numeric, lines, x_ticks
from ._look import Picture, caption, fit
from ._panels import MOST_COLUMNS, Panels, titled

__all__ = ["abscissa", "measured", "plot"]

ABOVE = 1.0  # inches for what stands above several panels
BELOW = 0.35  # and below them


def plot(
    dataset: xr.Dataset,
    x: str | None = None,
    y: str | None = None,
    *,
    panel: str | Sequence[str] | None = None,
    lines: str | Sequence[str] | None = None,
    width: float | None = None,
    style: str = "plain",
) -> Figure:
    """The figure of a result, which Matplotlib saves and changes like any other.

    Args:
        dataset: a result, as ``run`` returns it.
        x: an axis or a dimension by name, or what was spent so far: elements, bits, airtime, energy, seconds, joules.
        y: a measure by name; the main one unless given.
        panel: axes by name; with ``lines`` alone all others make panels.
        lines: axes by name; with ``panel`` alone all others are lines.
        width: of the figure, in inches.
        style: plain, ieee (a column of 3.5 inches) or slides.
    """
    look = _styles.checked(style, width)
    chosen = choose(dataset, x, y, names(panel), names(lines))
    with rc_context(look.rc):
        return _drawn(dataset, chosen, width, look)


def _drawn(dataset: xr.Dataset, chosen: Choice, width: float | None, look: _styles.Style) -> Figure:
    shown = ended(dataset, [chosen.x, *chosen.lines, *chosen.panels])
    spent = costs.total(shown, chosen.cost) if chosen.cost else None
    free = width is None and look.grows
    layout = Panels.of(dataset, chosen.panels, MOST_COLUMNS if free else int((width or look.width) // look.panel))
    ratio = look.height / look.width
    size = layout.size((look.width, look.height), ABOVE) if free else layout.within(width or look.width, ratio)
    figure = Picture(*size, look)
    panels = layout.on(figure)
    for at, (panel, place) in enumerate(zip(panels, layout.places, strict=True)):
        here = None if spent is None else spent.isel(place)
        panel.set_yscale(chosen.measure.scale)
        lines(panel, shown.isel(place), chosen.measure.name, chosen.x, chosen.lines, here)
        _scale(panel, dataset, chosen)
        titled(panel, dataset, place, size[0] / layout.columns)
        x = costs.label(shown, chosen.cost) if chosen.cost else along(shown, chosen.x)
        layout.label(at, panel, plain(x), axis_label(dataset, chosen.measure.name))
    above = legend(figure, panels, layout.single)
    below = caption(figure, told(dataset, chosen, layout.hidden), shown, chosen.compared)
    taken = sum(each.get_window_extent().height for each in (above, below) if each) / figure.dpi
    there = 0.0 if not free else BELOW if layout.single else BELOW + ABOVE
    figure.set_figheight(size[1] + max(0.0, taken - there))
    fit(figure)
    return figure


def told(dataset: xr.Dataset, chosen: Choice, hidden: int) -> str:
    """What the lines and bands are."""
    parts, last = [seeds_label(dataset)], costs.rounds(dataset)
    if last in dataset[chosen.measure.name].dims and last not in (chosen.x, *chosen.lines, *chosen.panels):
        parts[0] += f", after {dataset[last].values[-1]:g} {last}s"
    if "stopped_at" in dataset and bool((dataset.stopped_at >= 0).any()):
        parts.append("seeds that diverged are left out")
    if ENDED in any_at(dataset):
        parts.append("a seed's last value is that when its budget of seconds was spent")
    named = [name for name in chosen.lines if not is_numeric(dataset, name)]
    if words := tuned.caption(dataset, next(iter(named), None)):
        parts.append(plain(words))
    if chosen.cost and (lacking := costs.unknown(dataset, chosen.cost)):
        parts.append(f"{' and '.join(lacking)} are not known and not counted")
    if chosen.measure.scale == "log" and bool((dataset[chosen.measure.name] == 0).any()):
        parts.append("what is 0 has no line")
    if fields := joined.between(dataset):
        parts.append(plain(fields))
    if hidden:
        parts.append(f"{hidden} more panels are not shown")
    return "; ".join(parts) + "."


def _scale(panel: Axes, dataset: xr.Dataset, chosen: Choice) -> None:
    """The ticks and the scale of the abscissa."""
    if chosen.cost:
        _ticks.of_costs(panel)
    elif chosen.x != costs.rounds(dataset):
        x_ticks(panel, dataset, chosen.x)
