"""Analog against digital gradient descent at the wireless edge: the comparisons of Amiri and Gunduz, 2020, fig. 2 to 6.

    python -m overair.figures.amiri2020 docs/curves --out amiri2020.png

The folder holds the curves of ``overair run amiri2020`` as amiri2020.csv, and of its other settings, which the preset
spells out: amiri2020_p200.csv (P = 200), amiri2020_s30.csv (s = 3d/10), amiri2020_m20.csv and amiri2020_m10.csv (20
devices of 1,000 images and 10 of 2,000, at P = 1 and 500). Above: all schemes, with data all alike and of two classes a
device. Below: A-DSGD and D-DSGD with less power, with fewer elements, and with fewer devices. Within a panel's setting
every scheme has the same resource elements and the same energy; a curve for which that is not so is refused.
"""

import argparse
from collections.abc import Callable, Iterator
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
            panel.set_title(f"P = 500, s = d/2, data {title}", fontsize=8)
        figure.legend(*alike.get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
        base = runs[""].sel(partition="iid", uplink=list(TWO))
        _settings(grants, [("P = 500, s = d/2", base), ("P = 200", runs["_p200"]), ("s = 3d/10", runs["_s30"])], 0.03)
        grants.set_title("A-DSGD and D-DSGD: power and elements", fontsize=8)
        _settings(devices, list(_fewer(runs)), 0.15)
        devices.set_title("A-DSGD and D-DSGD: M devices of B images", fontsize=8)
        for panel in (alike, classes, grants, devices):
            panel.grid(True, linewidth=0.4, color="0.85")
            panel.set_xlabel("Round")
        for panel in (alike, grants):
            panel.set_ylabel("Test accuracy")
        figure.supxlabel(
            f"Mean of {runs[''].sizes['seed']} seeds, band from lowest to highest; 25 devices of 1,000 images unless "
            f"said.\nWithin a setting all schemes have the same grant, {spent[0]:,.0f} elements a round (s = 3d/10: "
            f"{spent[2]:,.0f}), and energy P a device; D-DSGD at P = 1 is silent, whatever M.",
            fontsize=6.5,
            color="0.35",
        )
        figure.savefig(path, dpi=300)


def equal_resources(run: xr.Dataset) -> float:
    """The resource elements of a round, the same for all that send; ScenarioError where they or energies differ."""
    elements, spent = equal_elements(run), run.energy.where(run.energy > 0)  # who cannot afford a bit stays silent
    least, most = float(spent.min()), float(spent.max())
    if most > 1 + 1e-4 or least < 1 - 1e-4:
        raise ScenarioError(
            f"curves: expected the same energy for every scheme, the budget P, received {least:.4g} to {most:.4g} P"
        )
    return elements


def equal_elements(run: xr.Dataset) -> float:
    """The resource elements of a round, the same for all that send; ScenarioError where they differ."""
    used = run.resource_elements.where(run.resource_elements > 0)
    low, high = float(used.min()), float(used.max())
    if low != high:
        raise ScenarioError(f"curves: expected as many elements for every scheme, received {low:g} to {high:g}")
    return low


def _fewer(runs: dict[str, xr.Dataset]) -> Iterator[tuple[str, xr.Dataset]]:
    for count, images in ((20, 1000), (10, 2000)):
        run = runs[f"_m{count}"]
        for power, snr in zip((1, 500), sorted(run[SNR].values), strict=True):
            yield f"M = {count}, B = {images:,}, P = {power}", run.sel({SNR: snr})


def _settings(panel: Axes, settings: list[tuple[str, xr.Dataset]], bottom: float) -> None:
    """A-DSGD and D-DSGD, in the colours of the panels above; a way of dashing for each setting."""
    for dash, (setting, run) in zip(DASHES, settings, strict=False):
        for at, uplink in enumerate(TWO):
            _line(panel, run.isel(uplink=at), list(NAMES).index(uplink), None, dash)
        panel.plot([], [], dash, color="0.3", label=setting)
    panel.legend(fontsize=7, framealpha=0.85, edgecolor="0.8", loc="lower right", bbox_to_anchor=(1.0, bottom))


def _line(panel: Axes, run: xr.Dataset, place: int, label: str | None, dash: str = "-") -> None:
    values = run.accuracy.transpose("seed", "round").values
    band(panel, np.asarray(run["round"].values), values, place, label, dash)


def command(draw: Callable[[Path, Path], None], about: str | None, picture: str) -> None:
    """From a folder of curves to a picture."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="with the curves, as kept in docs/curves")
    parser.add_argument("--out", type=Path, default=Path(picture), help="the picture (.png, .pdf, .svg)")
    chosen = parser.parse_args()
    try:
        draw(chosen.folder, chosen.out)
    except ScenarioError as error:
        raise SystemExit(str(error)) from None
    print(f"figure: {chosen.out}")


def main() -> None:
    command(draw, __doc__, "amiri2020.png")


if __name__ == "__main__":
    main()
