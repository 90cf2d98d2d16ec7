"""PSNR against SNR, a line for every scheme and a panel for every ratio: how images sent are received.

Lines are means over seeds, bands their 95 % confidence intervals.
"""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import xarray as xr

from ._labels import SNR, axis_label, seeds_label
from ._lines import lines
from ._look import Line, caption, picture


def draw(
    dataset: xr.Dataset,
    path: str | Path,
    variable: str = "psnr",
    others: Mapping[tuple[float, str], Line] | None = None,
) -> None:
    """Draw the figure into a file; ``others``: lines from elsewhere, SNRs and values by ratio and name."""
    axes = [str(name) for name in dataset[variable].dims if name not in ("seed", "ratio", SNR)]
    ratios = dataset["ratio"].values
    with picture(path, 1.2 + 3.2 * len(ratios), 3.6) as figure:
        panels = figure.subplots(1, len(ratios), sharey=True, squeeze=False)[0]
        for panel, ratio in zip(panels, ratios, strict=True):
            lines(panel, dataset.sel(ratio=ratio), variable, SNR, axes)
            for (of, name), (snrs, numbers) in (others or {}).items():
                if abs(of - ratio) < 1e-6:
                    panel.plot(snrs, numbers, ":", color="0.25", linewidth=1.3, label=name)
            panel.set_title(f"k/n = {Fraction(float(ratio)).limit_denominator(10_000)}", fontsize=8)
            panel.set_xlabel(f"{axis_label(dataset, SNR)}, P/N0 of a complex symbol")
        panels[0].set_ylabel(axis_label(dataset, variable))
        named = [pair for panel in panels for pair in zip(*panel.get_legend_handles_labels(), strict=True)]
        by_name = {label: handle for handle, label in reversed(named)}
        if axes or others:
            labels = list(dict.fromkeys(label for _, label in named))
            handles = [by_name[label] for label in labels]
            figure.legend(handles, labels, loc="outside upper center", ncols=min(2, len(labels)), frameon=False)
        caption(figure, f"{seeds_label(dataset)}.", dataset, axes)
