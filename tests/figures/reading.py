"""What stands on a panel, as numbers."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D


def points(line: Line2D) -> np.ndarray:
    """Abscissas and values, [2, N]."""
    return np.array([np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)])


def lines(panel: Axes) -> list[Line2D]:
    """Those with points, but for upright ones that only mark a place."""
    return [line for line in panel.get_lines() if len(points(line)[0]) and line.get_transform() == panel.transData]


def reach(panel: Axes, place: int) -> np.ndarray:
    """The lower and the upper edge of a band above each abscissa, [2, N]."""
    x, y = np.asarray(panel.collections[place].get_paths()[0].vertices).T
    return np.array([[y[x == at].min(), y[x == at].max()] for at in np.unique(x)]).T


def legend(panel: Axes) -> list[str]:
    """Its texts, from the top."""
    shown = panel.get_legend()
    assert shown is not None
    return [text.get_text() for text in shown.get_texts()]
