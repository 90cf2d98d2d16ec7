"""Quantised compressive sampling beside QSGD and random-k: the error at equal bits, and what it does to training.

    overair figure qcs_variance

The folder holds results of ``overair run qcs_variance`` and ``overair run qcs_regression``, as curves or as runs of
these names. Above, after Abdi's fig. 4.1 and 4.2: relative error |g_hat - g|^2/|g|^2 against compression gain, 32 d
over the bits used, of gradients of LeNet while it learns; and how much that error scatters, over keys and gradients,
relative to its mean. Dotted lines are bounds: (4.10) for QCS, min(d/s^2, sqrt(d)/s) for QSGD of fixed length; d/k - 1
of random-k is exact. Below: linear regression, fig. 4.4. Abdi, "Distributed learning and inference in deep models",
2020, ch. 4.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ._kept import kept
from ._labels import settings
from ._look import COLOURS, MARKERS, caption, grid, marked, picture

LOOKS = {  # of all panels: colour and marker
    "QCS": (COLOURS[0], MARKERS[0]),
    "QCS 40% fewer bits": (COLOURS[5], MARKERS[4]),
    "QSGD fixed length": (COLOURS[1], MARKERS[1]),
    "QSGD entropy coded": (COLOURS[4], MARKERS[5]),
    "random-k": (COLOURS[2], MARKERS[2]),
    "top-k": (COLOURS[3], MARKERS[3]),
    "baseline": (COLOURS[6], MARKERS[7]),
}
COMPRESSED = {"QCS": "qcs", "QSGD fixed length": "qsgd_fixed", "QSGD entropy coded": "qsgd", "random-k": "random_k"}
REGRESSED = ("baseline", "QCS", "QCS 40% fewer bits", "QSGD fixed length", "QSGD entropy coded", "top-k")
STEPS = (0.05, 0.1)


def plot(errors: xr.Dataset, runs: xr.Dataset) -> Figure:
    """Errors of compression, and the losses of regressions."""
    _check(errors, "compressor", COMPRESSED.values(), "qcs_variance")
    _check(runs, "variant", REGRESSED, "qcs_regression")
    regressed = {name: runs.sel(variant=name) for name in REGRESSED}
    with picture(7.2, 5.6) as figure:
        panels = figure.subplot_mosaic([list("aaabbb"), list("ccddee")])
        _errors(panels["a"], panels["b"], errors)
        _share(panels["c"], regressed)
        for panel, step in zip((panels["d"], panels["e"]), STEPS, strict=True):
            _paths(panel, regressed, step)
        panels["d"].set_ylabel("Excess loss (1 at the start)")
        for panel in panels.values():
            grid(panel)
        handles: dict[str, Artist] = {}
        for panel in panels.values():
            shown, labels = panel.get_legend_handles_labels()
            handles |= {str(label): handle for handle, label in zip(shown, labels, strict=True)}
        names = [name for name in LOOKS if name in handles]
        figure.legend([handles[name] for name in names], names, loc="outside upper center", ncols=4, frameon=False)
        caption(figure, _told(errors, runs, regressed))
    return figure


def _check(dataset: xr.Dataset, axis: str, wanted: Iterable[str], preset: str) -> None:
    if axis not in dataset.dims or not {*wanted} <= {*dataset[axis].values.tolist()}:
        raise ValueError(f"results: expected the {axis}s of {preset}, {', '.join(wanted)}")


def _told(errors: xr.Dataset, runs: xr.Dataset, regressed: dict[str, xr.Dataset]) -> str:
    told, moments, draws = settings(runs), errors.sizes["moment"], settings(errors)["draws"]
    size = told["inputs"] * told["outputs"]
    gains = {name: 32 * size / float(run.bits.isel(iteration=-1).mean()) for name, run in regressed.items()}
    return (
        f"Above: gradients of LeNet at {moments} moments of its training, {draws} draws each; bands of "
        f"one deviation, bounds dotted.\nBelow: linear regression, {size:,} weights, batches of {told['batch_size']}, "
        f"{told['runs']} runs; gains of {gains['QCS']:.0f} (QCS), {gains['QCS 40% fewer bits']:.0f} (fewer bits), "
        f"{gains['QSGD fixed length']:.0f} (QSGD fixed length),\n{gains['QSGD entropy coded']:.0f} (entropy coded) and "
        f"{gains['top-k']:.0f} (top-k). A run has converged at a tenth of its first loss; bands of 1.5 deviations."
    )


def _errors(left: Axes, right: Axes, errors: xr.Dataset) -> None:
    """Mean and bound above gains, and the scatter."""
    for name, compressor in COMPRESSED.items():
        own, over = errors.sel(compressor=compressor), ["seed", "moment"]
        gain, limit = (np.asarray(each.mean(over)) for each in (own.gain, own.bound))
        mean, scatter = pooled(own.error, own.deviation, over)
        there = np.isfinite(gain)  # where there are bits enough
        gain, mean, limit, scatter = gain[there], mean[there], limit[there], scatter[there]
        shown = np.append(gain[1:] > 1.1 * gain[:-1], True) & (mean > 1e-12)  # not where the finest levels leave bits
        gain, mean, limit, scatter = gain[shown], mean[shown], limit[shown], scatter[shown]
        left.plot(gain, mean, label=name, **_line(name), markevery=2)
        low = np.maximum(mean - scatter, mean / 10)
        left.fill_between(gain, low, mean + scatter, color=LOOKS[name][0], alpha=0.2, lw=0)
        left.plot(gain, limit, color=LOOKS[name][0], linewidth=0.8, linestyle=":")
        right.plot(gain, np.where(scatter > 1e-3 * mean, scatter / mean, np.nan), **_line(name), markevery=2)
    for panel in (left, right):
        panel.set(xscale="log", yscale="log", xlim=(1.0, 3000.0), xlabel="Compression gain")
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    left.set(ylim=(1e-6, 3e3), ylabel="Relative error")
    right.set(ylim=(0.01, 2.0), ylabel="Deviation / mean of error")


def pooled(means: xr.DataArray, deviations: xr.DataArray, over: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The mean of groups, and the deviation of all: of the mean of their variances and the variance of their means."""
    variance = (deviations**2).mean(over) + means.var(over)
    return means.mean(over).values, np.sqrt(variance.values)


