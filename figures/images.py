"""PSNR against SNR, a line for every scheme and a panel for every ratio: how images sent are received.

Other axes make panels too. Lines are means over seeds, bands their 95 % confidence intervals.
"""

from collections.abc import Mapping

import xarray as xr
from matplotlib.figure import Figure

from ._choice import COMPARED
from ._labels import RATIO, SNR, axis_label, place_label, seeds_label
from ._legend import legend
from ._lines import lines
from ._look import Line, caption, picture
from ._panels import Panels


def plot(
    dataset: xr.Dataset,
    variable: str = "psnr",
    others: Mapping[tuple[float, str], Line] | None = None,
) -> Figure:
    """The figure of a result; ``others``: lines from elsewhere, SNRs and values by ratio and name."""
    axes = [str(name) for name in dataset[variable].dims if name not in ("seed", RATIO, SNR)]
    compared = sorted(axes, key=lambda name: name not in COMPARED)[:1]
    layout = Panels.of(dataset, [*(name for name in axes if name not in compared), RATIO])
    many = len(layout.places)
    with picture(1.0 + (2.4 if many > 2 else 3.3) * layout.columns, 1.0 + 2.6 * layout.rows) as figure:
        panels = layout.on(figure)
        for at, (panel, place) in enumerate(zip(panels, layout.places, strict=True)):
            here = dataset.isel(place)
            lines(panel, here, variable, SNR, compared)
            for (of, name), (snrs, numbers) in (others or {}).items():
                if abs(of - float(here[RATIO])) < 1e-6:
                    panel.plot(snrs, numbers, ":", color="0.25", linewidth=1.3, label=name)
            panel.set_title(place_label(dataset, place), fontsize=8)
            x = f"{axis_label(dataset, SNR)}, P/N0 of a complex symbol"
            layout.label(at, panel, x, axis_label(dataset, variable))
        if compared or others:
            legend(figure, panels, single=False)
        hidden = f"; {layout.hidden} more panels are not shown" if layout.hidden else ""
        caption(figure, f"{seeds_label(dataset)}{hidden}.", dataset, compared)
    return figure
