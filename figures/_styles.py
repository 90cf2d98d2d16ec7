"""Styles of figures: letters, lines and marks as they are read, on paper in two columns or on a slide."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..scenarios.reading.errors import ScenarioError, one_of

WIDEST = 50.0  # inches
EVERY: Mapping[str, Any] = {"axes.axisbelow": True, "pdf.fonttype": 42}  # TrueType; publishers refuse type 3


class Style(NamedTuple):
    """How a figure looks, and how wide and high one panel of it is unless told, in inches."""

    rc: Any
    width: float
    height: float
    panel: float
    """Width that a panel needs where there are several."""
    grows: bool = False
    """Whether a figure of several panels is wider, where no width is told."""


PLAIN = Style(
    {
        **EVERY, "font.size": 8, "axes.labelsize": 9, "legend.fontsize": 8, "axes.titlesize": 8, "axes.linewidth": 0.6,
        "figure.labelsize": 6.5, "lines.linewidth": 1.3, "lines.markersize": 4,
    },
    width=5.0, height=3.5, panel=2.4, grows=True,
)  # fmt: skip
STYLES = {
    "plain": PLAIN,
    "ieee": Style(
        {
            **EVERY, "font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 8, "axes.labelsize": 8,
            "legend.fontsize": 7, "axes.titlesize": 8, "axes.linewidth": 0.5, "figure.labelsize": 7,
            "lines.linewidth": 1.0, "lines.markersize": 3.5, "legend.borderpad": 0.3, "legend.labelspacing": 0.3,
        },
        width=3.5, height=2.5, panel=1.7,
    ),
    "slides": Style(
        {
            **EVERY, "font.size": 18, "axes.labelsize": 20, "legend.fontsize": 17, "axes.titlesize": 18,
            "axes.linewidth": 1.2, "figure.labelsize": 12, "lines.linewidth": 3.0, "lines.markersize": 10,
        },
        width=10.0, height=6.0, panel=5.0,
    ),
}  # fmt: skip


def checked(name: str, width: float | None) -> Style:
    """A style by its name, in which a figure can be so many inches wide; ScenarioError where there is none."""
    if name not in STYLES:
        raise ScenarioError(f"style: expected {one_of(STYLES)}, received {name}")
    least = STYLES[name].panel
    if width is not None and not least <= width <= WIDEST:
        raise ScenarioError(f"width: expected from {least:g} to {WIDEST:g} inches in style {name}, received {width:g}")
    return STYLES[name]
