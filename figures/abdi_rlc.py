"""Random linear coding beside its digital rival at equal resources, after Abdi's fig. 5.4 and 5.3.

    overair figure abdi_rlc

The folder holds the curves of ``overair run abdi_rlc`` and ``overair run abdi_cifar`` as abdi_rlc.csv and
abdi_cifar.csv, and of the latter's digital rival, which its preset spells out, as abdi_cifar_qcs.csv. On the left LeNet
on MNIST at four compressions: a panel's elements and budgets are the same for all that send. Devices hold unequal data,
and those with more send more strongly; as no sum is undistorted unless all keep to one level, the analog side leaves
most of its energy unspent, and the caption says how much each side spends. On the right CifarNet on
CIFAR-10, where the digital rival has the elements that a compression gain of 30 takes; the legend says how many.
"""

from pathlib import Path

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..scenarios.reading.errors import ScenarioError
from ..scenarios.results import fairness
from ._kept import kept
from ._labels import axis_label, seeds_label
from ._look import BOX, caption, grid, over_rounds, picture
from ._resources import channel_uses, equal_elements

COMPRESSION = "compression"
NAMES = {"ideal": "no compression, no noise", "analog": "random linear code", "digital": "QCS, digital"}


def plot_folder(folder: Path) -> Figure:
    """The figure of the curves in a folder."""
    lenet, cifar, rival = (kept(folder, f"abdi_{name}") for name in ("rlc", "cifar", "cifar_qcs"))
    compressions = list(lenet[COMPRESSION].values)
    if len(compressions) != 4:
        raise ScenarioError(f"abdi_rlc.csv: expected four values of {COMPRESSION}, received {len(compressions)}")
    with picture(7.2, 4.2) as figure:
        panels = figure.subplot_mosaic([["0", "1", "right"], ["2", "3", "right"]], width_ratios=[1, 1, 1.5])
        for at, compression in enumerate(compressions):
            _compressed(panels[str(at)], lenet.sel({COMPRESSION: compression}), compression)
        _large(panels["right"], cifar, rival)
        for panel in panels.values():
            grid(panel)
        for name in ("2", "3", "right"):
            panels[name].set_xlabel(axis_label(lenet, "round"))
        for name in ("0", "2", "right"):
            panels[name].set_ylabel(axis_label(lenet, "accuracy"))
        for panel in (panels["0"], panels["right"]):
            panel.legend(**BOX, fontsize=6.5, loc="lower right")
        caption(figure, _told(lenet), lenet, fair=_fair(lenet, cifar, rival))
    return figure


def _compressed(panel: Axes, run: xr.Dataset, compression: float) -> None:
    for place, (uplink, name) in enumerate(NAMES.items()):
        over_rounds(panel, run.sel(uplink=uplink), place, name)
    panel.set_title(f"d/m = {compression:g}, {equal_elements(run):,.0f} elements", fontsize=8)
    panel.set_ylim(0.0, 1.0)
    panel.label_outer()


def _large(panel: Axes, cifar: xr.Dataset, rival: xr.Dataset) -> None:
    rival = rival.isel(uplink=0) if "uplink" in rival.dims else rival
    runs = {"ideal": cifar.sel(uplink="ideal"), "analog": cifar.sel(uplink="analog"), "digital": rival}
    for place, (uplink, run) in enumerate(runs.items()):
        elements = float(channel_uses(run).max())
        over_rounds(panel, run, place, f"{NAMES[uplink]}, {elements:,.0f} elements" if elements else NAMES[uplink])
    panel.set_ylim(bottom=0.0)
    panel.set_title("CifarNet on CIFAR-10, d = 1,068,298", fontsize=8)


def _told(lenet: xr.Dataset) -> str:
    energy = {name: float(lenet.energy.sel(uplink=name).mean()) for name in ("analog", "digital")}
    return (
        f"Left: LeNet on MNIST, {seeds_label(lenet).lower()}. Elements and "
        "budgets are the same for both; of its budget\na device, which takes part in every second round, spends "
        f"{energy['analog']:.0%} with the random linear code and {energy['digital']:.0%} digitally. "
        "Right: one seed, 50 devices, 18 dB."
    )


def _fair(lenet: xr.Dataset, cifar: xr.Dataset, rival: xr.Dataset) -> str:
    """What each side's lines were given: on the right two runs stand together."""
    left = fairness.told(fairness.given(lenet, ["uplink"]))
    return f"Left: {left}\nRight: {fairness.told(*(fairness.given(run, ['uplink']) for run in (cifar, rival)))}"