def _share(panel: Axes, regressed: dict[str, xr.Dataset]) -> None:
    """Marks only where lines fall: at 0 and 100 % they lie on each other."""
    for name, run in regressed.items():
        share = run.converged.isel(iteration=-1).mean("seed").values
        falls = [at for at in range(len(share)) if len({*share[max(at - 1, 0) : at + 2]}) > 1]
        panel.plot(run["step_size"].values, 100 * share, **_line(name), markevery=falls)
    panel.set(xlabel="Step size $\\mu$", ylabel="Runs that converge (%)")


def _paths(panel: Axes, regressed: dict[str, xr.Dataset], step: float) -> None:
    for name, run in regressed.items():
        here = run.sel(step_size=step)
        at = here["iteration"].values
        mean, spread = pooled(here.log10_excess, here.deviation, ["seed"])
        panel.plot(at, 10**mean, **_line(name), markevery=4, label=name)
        low, high = 10 ** (mean - 1.5 * spread), 10 ** (mean + 1.5 * spread)
        panel.fill_between(at, low, high, color=LOOKS[name][0], alpha=0.2, lw=0)
    panel.set(yscale="log", ylim=(1e-7, 1e3), xlabel="Iteration")
    panel.set_title(f"Step size $\\mu$ = {step:g}", fontsize=8)


def _line(name: str) -> dict[str, Any]:
    return marked(*LOOKS[name])


def plot_folder(folder: Path) -> Figure:
    """The figure of the results in a folder."""
    return plot(kept(folder, "qcs_variance"), kept(folder, "qcs_regression"))
