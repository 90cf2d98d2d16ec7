"""What a search found: the value that a target needs, and beneath it the differences to one scheme, seed by seed.

Large marks are medians over seeds, bars their 95 % confidence intervals by ranks, small marks the seeds.
Those for which the largest value is not enough stand at the upper edge, with their number, those for which the least is
enough at the lower one. One axis of numbers is the abscissa, and the schemes are lines; without one they stand beside
each other.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..scenarios.results import intervals, tables, tuned
from ..scenarios.results.joined import AXIS, between, lacks, most_seeds, own, seeds
from ..scenarios.results.tables import Against
from ..scenarios.results.variables import told as said
from . import _edges, _styles, _ticks
from ._choice import Choice, choose, names
from ._labels import axis_label, plain, value_label
from ._legend import legend
from ._lines import abscissas, along, is_numeric, there, x_ticks
from ._look import Picture, caption, fit, grid
from ._panels import MOST_COLUMNS, Panels, titled
from .found_series import Row, Series, draw_series

RATIO = (3, 2)  # of the heights of what is needed and of the differences
TALLER = 1.45  # than a panel alone
ENOUGH = 6  # seeds, for the interval of a median
APART = 8.0  # points between lines
FREE = 0.45  # of a scheme's room, to the right of its median, that its seeds take


def plot(
    dataset: xr.Dataset,
    x: str | None = None,
    *,
    panel: str | Sequence[str] | None = None,
    lines: str | Sequence[str] | None = None,
    against: str | None = None,
    width: float | None = None,
    style: str = "plain",
) -> Figure:
    """The figure of a search; ``against``: to what differences are taken, the first of what is compared unless told."""
    look = _styles.checked(style, width)
    chosen = choose(dataset, x, "required", names(panel), names(lines))
    with rc_context(look.rc):
        return _drawn(dataset, chosen, _reference(dataset, chosen, against), width, look)


def _drawn(
    dataset: xr.Dataset, chosen: Choice, reference: Against | None, width: float | None, look: _styles.Style
) -> Figure:
    free = width is None and look.grows
    layout = Panels.of(dataset, chosen.panels, MOST_COLUMNS if free else int((width or look.width) // look.panel))
    ratio = TALLER * look.height / look.width
    size = layout.size((look.width, TALLER * look.height), 1.0) if free else layout.within(width or look.width, ratio)
    size = size if layout.single else (size[0], TALLER * size[1])
    figure, rows = Picture(*size, look), _rows(dataset, reference)
    panels = layout.rows_on(figure, RATIO[: len(rows)])
    for at, (stack, place) in enumerate(zip(panels, layout.places, strict=True)):
        for panel, row in zip(stack, rows, strict=True):
            _row(panel, row, dataset, chosen, place, None if row is rows[0] else reference)
        titled(stack[0], dataset, place, size[0] / layout.columns)
        x_ticks(stack[-1], dataset, chosen.x)
        if is_numeric(dataset, chosen.x):
            _ticks.around(stack[-1], dataset[chosen.x].values)
        else:
            _ticks.wrap(stack[-1])
        layout.label(at, stack[-1], plain(along(dataset, chosen.x)), "")
        if at % layout.columns == 0:
            for panel, name in zip(stack, _names(dataset, reference), strict=False):
                panel.set_ylabel(name)
    above = legend(figure, [stack[0] for stack in panels], single=False)
    below = caption(figure, _told(dataset, chosen, reference, rows), dataset, _compared(chosen))
    taken = sum(each.get_window_extent().height for each in (above, below) if each) / figure.dpi
    figure.set_figheight(size[1] + max(0.0, taken - (0.35 if free else 0.0)))
    fit(figure)
    return figure


def _reference(dataset: xr.Dataset, chosen: Choice, against: str | None) -> Against | None:
    """What differences are taken to: as told, or the first of what is compared that has any, if one does."""
    if against is not None:
        return tables.against(dataset, against)
    axes = (name for name in _compared(chosen) if dataset.sizes.get(name, 1) > 1)
    firsts = (Against(name, dataset[name].values[0].item()) for name in axes)
    return next((first for first in firsts if _differs(dataset, first)), None)


def _differs(dataset: xr.Dataset, reference: Against) -> bool:
    """Whether a difference to it is known, as runs may share no place besides their axis."""
    others = dataset[reference.axis] != reference.label
    at_all = dataset.required.notnull() & dataset.required.sel({reference.axis: reference.label}).notnull()
    return bool((at_all & others).any())


def _compared(chosen: Choice) -> list[str]:
    return chosen.lines or [chosen.x]


def _rows(dataset: xr.Dataset, reference: Against | None) -> list[Row]:
    needed = dataset[["required"]]
    rows = [Row(needed.required, intervals.median, _edges.of(needed.required))]
    if reference is not None:
        more = intervals.differences(needed, *reference).required
        rows.append(Row(more, intervals.paired, _edges.of(more, 0.0)))
    return rows


def _row(
    panel: Axes, row: Row, dataset: xr.Dataset, chosen: Choice, place: dict[str, int], left_out: Against | None
) -> None:
    """A scheme's line, or its marks beside those of others, with all seeds."""
    grid(panel)
    row.edges.show(panel)
    if left_out:
        panel.axhline(0.0, color="0.3", linewidth=0.8)
    here, where = row.values.isel(place), abscissas(dataset, chosen.x)
    places = [tuple(each.values()) for each in there(dataset, chosen.lines)]
    joined, room = is_numeric(dataset, chosen.x), FREE * _ticks.width(panel) * 72 / len(where)
    apart = APART if joined else room * 2 / max(1, len(places))
    for line, each in enumerate(places):
        one = dict(zip(chosen.lines, each, strict=True))
        if lacks(dataset, place | one):
            continue
        each_seed = here.isel(one)
        each_seed = each_seed if chosen.x in each_seed.dims else each_seed.expand_dims(chosen.x)
        values = each_seed.transpose("seed", chosen.x).values
        has = np.flatnonzero(own(dataset, place | one, chosen.x))
        label = ", ".join(value_label(dataset, name, at) for name, at in one.items()) or None
        shift = apart * (line - (len(places) - 1) / 2)
        for part in [has] if joined else has[:, None]:
            at = {} if joined else {chosen.x: int(part[0])}
            if not _is_reference(dataset, left_out, one | at):
                number = line if chosen.lines else at.get(chosen.x, 0)
                series = Series(where[part], values[:, part], number, label, shift)
                draw_series(panel, series, row, None if joined else room / len(places))


