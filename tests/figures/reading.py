"""What stands on a panel, as numbers."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from scipy import stats


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


def interval(over_seeds: np.ndarray) -> np.ndarray:
    """Both ends of the 95 % confidence interval of the mean of values [S, X], as textbooks have it, [2, X]."""
    count = len(over_seeds)
    half = stats.t.ppf(0.975, count - 1) * over_seeds.std(axis=0, ddof=1) / np.sqrt(count)
    return over_seeds.mean(axis=0) + np.array([-1, 1])[:, None] * half


def legend(panel: Axes) -> list[str]:
    """Its texts, from the top."""
    shown = panel.get_legend()
    assert shown is not None
    return [text.get_text() for text in shown.get_texts()]
