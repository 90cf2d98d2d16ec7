"""The legend of a figure: inside a single panel where it leaves room for the lines, or above all, as wide as fits."""

from collections.abc import Sequence
from textwrap import fill

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from ._lines import FREE
from ._look import BOX, COLOURS, FULL

MOST_COLUMNS = 4
ROOM = 0.5  # of a figure's width and height, that a legend inside a panel may take


def legend(figure: Figure, panels: Sequence[Axes], single: bool) -> Legend | None:
    """The legend, returned where it stands above the panels; none of a line alone without a word."""
    known = {
        label: handle for panel in panels for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    labels = [label for label in known if label.removesuffix(FREE) == label or label.removesuffix(FREE) not in known]
    handles = [known[label] for label in labels]
    if len(handles) < 2:
        return None
    if single and len(handles) <= len(COLOURS):
        made = panels[0].legend(handles, labels, **BOX)
        inside = made.get_window_extent()
        if inside.width <= ROOM * figure.bbox.width and inside.height <= ROOM * figure.bbox.height:
            return None
        made.remove()
    return _above(figure, handles, labels)


def _above(figure: Figure, handles: list[Artist], labels: list[str]) -> Legend:
    """As many columns as fit; of one column that does not, texts of several lines."""
    room = FULL * figure.bbox.width
    for columns in range(min(MOST_COLUMNS, len(labels)), 0, -1):
        made = _made(figure, handles, labels, columns)
        if made.get_window_extent().width <= room:
            return made
        made.remove()
    letters = max(map(len, labels))
    while (made := _made(figure, handles, labels, 1)).get_window_extent().width > room and letters > 1:
        made.remove()
        letters -= 1
        labels = [fill(label.replace("\n", " "), letters) for label in labels]
    return made


def _made(figure: Figure, handles: list[Artist], labels: list[str], columns: int) -> Legend:
    return figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False)
