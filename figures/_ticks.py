"""Ticks of an abscissa: at simulated values, as many as can be told apart."""

import re
from textwrap import fill

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator

LOGARITHMIC = 50  # the largest value of an axis over the smallest, from which on it is
LETTERS = 1.6  # of the room beside a tick's label
BESIDE = 0.1  # of the span of values, to their left and right
LONG = 5  # letters, from which on a label is rounded


def of_numbers(panel: Axes, values: np.ndarray, decibels: bool) -> None:
    """Scale and ticks of an axis on which these were simulated."""
    values = np.unique(values)
    logarithmic = not decibels and values[0] > 0 and (values[-1] >= LOGARITHMIC * values[0] or _geometric(values))
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


def _geometric(values: np.ndarray) -> bool:
    """Whether each of several values is the same multiple of the one before, as of 5, 20, 80."""
    ratios = values[1:] / values[:-1]
    return len(values) > 2 and bool(np.allclose(ratios, ratios[0]) and ratios[0] >= 2)


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
    return max(2.0, width(panel) / (rcParams["font.size"] / 72 * 0.6 * (letters + LETTERS)))


def width(panel: Axes) -> float:
    """Of a panel in inches, about, before it is laid out: without labels of the other axis."""
    figure, beside = panel.get_figure(root=True), panel.get_gridspec()
    return figure.get_figwidth() / (beside.ncols if beside else 1) - 0.7 if figure else 4.0


def around(panel: Axes, values: np.ndarray) -> None:
    """Limits with room beside the first and the last value, on whatever scale the axis has."""
    scale = panel.xaxis.get_transform()
    least, most = scale.transform(np.array([values.min(), values.max()], float))
    room = BESIDE * (most - least) or 0.5
    panel.set_xlim(*scale.inverted().transform(np.array([least - room, most + room])))


def wrap(panel: Axes) -> None:
    """Limits for words, these in lines that stand beside each other; on end where one of them is too long for that."""
    labels = [label.get_text() for label in panel.get_xticklabels()]
    panel.set_xlim(-0.5, len(labels) - 0.5)
    room = int(width(panel) * 72 / (max(1, len(labels)) * 0.62 * rcParams["font.size"]))
    if max((len(word) for label in labels for word in re.split(r"[\s-]", label)), default=0) > room:
        panel.tick_params(axis="x", labelrotation=90)
    else:
        panel.set_xticks(panel.get_xticks(), [fill(label, max(1, room)) for label in labels])


def _apart(places: np.ndarray, most: float) -> list[int]:
    """The first, and each that is far enough from the one before."""
    least = (places[-1] - places[0]) / most
    kept = [0]
    for at in range(1, len(places)):
        if places[at] - places[kept[-1]] >= least:
            kept.append(at)
    return kept
