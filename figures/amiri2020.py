"""Analog against digital gradient descent at the wireless edge: the comparisons of Amiri and Gunduz, 2020, fig. 2 to 6.

    python -m overair.figures.amiri2020 docs/curves --out amiri2020.png

The folder holds the curves of ``overair run amiri2020`` as amiri2020.csv, and of its other settings, which the preset
spells out: amiri2020_p200.csv (P = 200), amiri2020_s30.csv (s = 3d/10), amiri2020_m20.csv and amiri2020_m10.csv (20
devices of 1,000 images and 10 of 2,000, at P = 1 and 500). Above: all schemes, with data all alike and of two classes a
device. Below: A-DSGD and D-DSGD with less power, with fewer elements, and with fewer devices. Within a panel's setting
every scheme has the same resource elements and the same energy; a curve for which that is not so is refused.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..scenarios import curves
from ..scenarios.errors import ScenarioError
from .curve import DASHES, SNR, STYLE, band

NAMES = {  # as the paper has them, in its order
    "ideal": "error-free",
    "analog sparse": "A-DSGD",
    "analog random_linear": "random linear code",
    "digital position_coded": "D-DSGD",
    "digital top_k": "SignSGD, largest entries",
    "digital qsgd": "QSGD",
    "digital sign": "SignSGD, shared entries",
}
TWO = ("analog sparse", "digital position_coded")  # A-DSGD and D-DSGD, which runs of the two alone call by less


def draw(folder: str | Path, path: str | Path) -> None:
    """Draw the curves of a folder into a file."""
    runs = {name: curves.load(Path(folder) / f"amiri2020{name}.csv") for name in ("", "_p200", "_s30", "_m20", "_m10")}
    spent = [equal_resources(run) for run in runs.values()]
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, 6.0), layout="constrained")
        (alike, classes), (grants, devices) = figure.subplots(2, 2, sharey=True)
        for panel, partition, title in ((alike, "iid", "alike"), (classes, "classes", "of two classes a device")):
            for place, (uplink, name) in enumerate(NAMES.items()):
                _line(panel, runs[""].sel(uplink=uplink, partition=partition), place, name)
            panel.set_title(f"25 devices, data {title}, P = 500, s = d/2", fontsize=8)
        base = runs[""].sel(partition="iid", uplink=list(TWO))
        for dash, (setting, run) in enumerate(
            (("P = 500, s = d/2", base), ("P = 200", runs["_p200"]), ("s = 3d/10", runs["_s30"]))
        ):
            _pair(grants, run, setting, DASHES[dash])
        grants.set_title("25 devices, data alike: power and elements", fontsize=8)
        for dash, (setting, run) in enumerate(_fewer(runs)):
            _pair(devices, run, setting, DASHES[dash])
        devices.set_title("fewer devices, and P = 1", fontsize=8)
        for panel in (alike, classes, grants, devices):
            panel.grid(True, linewidth=0.4, color="0.85")
            panel.set_xlabel("Round")
        for panel in (alike, grants):
            panel.set_ylabel("Test accuracy")
        for panel in (classes, grants, devices):
            panel.legend(fontsize=6.5, framealpha=0.85, edgecolor="0.8", ncols=1 if panel is classes else 2)
        seeds = runs[""].sizes["seed"]
        figure.supxlabel(
            f"Mean of {seeds} seeds, band from lowest to highest. Within a setting all schemes have the same grant, "
            f"{spent[0]:,.0f} elements a round (s = 3d/10: {spent[2]:,.0f}), and energy P a device.",
            fontsize=6.5,
            color="0.35",
        )
        figure.savefig(path, dpi=300)


def equal_resources(run: xr.Dataset) -> float:
    """The resource elements of a round, the same for all that send; ScenarioError where they or energies differ."""
    sends = run.where(run.resource_elements > 0)
    low, high = float(sends.resource_elements.min()), float(sends.resource_elements.max())
    spent = sends.energy.where(sends.energy > 0)  # who cannot afford a bit stays silent
    least, most = float(spent.min()), float(spent.max())
    if low != high or most > 1 + 1e-4 or least < 1 - 1e-4:
        raise ScenarioError(
            f"curves: expected the same elements and energy for every scheme, received {low:g} to {high:g} elements "
            f"and {least:.4g} to {most:.4g} P"
        )
    return low


def _fewer(runs: dict[str, xr.Dataset]) -> Iterator[tuple[str, xr.Dataset]]:
    for count, images in ((20, 1000), (10, 2000)):
        run = runs[f"_m{count}"]
        for power, snr in zip((1, 500), sorted(run[SNR].values), strict=True):
            yield f"M = {count}, B = {images:,}, P = {power}", run.sel({SNR: snr})


def _pair(panel: Axes, run: xr.Dataset, setting: str, dash: str) -> None:
    """A-DSGD and D-DSGD, in the colours of the panels above."""
    for at, uplink in enumerate(TWO):
        place = list(NAMES).index(uplink)
        _line(panel, run.isel(uplink=at), place, f"{NAMES[uplink]}, {setting}", dash)


def _line(panel: Axes, run: xr.Dataset, place: int, label: str, dash: str = "-") -> None:
    values = run.accuracy.transpose("seed", "round").values
    band(panel, np.asarray(run["round"].values), values, place, label, dash)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m overair.figures.amiri2020", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("folder", help="of the five curves, amiri2020.csv and the others")
    parser.add_argument("--out", default="amiri2020.png", help="the figure's file (.png, .pdf, .svg)")
    chosen = parser.parse_args()
    try:
        draw(chosen.folder, chosen.out)
    except ScenarioError as error:
        raise SystemExit(str(error)) from None
    print(f"figure: {chosen.out}")


if __name__ == "__main__":
    main()
