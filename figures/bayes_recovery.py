"""Recovery of sparse gradients of a CNN: accuracy over iterations, errors of recovery, and what a gradient looks like.

    overair run bayes_recovery --out runs/bayes_recovery
    python -m overair.figures.bayes_recovery runs/bayes_recovery --out bayes_recovery.png --curves docs/curves

Above, accuracy for every SNR of the run. In the middle, NMSE of ``bayes_gradients`` against the share of entries that
is kept: the soft threshold's phase transition says up to where it recovers exactly without noise, whatever the
amplitudes; a Bernoulli-Gauss prior goes further where they are normal, and does not where they are those of a gradient.
Below, after Dhillon's lecture: the gradient of a kernel of (5, 5, 10, 20) as a matrix of 25 x 200, its entries above
the 95th percentile in magnitude, and the correlation of its rows, each of which is a place in the 5 x 5 plane.

Numbers come from bayes_errors.csv and bayes_gradient.csv in the folder of curves; one that is not there is simulated
and written first, which takes minutes and needs MNIST.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D

from ..ota.recovery.amp import transition
from ..scenarios.results import saved
from . import _command as command
from . import bayes_gradients as study
from ._labels import SNR, axis_label, value_label
from ._look import COLOURS, MARKERS, caption, grid, marked, picture
from ._tables import Rows

PERCENTILE = 95
UPLINK = "uplink"
NAMES = {  # as rows of the tables, and as uplinks of the run, call them
    "ideal": "ideal",
    "em_bg_amp spatial=true": "EM-BG-AMP, spatial",
    "em_bg_amp spatial=false": "EM-BG-AMP",
    "amp": "AMP, soft threshold",
    "lmmse": "LMMSE",
    "oracle": "true support known",
}
LOOKS = dict(zip(NAMES, zip(["#000000", *COLOURS], ["*", *MARKERS], strict=False), strict=False))


def draw(dataset: xr.Dataset, errors: Rows, kernel: np.ndarray, path: str | Path) -> None:
    """Draw the curve, the table of errors and a gradient [25, 200] into a file."""
    missing = [axis for axis in (UPLINK, SNR) if axis not in dataset.dims]
    if missing:
        raise ValueError(
            f"results: expected the axes {UPLINK} and {SNR}, as those of bayes_recovery, received none such"
        )
    with picture(path, 7.2, 7.4) as figure, rc_context({"axes.labelsize": 8.5}):
        above, middle, below = figure.subfigures(3, 1, squeeze=False, height_ratios=[1.15, 1.0, 1.0])[:, 0]
        _accuracies(above, dataset)
        _errors(middle, errors)
        _pictures(below, kernel)
        caption(figure, _told(dataset, errors))


def correlation(matrix: np.ndarray) -> np.ndarray:
    """Pearson's, of every pair of rows."""
    return np.corrcoef(matrix)


def _told(dataset: xr.Dataset, errors: Rows) -> str:
    first, *rest = sorted({row["moment"] for row in errors}, key=int)
    steps = f"{', '.join([first, *rest[:-1]])} and {rest[-1]}" if rest else first
    return (
        "Above: one device keeps a quarter of 112,340 entries and sends half as many sums; mean of "
        f"{dataset.sizes['seed']} seeds, band from lowest to highest.\nMiddle: gradients after {steps} steps of "
        f"training, mean and range, {errors[0]['draws']} matrices each; open marks: normal amplitudes on the\nsame "
        f"support. Below: a gradient after {study.MOMENTS[1]} steps, in units of its largest entry."
    )


# --- Accuracy


def _accuracies(figure: SubFigure, dataset: xr.Dataset) -> None:
    panels = figure.subplots(1, dataset.sizes[SNR], sharey=True, squeeze=False)[0]
    for at, panel in enumerate(panels):
        for uplink in dataset[UPLINK].values:
            _accuracy(panel, dataset.isel({SNR: at}).sel({UPLINK: uplink}), name_of(str(uplink)))
        panel.set(xlabel=axis_label(dataset, "round"), title=value_label(dataset, SNR, at))
        _grid(panel)
    panels[0].set_ylabel(axis_label(dataset, "accuracy"))
    shown = [name_of(str(uplink)) for uplink in dataset[UPLINK].values]
    lines = [Line2D([], [], label=NAMES[name], **_line(name)) for name in NAMES if name in (*shown, study.ORACLE)]
    figure.legend(handles=lines, loc="outside upper center", ncols=3, frameon=False)


def _accuracy(panel: Axes, dataset: xr.Dataset, name: str) -> None:
    values = dataset.accuracy.transpose("seed", "round").values
    rounds = dataset["round"].values
    panel.fill_between(rounds, values.min(0), values.max(0), color=LOOKS[name][0], alpha=0.15, linewidth=0)
    panel.plot(rounds, values.mean(0), markevery=2, **_line(name))


