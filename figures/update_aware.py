"""Update-aware scheduling: accuracy after all rounds over how many devices send, a line a rule, a panel a partition.

    overair run update_aware --out runs/update_aware --processes 2
    overair figure update_aware --curves runs

Variants are named RULE, N of K. Lines are means over seeds and bands their 95 % confidence intervals.
"""

import re
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ..scenarios.reading.errors import ScenarioError
from ..scenarios.results import tuned
from ._kept import kept
from ._labels import axis_label, plain, seeds_label, value_label
from ._look import BOX, DASHES, band, caption, grid, picture

NAME = re.compile(r"(.+), (\d+) of \d+")


def plot(dataset: xr.Dataset) -> Figure:
    """The figure of a run."""
    last, rules = dataset.accuracy.isel(round=-1), _rules(dataset)
    with picture(7.2, 3.9) as figure:
        panels = figure.subplots(1, dataset.sizes["partition"], sharey=True, squeeze=False)[0]
        for place, panel in enumerate(panels):
            for at, (rule, places) in enumerate(rules.items()):
                over_seeds = last.isel(partition=place, variant=list(places.values())).transpose("seed", "variant")
                band(panel, np.array([*places]), over_seeds.values, at, rule, DASHES[at % len(DASHES)])
            panel.set(xscale="log", title=value_label(dataset, "partition", place), xlabel="Devices that send")
            counts = sorted({count for places in rules.values() for count in places})
            panel.set_xticks(counts, [str(each) for each in counts])
            panel.minorticks_off()
            grid(panel)
        panels[0].set_ylabel(axis_label(dataset, "accuracy"))
        panels[-1].legend(**BOX, fontsize=7)
        told = f"{seeds_label(dataset)}, after {int(dataset['round'].values[-1])} rounds"
        if words := tuned.caption(dataset, "variant"):
            told += f"; {plain(words)}"
        caption(figure, f"{told}.", dataset, ["variant"])
    return figure


def plot_folder(folder: Path) -> Figure:
    """The figure of the result in a folder."""
    return plot(kept(folder, "update_aware"))


def _rules(dataset: xr.Dataset) -> dict[str, dict[int, int]]:
    """The place of each rule's variants by how many send, from the fewest on."""
    rules: dict[str, dict[int, int]] = {}
    for place, name in enumerate(dataset["variant"].values):
        if (found := NAME.fullmatch(str(name))) is None:
            raise ScenarioError(f'variant: expected a name such as "BC, 5 of 40", received "{name}"')
        rules.setdefault(found[1], {})[int(found[2])] = place
    return {rule: dict(sorted(places.items())) for rule, places in rules.items()}
