"""Clock offsets: the error of the sum, and the accuracy it leads to, from inside the prefix to far past it.

    overair run clock_offset --out runs/clock_offset
    overair run clock_offset_sums --out runs/clock_offset_sums
    overair figure clock_offset --curves runs

The upper panel shows errors of sums of independent updates and draws the theory over the points. With offsets D uniform
on {0..T}, E = max(0, D - prefix) samples past the prefix of an N-point symbol and c_f = (1 - E/N) exp(-j 2 pi f D/N),
times its own phase where the offset is seen, the error is mean_f E|c_f - 1|^2 + E[2 E/N - (E/N)^2]. The lower panel
shows the accuracies of the run.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._kept import kept
from ._labels import SNR, axis_label, seeds_label, settings
from ._look import BOX, COLOURS, MARKERS, band, caption, grid, picture

HIGH, SEEN = "high", "seen"


class Setting(NamedTuple):
    """Of sums, what theory needs."""

    subcarriers: int
    prefix: int  # samples
    symbols: int  # that a sum fills
    devices: int
    snr_db: float


def theory(high: int, seen: bool, of: Setting) -> float:
    """NMSE of a sum of independent updates, noise apart; the first symbol hears no other."""
    late, f = np.arange(high + 1), np.arange(of.subcarriers) - of.subcarriers // 2
    past = np.maximum(0, late - of.prefix) / of.subcarriers  # E/N
    gain = (1 - past)[:, None] * np.exp(-2j * np.pi * np.outer(late, 0 * f if seen else f) / of.subcarriers)
    between = past * (of.symbols - 1) / of.symbols
    within = past - past**2  # of subcarriers
    return float((np.abs(gain - 1) ** 2).mean() + (between + within).mean())


def setting_of(sums: xr.Dataset) -> Setting:
    """As the sums' scenario has it; two entries ride on an element."""
    told, snr_db = settings(sums), float(sums[SNR].values[0])
    subcarriers, prefix = (int(told["grid"][name]) for name in ("subcarriers", "prefix"))
    return Setting(subcarriers, prefix, -(-told["entries"] // 2 // subcarriers), told["devices"], snr_db)


def plot(run: xr.Dataset, sums: xr.Dataset) -> Figure:
    """Accuracies of a run below, and above the errors of sums."""
    for dataset, preset in ((run, "clock_offset"), (sums, "clock_offset_sums")):
        if any(axis not in dataset.dims for axis in (HIGH, SEEN)):
            raise ValueError(f"results: expected the axes {HIGH} and {SEEN}, as those of {preset}, received none such")
    of = setting_of(sums)
    with picture(5.0, 5.6) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        for seen in (True, False):
            here = {SEEN: str(seen).lower()}
            _errors(above, sums.isel({SNR: 0}).sel(here), seen, of)
            _accuracies(below, run.sel(here), seen)
        above.set_yscale("log")
        above.set_ylabel("NMSE of the sum")
        below.set_ylabel(axis_label(run, "accuracy"))
        below.set_xlabel("Largest offset (samples)")
        for panel in (above, below):
            grid(panel)
            panel.axvline(of.prefix, color="0.5", linewidth=0.8, linestyle=":")
        above.annotate("prefix", (of.prefix, 1), (3, -9), "data", "offset points", color="0.4", fontsize=7)
        above.legend(**BOX, loc="lower right")
        caption(figure, _told(run, sums, of), run)
    return figure


def _told(run: xr.Dataset, sums: xr.Dataset, of: Setting) -> str:
    last = int(run["round"].values[-1])
    count = settings(sums)["rounds"] * sums.sizes["seed"]
    return (
        f"{of.devices} devices, {of.snr_db:g} dB, offsets uniform from 0, new every round. Above: mean of {count} "
        "sums\nof independent updates, bars of two standard errors, theory as lines. Below: MNIST,\n"
        f"after {last} rounds. {seeds_label(run)}."
    )


def _look(seen: bool) -> tuple[str, str]:
    return (COLOURS[0], MARKERS[0]) if seen else (COLOURS[1], MARKERS[1])


def _errors(panel: Axes, sums: xr.Dataset, seen: bool, of: Setting) -> None:
    colour, marker = _look(seen)
    highs, noise = sums[HIGH].values, 10 ** (-of.snr_db / 10) / of.devices
    fine = np.arange(int(highs.max()) + 1)
    label = "seen by the transmitters" if seen else "not seen"
    panel.plot(fine, [theory(int(high), seen, of) + noise for high in fine], color=colour, linewidth=1.0)
    means = sums.nmse.mean("seed").values
    errors = np.sqrt((sums.nmse_error**2).mean("seed").values / sums.sizes["seed"])
    panel.errorbar(highs, means, 2 * errors, fmt=marker, color=colour, markersize=4, capsize=2, label=label)


def _accuracies(panel: Axes, run: xr.Dataset, seen: bool) -> None:
    accuracy, highs = run.accuracy.isel(round=-1).transpose("seed", HIGH).values, run[HIGH].values
    band(panel, highs, accuracy, 0 if seen else 1, None)


def plot_folder(folder: Path) -> Figure:
    """The figure of the results in a folder."""
    return plot(kept(folder, "clock_offset"), kept(folder, "clock_offset_sums"))
