"""The picture of ``retrieval``: top-1 accuracy against SNR, a line for every way and a panel for every channel."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from ._look import band, caption, grid, picture
from ._tables import Rows, select

CHANNELS = ("AWGN", "Rayleigh", "TDL-A estimated")  # in the order of panels
NOISELESS = "noiseless, 128 features"
SHOWN = {  # of each panel: ways, colours' places, dashes
    NOISELESS: (6, ":"),
    "analog": (0, "-"),
    "learnt digital, capacity": (1, "--"),
    "learnt digital, LDPC": (1, "-"),
    "picture, capacity": (2, "--"),
    "picture, LDPC": (2, "-"),
}


def over_seeds(rows: Rows, channel: str, way: str, column: str = "top1") -> np.ndarray:
    """A column of one way, [seeds, SNRs]."""
    seeds = dict.fromkeys(row["seed"] for row in rows)
    return np.array([select(rows, column, channel=channel, way=way, seed=seed)[0] for seed in seeds])


def draw(rows: Rows, path: str | Path) -> None:
    """Top-1 against SNR, a panel for every channel in the table, into a file."""
    seeds = len({row["seed"] for row in rows})
    channels = [channel for channel in CHANNELS if any(row["channel"] == channel for row in rows)]
    with picture(path, 1.2 + 2.4 * len(channels), 3.5) as figure:
        panels = figure.subplots(1, len(channels), sharey=True, squeeze=False)[0]
        for panel, channel in zip(panels, channels, strict=True):
            _panel(panel, rows, channel)
        panels[0].set_ylabel("Top-1 accuracy")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
        caption(
            figure,
            f"659 characters never trained on, 64 complex symbols a query; mean of {seeds} seeds, band from lowest to "
            "highest.\nAnalog is trained at -12 to 18 dB: over AWGN on the left, through estimated TDL-A elsewhere. "
            "Pilots are the same for all.",
        )


def _panel(panel: Axes, rows: Rows, channel: str) -> None:
    grid(panel)
    snrs = np.unique([float(row["snr_db"]) for row in rows])
    trained = "analog, -12 to 18 dB" if channel == "AWGN" else "analog, through fading"
    for name, (place, dash) in SHOWN.items():
        values = over_seeds(rows, channel, trained if name == "analog" else name)
        band(panel, snrs, values, place, name, dash)
    panel.set(xlabel="SNR (dB)", ylim=(0.0, 0.85), xticks=snrs[::2])
    panel.set_title(channel, fontsize=8)