def _is_reference(dataset: xr.Dataset, reference: Against | None, at: Mapping[str, int]) -> bool:
    if reference is None or reference.axis not in at:
        return False
    return bool(dataset[reference.axis].values[at[reference.axis]] == reference.label)


def _names(dataset: xr.Dataset, reference: Against | None) -> list[str]:
    """Of the axes."""
    unit = said(dataset.attrs, "find")["unit"]
    unit = "" if unit == "1" else f" ({unit})"
    label = axis_label(dataset, "required")
    if reference is None:
        return [label]
    place = dataset[reference.axis].values.tolist().index(reference.label)
    return [label, f"More than {value_label(dataset, reference.axis, place)}{unit}"]


def _told(dataset: xr.Dataset, chosen: Choice, reference: Against | None, rows: list[Row]) -> str:
    count = most_seeds(dataset)
    interval = "bars: 95 % confidence intervals by ranks" if count >= ENOUGH else "too few for a confidence interval"
    parts = [f"Median of {plain(seeds(dataset))}, {interval}; small: seeds" if count > 1 else "One seed"]
    if reference is not None:
        same = ", each on the same links" * (reference.axis != AXIS)
        parts.append(f"below: differences seed by seed{same}" if count > 1 else "below: differences")
    ends = _edges.words(said(dataset.attrs, "find")["over"], dataset)
    parts += [ends[end] for end in ends if bool((rows[0].values == end).any())]
    if reference is not None and (unknown := _unknown(dataset, rows[1].values, reference)):
        parts.append(f"differences of seeds for which neither is known ({unknown}) count at both ends of intervals")
    named = next((name for name in _compared(chosen) if not is_numeric(dataset, name)), None)
    if words := tuned.caption(dataset, named):
        parts.append(plain(words))
    if fields := between(dataset):
        parts.append(plain(fields))
    return "; ".join(parts) + "."


def _unknown(dataset: xr.Dataset, differences: xr.DataArray, reference: Against) -> int:
    others = differences[reference.axis] != reference.label
    return int((differences.isnull() & np.isinf(dataset.required) & others).sum())
