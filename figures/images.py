"""PSNR against SNR, a line for every scheme and a panel for every ratio: how images sent are received.

Lines are means over seeds, bands reach from the lowest seed to the highest.
"""

import itertools
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import xarray as xr
from matplotlib import rc_context
from matplotlib.figure import Figure

from .curve import COLOURS, DASHES, STYLE, band

SNR = "link.snr_db"
Line = tuple[list[float], list[float]]


def draw(
    dataset: xr.Dataset,
    path: str | Path,
    variable: str = "psnr",
    others: Mapping[tuple[float, str], Line] | None = None,
) -> None:
    """Draw the figure into a file; ``others``: lines from elsewhere, SNRs and values by ratio and name."""
    axes = [str(name) for name in dataset[variable].dims if name not in ("seed", "ratio", SNR)]
    points = list(itertools.product(*(range(dataset.sizes[name]) for name in axes)))
    ratios = dataset["ratio"].values
    with rc_context(STYLE):
        figure = Figure(figsize=(1.2 + 3.2 * len(ratios), 3.6), layout="constrained")
        panels = figure.subplots(1, len(ratios), sharey=True, squeeze=False)[0]
        for panel, ratio in zip(panels, ratios, strict=True):
            panel.grid(True, linewidth=0.4, color="0.85")
            for at, point in enumerate(points):
                values = dataset[variable].sel(ratio=ratio).isel(dict(zip(axes, point, strict=True)))
                dash = DASHES[at // len(COLOURS) % len(DASHES)]
                band(
                    panel,
                    dataset[SNR].values,
                    values.transpose("seed", SNR).values,
                    at,
                    _label(dataset, axes, point),
                    dash,
                )
            for (of, name), (snrs, numbers) in (others or {}).items():
                if abs(of - ratio) < 1e-6:
                    panel.plot(snrs, numbers, ":", color="0.25", linewidth=1.3, label=name)
            panel.set_title(f"k/n = {Fraction(float(ratio)).limit_denominator(10_000)}", fontsize=8)
            panel.set_xlabel("SNR (dB), P/N0 of a complex symbol")
        attributes = dataset[variable].attrs
        panels[0].set_ylabel(_heading(attributes))
        named = [pair for panel in panels for pair in zip(*panel.get_legend_handles_labels(), strict=True)]
        by_name = {label: handle for handle, label in reversed(named)}
        if axes or others:
            labels = list(dict.fromkeys(label for _, label in named))
            handles = [by_name[label] for label in labels]
            figure.legend(handles, labels, loc="outside upper center", ncols=min(2, len(labels)), frameon=False)
        seeds = dataset.sizes["seed"]
        told = f"Mean of {seeds} seeds, band from lowest to highest." if seeds > 1 else "One seed."
        figure.supxlabel(told, fontsize=6.5, color="0.35")
        figure.savefig(path, dpi=300)


def _label(dataset: xr.Dataset, axes: list[str], point: tuple[int, ...]) -> str:
    return ", ".join(
        str(dataset[name].values[place]).replace("_", " ") for name, place in zip(axes, point, strict=True)
    )


def _heading(attributes: dict[str, str]) -> str:
    name, units = attributes["long_name"], attributes["units"]
    return name[0].upper() + name[1:] + ("" if units == "1" else f" ({units})")
