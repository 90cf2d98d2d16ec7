"""Ticks of an abscissa: at simulated values, as many as can be told apart."""

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

LOGARITHMIC = 50  # the largest value of an axis over the smallest, from which on it is
LETTERS = 1.6  # of the room beside a tick's label
LONG = 5  # letters, from which on a label is rounded


def of_numbers(panel: Axes, values: np.ndarray, decibels: bool) -> None:
    """Scale and ticks of an axis on which these were simulated."""
    values = np.unique(values)
    logarithmic = not decibels and values[0] > 0 and values[-1] >= LOGARITHMIC * values[0]
    if logarithmic:
        panel.set_xscale("log")
        panel.xaxis.set_minor_locator(NullLocator())
    places = np.log(values) if logarithmic else values
    usual = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(values[0], values[-1])
    usual = usual[(usual >= values[0]) & (usual <= values[-1])]
    if len(values) > 6 and not logarithmic and np.all(np.isin(usual.round(9), values.round(9))):
        chosen = usual
    else:
        chosen = values[_apart(places, _most(panel, max(len(_text(value)) for value in values)))]
    panel.set_xticks(chosen, [_text(value) for value in chosen])


def _text(value: float) -> str:
    return f"{value:g}" if abs(value) >= 1e3 or len(f"{value:g}") <= LONG else f"{value:.3g}"


def of_costs(panel: Axes) -> None:
    """Few, and thousands as k: sums are large."""
    panel.xaxis.set_major_locator(MaxNLocator(max(2, min(6, int(_most(panel, 4)))), steps=[1, 2, 5, 10]))
    panel.xaxis.set_major_formatter(lambda value, _: _short(value))


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _most(panel: Axes, letters: int) -> float:
    """How many labels of so many letters stand beside each other."""
    figure = panel.get_figure(root=True)
    beside = panel.get_gridspec()
    columns = beside.ncols if beside else 1
    wide = figure.get_figwidth() / columns - 0.7 if figure else 4.0  # inches, without labels of the other axis
    return max(2.0, wide / (rcParams["font.size"] / 72 * 0.6 * (letters + LETTERS)))


def _apart(places: np.ndarray, most: float) -> list[int]:
    """The first, and each that is far enough from the one before."""
    least = (places[-1] - places[0]) / most
    kept = [0]
    for at in range(1, len(places)):
        if places[at] - places[kept[-1]] >= least:
            kept.append(at)
    return kept