def name_of(uplink: str) -> str:
    """Which of the names an uplink's label means."""
    label = uplink.removeprefix("analog ")
    if label not in NAMES:
        raise ValueError(f"results: expected the uplinks of bayes_recovery, {', '.join(NAMES)}, received {uplink}")
    return label


# --- Errors


def _errors(figure: SubFigure, rows: Rows) -> None:
    panels = figure.subplots(1, len(study.SNRS), squeeze=False)[0]
    for panel, snr_db in zip(panels, study.SNRS, strict=True):
        for name in [name for name in NAMES if any(row["scheme"] == name for row in rows)]:
            if name == study.ORACLE and np.isinf(snr_db):
                continue  # exact
            ratios, real = _table(rows, scheme=name, snr_db=snr_db, gradient="real")
            panel.fill_between(ratios, real.min(1), real.max(1), color=LOOKS[name][0], alpha=0.15, linewidth=0)
            panel.plot(ratios, real.mean(1), **_line(name))
            if name not in ("lmmse", study.ORACLE):
                shares, normal = _table(rows, scheme=name, snr_db=snr_db, gradient="normal")
                panel.plot(shares, normal.mean(1), **_line(name) | {"linestyle": "none", "markerfacecolor": "none"})
        panel.axvline(study.DELTA * transition(study.DELTA), color="0.5", linewidth=0.8, linestyle=":")
        panel.set(xlabel="Share of entries kept", title="Without noise" if np.isinf(snr_db) else f"SNR {snr_db:g} dB")
        _grid(panel)
    panels[0].set_ylabel("NMSE (dB)")
    panels[0].annotate(
        "phase transition\nof the soft threshold", (study.DELTA * transition(study.DELTA), -55), (-5, 0), "data",
        "offset points", rotation=90, ha="right", va="center", color="0.4", fontsize=6.5,
    )  # fmt: skip


def _table(rows: Rows, scheme: str, snr_db: float, gradient: str) -> tuple[np.ndarray, np.ndarray]:
    """Shares, and for each the NMSE of every moment in dB [shares, moments]."""
    chosen = [
        row for row in rows if (row["scheme"], row["gradient"]) == (scheme, gradient) and float(row["snr_db"]) == snr_db
    ]
    shares = sorted({float(row["ratio"]) for row in chosen})
    values = [[float(row["nmse"]) for row in chosen if float(row["ratio"]) == share] for share in shares]
    return np.array(shares), 10 * np.log10(np.array(values))


# --- Pictures


def _pictures(figure: SubFigure, kernel: np.ndarray) -> None:
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[2.3, 1])[0]
    unit = np.abs(kernel).max()
    sparse = np.where(np.abs(kernel) >= np.percentile(np.abs(kernel), PERCENTILE), kernel, 0.0)
    panels = left.subplots(2, 1, sharex=True)
    look: dict[str, Any] = {"cmap": "RdBu_r", "interpolation": "nearest"}
    titles = "Gradient G of the (5, 5, 10, 20) kernel", f"Entries of G above the {PERCENTILE}th percentile"
    for panel, matrix, title in zip(panels, (kernel, sparse), titles, strict=True):
        image = panel.imshow(matrix / unit, vmin=-1, vmax=1, aspect="auto", **look)
        panel.set_title(title, fontsize=8)
        panel.set_ylabel("Place")
    panels[1].set_xlabel("Depth and filter")
    left.colorbar(image, ax=panels, fraction=0.03, pad=0.01)
    panel = right.subplots()
    image = panel.imshow(correlation(kernel), vmin=-1, vmax=1, **look)
    panel.set(xlabel="Place", ylabel="Place")
    panel.set_title("Correlation of the rows of G", fontsize=8)
    right.colorbar(image, ax=panel, orientation="horizontal", fraction=0.05, pad=0.02)


def _grid(panel: Axes) -> None:
    grid(panel)
    panel.title.set_fontsize(8)


def _line(name: str) -> dict[str, Any]:
    return marked(*LOOKS[name])


def read(wanted: argparse.Namespace) -> None:
    """Draws the run and the tables that the command names."""
    errors = study.errors_of(wanted.curves / "bayes_errors.csv")
    kernel = study.kernel_of(wanted.curves / "bayes_gradient.csv")
    draw(saved.load(wanted.run), errors, kernel, wanted.out)


def main(arguments: Sequence[str] | None = None) -> int:
    """From a run, and tables that are simulated where they are missing, to a picture."""
    parser = command.parser("bayes_recovery", __doc__)
    parser.add_argument("run", type=Path, help="the folder of a run of bayes_recovery, or its curve as CSV")
    command.tables(parser, "bayes_errors.csv", "bayes_gradient.csv")
    tf.get_logger().setLevel("ERROR")
    return command.perform(parser, arguments, read)


if __name__ == "__main__":
    sys.exit(main())
