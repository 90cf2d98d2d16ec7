"""Recovery of sparse gradients of a CNN: accuracy over iterations, errors of recovery, and what a gradient looks like.

    overair figure bayes_recovery

The folder holds results of ``overair run`` of bayes_recovery, bayes_errors and bayes_gradient, as curves or as runs of
these names. Above, accuracy for every SNR of the run. In the middle, NMSE of recovery against the share of entries that
is kept: the soft threshold's phase transition says up to where it recovers exactly without noise, whatever the
amplitudes; a Bernoulli-Gauss prior goes further where they are normal, and does not where they are those of a gradient.
Below, after Dhillon's lecture: the gradient of a kernel of (5, 5, 10, 20) as a matrix of 25 x 200, its entries above
the 95th percentile in magnitude, and the correlation of its rows, each of which is a place in the 5 x 5 plane.
"""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from ._kept import kept
from ._labels import SNR, axis_label, seeds_label, settings, value_label
from ._look import COLOURS, MARKERS, band, caption, grid, marked, picture

PERCENTILE = 95
KERNEL = (25, 200)  # places by depths and filters
WITHOUT_NOISE = 300.0  # dB
UPLINK, RECOVERY, ORACLE = "uplink", "recovery", "oracle"
NAMES = {  # as recoveries, and as uplinks of the run, are called
    "ideal": "ideal",
    "em_bg_amp spatial=true": "EM-BG-AMP, spatial",
    "em_bg_amp spatial=false": "EM-BG-AMP",
    "amp": "AMP, soft threshold",
    "lmmse": "LMMSE",
    "oracle": "true support known",
}
PLACES = dict(zip(NAMES, (6, 0, 1, 2, 3, 4), strict=True))  # of colours and marks; ideal is black
LOOKS = {name: (COLOURS[at], MARKERS[at]) for name, at in PLACES.items()}


def plot(run: xr.Dataset, errors: xr.Dataset, gradient: xr.Dataset) -> Figure:
    """Accuracies of a run, errors of recovery, and a gradient."""
    if missing := [axis for axis in (UPLINK, SNR) if axis not in run.dims]:
        raise ValueError(f"results: expected the axes {UPLINK} and {SNR} of bayes_recovery, found no {missing[0]}")
    if missing := [axis for axis in (RECOVERY, "entries") if axis not in errors.dims]:
        raise ValueError(f"results: expected the axes {RECOVERY} and entries of bayes_errors, found no {missing[0]}")
    with picture(7.2, 7.4) as figure, rc_context({"axes.labelsize": 8.5}):
        above, middle, below = figure.subfigures(3, 1, squeeze=False, height_ratios=[1.15, 1.0, 1.0])[:, 0]
        _accuracies(above, run)
        _errors(middle, errors)
        _pictures(below, kernel_of(gradient))
        caption(figure, _told(run, errors, gradient), run)
    return figure


def kernel_of(gradient: xr.Dataset) -> np.ndarray:
    """The entries of the first moment and seed as a matrix [25, 200]."""
    values = gradient.gradient.isel(seed=0, moment=0).values
    if values.size != KERNEL[0] * KERNEL[1]:
        raise ValueError(f"results: expected the 5,000 entries of bayes_gradient, received {values.size:,}")
    return np.asarray(values.reshape(KERNEL))


def correlation(matrix: np.ndarray) -> np.ndarray:
    """Pearson's, of every pair of rows."""
    return np.corrcoef(matrix)


def _told(run: xr.Dataset, errors: xr.Dataset, gradient: xr.Dataset) -> str:
    first, *rest = sorted(errors["moment"].values.tolist())
    steps = f"{', '.join(map(str, [first, *rest[:-1]]))} and {rest[-1]}" if rest else str(first)
    draws, after = settings(errors)["draws"], gradient["moment"].values[0]
    return (
        "Above: one device keeps a quarter of 112,340 entries and sends half as many sums. "
        f"{seeds_label(run)}.\nMiddle: gradients after {steps} steps of "
        f"training, mean and range, {draws} matrices each; open marks: normal amplitudes on the\nsame "
        f"support. Below: a gradient after {after} steps, in units of its largest entry."
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
    lines = [Line2D([], [], label=NAMES[name], **_line(name)) for name in NAMES if name in (*shown, ORACLE)]
    figure.legend(handles=lines, loc="outside upper center", ncols=3, frameon=False)


def _accuracy(panel: Axes, dataset: xr.Dataset, name: str) -> None:
    values = dataset.accuracy.transpose("seed", "round").values
    band(panel, dataset["round"].values, values, PLACES[name], name)


def name_of(uplink: str) -> str:
    """Which of the names an uplink's label means."""
    label = uplink.removeprefix("analog ")
    if label not in NAMES:
        raise ValueError(f"results: expected the uplinks of bayes_recovery, {', '.join(NAMES)}, received {uplink}")
    return label


# --- Errors


def _errors(figure: SubFigure, errors: xr.Dataset) -> None:
    panels = figure.subplots(1, errors.sizes["snr_db"], squeeze=False)[0]
    transition = float(errors.transition.max())
    for panel, snr_db in zip(panels, errors["snr_db"].values.tolist(), strict=True):
        silent = snr_db >= WITHOUT_NOISE
        for name, by_entries in _curves(errors.sel(snr_db=snr_db)).items():
            if name == ORACLE and silent:
                continue  # exact
            shares, real = _decibels(by_entries.sel(entries="real"))
            panel.fill_between(shares, real.min(1), real.max(1), color=LOOKS[name][0], alpha=0.15, linewidth=0)
            panel.plot(shares, real.mean(1), **_line(name))
            if name not in ("lmmse", ORACLE):
                shares, normal = _decibels(by_entries.sel(entries="normal"))
                panel.plot(shares, normal.mean(1), **_line(name) | {"linestyle": "none", "markerfacecolor": "none"})
        panel.axvline(transition, color="0.5", linewidth=0.8, linestyle=":")
        panel.set(xlabel="Share of entries kept", title="Without noise" if silent else f"SNR {snr_db:g} dB")
        _grid(panel)
    panels[0].set_ylabel("NMSE (dB)")
    panels[0].annotate(
        "phase transition\nof the soft threshold", (transition, -55), (-5, 0), "data", "offset points", rotation=90,
        ha="right", va="center", color="0.4", fontsize=6.5,
    )  # fmt: skip


def _curves(errors: xr.Dataset) -> dict[str, xr.DataArray]:
    """Errors by name in the order of the legend, over entries, seeds, moments and shares."""
    found = {name: errors.nmse.sel({RECOVERY: name}) for name in errors[RECOVERY].values.tolist()}
    found |= {ORACLE: errors.oracle.isel({RECOVERY: 0})}  # which every recovery saw
    return {name: found[name] for name in NAMES if name in found}


def _decibels(errors: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """The shares that were simulated, and for each the error of every seed and moment in dB [shares, seeds moments]."""
    there = errors.dropna("share", how="all").transpose("share", "seed", "moment")
    return there["share"].values, 10 * np.log10(there.values.reshape(there.sizes["share"], -1))


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


def plot_folder(folder: Path) -> Figure:
    """The figure of the results in a folder."""
    names = ("bayes_recovery", "bayes_errors", "bayes_gradient")
    run, errors, gradient = (kept(folder, name) for name in names)
    return plot(run, errors, gradient)
