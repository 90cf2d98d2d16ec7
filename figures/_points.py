"""Figures as SVG whose points tell their values: over each lies a clear circle that holds them as text.

What is under the mouse is shown by a script of the page; without one the figure is the same.
"""

import io
import re
from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import BlendedAffine2D, BlendedGenericTransform

from ..terminal import printable

MARK = "_mark"  # the label of what only marks points of another line
MOST = 300  # points of a line that tell their values
REACH = 5  # radius of a circle, in points
INTERVALS: WeakKeyDictionary[Line2D, np.ndarray] = WeakKeyDictionary()
"""Ends of the confidence interval of each point of a line, [2, X], where it has one."""


class Point(NamedTuple):
    """Where it lies in the figure, from its left and its top, as shares; and what it tells."""

    left: float
    top: float
    text: str


def svg(figure: Figure) -> str:
    """The element of a figure, with its points; nothing outside it is used."""
    stream = io.StringIO()
    with rc_context({"svg.hashsalt": "overair", "svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn = re.sub(r"<!--.*?-->", "", stream.getvalue(), flags=re.DOTALL)
    drawn = drawn[drawn.index("<svg") : drawn.rindex("</svg>")]
    _, _, width, height = map(float, re.findall(r'viewBox="([^"]+)"', drawn)[0].split())
    circles = "".join(
        f'<circle cx="{width * left:.2f}" cy="{height * top:.2f}" r="{REACH}" data-tells="{escape(text)}"/>'
        for left, top, text in points(figure)
    )
    return f'{drawn}<g class="points">{circles}</g></svg>'


def points(figure: Figure) -> Iterator[Point]:
    """Of all lines of a figure that is drawn."""
    to_shares = figure.transFigure.inverted()
    for panel in (each for each in figure.axes if each.get_visible()):
        for line in sorted(panel.get_lines(), key=_is_named):  # those with a name lie above
            level = isinstance(line.get_transform(), BlendedGenericTransform | BlendedAffine2D)  # not of values
            if line.get_label() != MARK and line.get_visible() and not level:
                at = np.asarray(line.get_xydata(), float).reshape(-1, 2)  # [X, 2]
                dots = line.get_transform().transform(at)
                places, inside = to_shares.transform(dots), panel.patch.contains_points(dots, radius=1.0)
                shown = np.flatnonzero(inside & np.isfinite(places).all(axis=1))
                for each in shown[:: -(-len(shown) // MOST) or 1]:
                    yield Point(*(places[each, 0], 1 - places[each, 1]), _text(panel, line, at[each], int(each)))


def _is_named(line: Line2D) -> bool:
    return not str(line.get_label()).startswith("_")


def _text(panel: Axes, line: Line2D, at: np.ndarray, place: int) -> str:
    """Of which line a point is, and its values with their axes, each in a line of its own."""
    label, ends = str(line.get_label()), INTERVALS.get(line)
    x, y = (_axis(panel, name) for name in "xy")
    there = ends is not None and bool(np.isfinite(ends[:, place]).all())
    more = f" ({ends[0, place]:.4g} to {ends[1, place]:.4g})" if ends is not None and there else ""
    told = [
        label if _is_named(line) else "",
        panel.get_title(),
        f"{x or 'x'}: {_word(panel, at[0]) or f'{at[0]:.6g}'}",
        f"{y or 'y'}: {at[1]:.4g}{more}",
    ]
    return "\n".join(_plain(each) for each in told if each)


def _axis(panel: Axes, name: str) -> str:
    """The label of an axis, which panels share."""
    beside: Any = getattr(panel, f"get_shared_{name}_axes")().get_siblings(panel)
    of_figure = [each for each in panel.get_figure(root=True).axes if each in beside]  # type: ignore[union-attr]
    labels = [getattr(each, f"get_{name}label")() for each in (panel, *of_figure)]
    return next((label for label in labels if label), "")


def _word(panel: Axes, x: float) -> str:
    """The label of a tick that stands for a word."""
    ticks, labels = panel.get_xticks(), [label.get_text() for label in panel.get_xticklabels()]
    found = next((text for tick, text in zip(ticks, labels, strict=False) if tick == x), "")
    return found if any(letter.isalpha() for letter in found) else ""


def _plain(text: str) -> str:
    """In one line, without the signs that keep a text from being a formula."""
    return printable(" ".join(text.split())).replace(r"\$", "$")
