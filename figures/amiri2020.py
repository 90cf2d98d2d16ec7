"""Analog against digital gradient descent at the wireless edge: the comparisons of Amiri and Gunduz, 2020, fig. 2 to 6.

    overair figure amiri2020

The folder holds the curves of ``overair run amiri2020`` as amiri2020.csv, and of its other settings, which the preset
spells out: amiri2020_p200.csv (P = 200), amiri2020_s30.csv (s = 3d/10), amiri2020_m20.csv and amiri2020_m10.csv (20
devices of 1,000 images and 10 of 2,000, at P = 1 and 500). Above: all schemes, with data all alike and of two classes a
device. Below: A-DSGD and D-DSGD with less power, with fewer elements, and with fewer devices. Within a panel's setting
every scheme has the same resource elements and the same energy; a curve for which that is not so is refused.
"""

from collections.abc import Iterator
from pathlib import Path

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..scenarios.results import fairness
from ._kept import kept
from ._labels import SNR, axis_label, seeds_label
from ._look import BOX, DASHES, caption, grid, over_rounds, picture
from ._resources import equal_resources

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


def plot_folder(folder: Path) -> Figure:
    """The figure of the curves in a folder."""
    runs = {name: kept(folder, f"amiri2020{name}") for name in ("", "_p200", "_s30", "_m20", "_m10")}
    spent = [equal_resources(run) for run in runs.values()]
    with picture(7.2, 6.0) as figure:
        (alike, classes), (grants, devices) = figure.subplots(2, 2, sharey=True)
        for panel, partition, title in ((alike, "iid", "alike"), (classes, "classes", "of two classes a device")):
            for place, (uplink, name) in enumerate(NAMES.items()):
                over_rounds(panel, runs[""].sel(uplink=uplink, partition=partition), place, name)
            panel.set_title(f"P = 500, s = d/2, data {title}", fontsize=8)
        figure.legend(*alike.get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
        base = runs[""].sel(partition="iid", uplink=list(TWO))
        _settings(grants, [("P = 500, s = d/2", base), ("P = 200", runs["_p200"]), ("s = 3d/10", runs["_s30"])], 0.03)
        grants.set_title("A-DSGD and D-DSGD: power and elements", fontsize=8)
        _settings(devices, list(_fewer(runs)), 0.15)
        devices.set_title("A-DSGD and D-DSGD: M devices of B images", fontsize=8)
        for panel in (alike, classes, grants, devices):
            grid(panel)
            panel.set_xlabel(axis_label(base, "round"))
        for panel in (alike, grants):
            panel.set_ylabel(axis_label(base, "accuracy"))
        caption(
            figure,
            f"{seeds_label(base)}; 25 devices of 1,000 images unless said.\nWithin a setting all schemes have the same "
            f"grant, {spent[0]:,.0f} elements a round (s = 3d/10: {spent[2]:,.0f}), and energy P\na device; "
            "D-DSGD at P = 1 is silent, whatever M.",
            runs[""],
            fair=f"Above: {fairness.line(runs[''], ['uplink'])}\nBelow, from one setting to another: "
            + fairness.told(*(fairness.given(run, ["uplink"]) for run in runs.values())),
        )
    return figure


def _fewer(runs: dict[str, xr.Dataset]) -> Iterator[tuple[str, xr.Dataset]]:
    for count, images in ((20, 1000), (10, 2000)):
        run = runs[f"_m{count}"]
        for power, snr in zip((1, 500), sorted(run[SNR].values), strict=True):
            yield f"M = {count}, B = {images:,}, P = {power}", run.sel({SNR: snr})


def _settings(panel: Axes, settings: list[tuple[str, xr.Dataset]], bottom: float) -> None:
    """A-DSGD and D-DSGD, in the colours of the panels above; a way of dashing for each setting."""
    for dash, (setting, run) in zip(DASHES, settings, strict=False):
        for at, uplink in enumerate(TWO):
            over_rounds(panel, run.isel(uplink=at), list(NAMES).index(uplink), None, dash)
        panel.plot([], [], dash, color="0.3", label=setting)
    panel.legend(**BOX, fontsize=7, loc="lower right", bbox_to_anchor=(1.0, bottom))
