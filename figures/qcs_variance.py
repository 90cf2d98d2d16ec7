"""Quantised compressive sampling beside QSGD and random-k: the error at equal bits, and what it does to training.

    python -m overair.figures.qcs_variance --out qcs_variance.png --curves docs/curves

Above, after Abdi's fig. 4.1 and 4.2: relative error |g_hat - g|^2/|g|^2 against compression gain, 32 d over the bits
used, of gradients of LeNet (d = 61,706) while it learns the digits that scikit-learn carries along, enlarged to 28 x
28 pixels; and how much that error scatters, over keys and gradients, relative to its mean. Dotted lines are bounds:
(4.10) for QCS, min(d/s^2, sqrt(d)/s) for QSGD at log2(2s + 1) bits; d/k - 1 of random-k is exact. Below:
``qcs_regression``.

Numbers come from qcs_variance.csv and qcs_regression.csv in the folder of curves; one that is not there is simulated
and written first, which takes minutes. Abdi, "Distributed learning and inference in deep models", 2020, ch. 4.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from . import _command as command
from . import qcs_errors, qcs_regression
from ._look import COLOURS, MARKERS, caption, grid, marked, picture
from ._tables import Rows, select, table

LOOKS = {  # of all panels: colour and marker
    "QCS": (COLOURS[0], MARKERS[0]),
    "QCS 40% fewer bits": (COLOURS[5], MARKERS[4]),
    "QSGD fixed length": (COLOURS[1], MARKERS[1]),
    "QSGD entropy coded": (COLOURS[4], MARKERS[5]),
    "random-k": (COLOURS[2], MARKERS[2]),
    "top-k": (COLOURS[3], MARKERS[3]),
    "baseline": (COLOURS[6], MARKERS[7]),
}


def draw(errors: Rows, runs: Rows, path: str | Path) -> None:
    """Draw both studies into a file."""
    with picture(path, 7.2, 5.6) as figure:
        panels = figure.subplot_mosaic([list("aaabbb"), list("ccddee")])
        _errors(panels["a"], panels["b"], errors)
        _share(panels["c"], runs)
        for panel, step in ((panels["d"], "0.05"), (panels["e"], "0.1")):
            _paths(panel, runs, step)
        panels["d"].set_ylabel("Excess loss (1 at the start)")
        for panel in panels.values():
            grid(panel)
        handles: dict[str, Artist] = {}
        for panel in panels.values():
            shown, labels = panel.get_legend_handles_labels()
            handles |= {str(label): handle for handle, label in zip(shown, labels, strict=True)}
        names = [name for name in LOOKS if name in handles]
        figure.legend([handles[name] for name in names], names, loc="outside upper center", ncols=4, frameon=False)
        caption(figure, _told(errors, runs))


def _told(errors: Rows, runs: Rows) -> str:
    moments, gains = len({row["moment"] for row in errors}), {}
    for row in runs:
        gains[row["scheme"]] = 32 * qcs_regression.SIZE / float(row["bits"])
    return (
        f"Above: gradients of LeNet at {moments} moments of its training, {errors[0]['draws']} draws each; bands of "
        "one deviation, bounds dotted.\nBelow: linear regression, 3,200 weights, batches of 32, "
        f"{runs[0]['runs']} runs; gains of {gains['QCS']:.0f} (QCS), {gains['QCS 40% fewer bits']:.0f} (fewer bits), "
        f"{gains['QSGD fixed length']:.0f} (QSGD fixed length),\n{gains['QSGD entropy coded']:.0f} (entropy coded) and "
        f"{gains['top-k']:.0f} (top-k). A run has converged at a tenth of its first loss; bands of 1.5 deviations."
    )


def _errors(left: Axes, right: Axes, rows: Rows) -> None:
    """Mean and bound above gains, and the scatter."""
    for name in dict.fromkeys(row["scheme"] for row in rows):
        colour = LOOKS[name][0]
        targets = list(dict.fromkeys(row["target_gain"] for row in rows if row["scheme"] == name))
        points = [
            select(rows, "gain", "error", "deviation", "bound", scheme=name, target_gain=target) for target in targets
        ]
        gain, mean, limit = (np.array([point[at].mean() for point in points]) for at in (0, 1, 3))
        scatter = np.array([(point[2] ** 2).mean() + point[1].var() for point in points]) ** 0.5
        shown = np.append(gain[1:] > 1.1 * gain[:-1], True) & (mean > 1e-12)  # not where the finest levels leave bits
        gain, mean, limit, scatter = gain[shown], mean[shown], limit[shown], scatter[shown]
        left.plot(gain, mean, label=name, **_line(name), markevery=2)
        left.fill_between(gain, np.maximum(mean - scatter, mean / 10), mean + scatter, color=colour, alpha=0.2, lw=0)
        left.plot(gain, limit, color=colour, linewidth=0.8, linestyle=":")
        right.plot(gain, np.where(scatter > 1e-3 * mean, scatter / mean, np.nan), **_line(name), markevery=2)
    for panel in (left, right):
        panel.set(xscale="log", yscale="log", xlim=(1.0, 3000.0), xlabel="Compression gain")
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    left.set(ylim=(1e-6, 3e3), ylabel="Relative error")
    right.set(ylim=(0.01, 2.0), ylabel="Deviation / mean of error")


def _share(panel: Axes, rows: Rows) -> None:
    """Marks only where lines fall: at 0 and 100 % they lie on each other."""
    last = max((row["iteration"] for row in rows), key=int)
    for name in qcs_regression.SCHEMES:
        step, share = select(rows, "step_size", "converged", scheme=name, iteration=last)
        falls = [at for at in range(len(share)) if len({*share[max(at - 1, 0) : at + 2]}) > 1]
        panel.plot(step, 100 * share, **_line(name), markevery=falls)
    panel.set(xlabel="Step size $\\mu$", ylabel="Runs that converge (%)")


def _paths(panel: Axes, rows: Rows, step: str) -> None:
    for name in qcs_regression.SCHEMES:
        at, mean, spread = select(rows, "iteration", "log10_excess", "deviation", scheme=name, step_size=step)
        panel.plot(at, 10**mean, **_line(name), markevery=4, label=name)
        low, high = 10 ** (mean - 1.5 * spread), 10 ** (mean + 1.5 * spread)
        panel.fill_between(at, low, high, color=LOOKS[name][0], alpha=0.2, lw=0)
    panel.set(yscale="log", ylim=(1e-7, 1e3), xlabel="Iteration")
    panel.set_title(f"Step size $\\mu$ = {step}", fontsize=8)


def _line(name: str) -> dict[str, Any]:
    return marked(*LOOKS[name])


def read(wanted: argparse.Namespace) -> None:
    """Draws the tables in the folder that the command names."""
    errors, runs = (
        table(wanted.curves / f"{name}.csv", study.COLUMNS, study.rows(), 1, [f"seed {study.SEED}"])
        for name, study in (("qcs_variance", qcs_errors), ("qcs_regression", qcs_regression))
    )
    draw(errors, runs, wanted.out)


def main(arguments: Sequence[str] | None = None) -> int:
    """From tables, simulated where they are missing, to a picture."""
    parser = command.parser("qcs_variance", __doc__)
    command.tables(parser, "qcs_variance.csv", "qcs_regression.csv")
    tf.get_logger().setLevel("ERROR")  # a function for every compressor and gradient is compiled on purpose
    return command.perform(parser, arguments, read)


if __name__ == "__main__":
    sys.exit(main())
