"""Channels: the power gain of some devices over the subcarriers of a symbol, and over time where anything moves.

A row is a channel; lines are devices, drawn as examples of what a scenario's channel does.
"""

from collections.abc import Sequence
from textwrap import shorten

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._labels import plain
from ._look import COLOURS, DASHES, caption, grid, picture

FLOOR_DB = -60.0  # what is less is not heard either
TITLE = 90  # letters
TOLD = {False: "Nothing moves within a slot.", True: "Left: the first symbol; right: the middle subcarrier."}


def plot(channels: Sequence[xr.Dataset]) -> Figure:
    """Responses, as a scenario's channels give them."""
    moving = any(each.sizes["time"] > 1 for each in channels)
    with picture(7.2, 0.6 + 1.9 * len(channels)) as figure:
        rows = figure.subplots(len(channels), 2 if moving else 1, squeeze=False, sharey=True)
        for row, channel in zip(rows, channels, strict=True):
            gains = channel.gain.clip(min=FLOOR_DB)
            _lines(row[0], gains.isel(time=0), channel.frequency.values / 1e3, "Frequency (kHz)")
            if moving:
                still = channel.sizes["time"] == 1
                middle = gains.isel(frequency=channel.sizes["frequency"] // 2)
                times = [0.0, 1.0] if still else channel.time.values * 1e3
                _lines(row[1], middle.pad(time=(0, 1), mode="edge") if still else middle, times, "Time (ms)")
            row[0].set_title(plain(shorten(channel.attrs["channel"], TITLE, placeholder=" ...")), loc="left")
            row[0].set_ylabel("Gain (dB)")
        several = channels[0].attrs.get("of", 0)
        some = f" The first {len(channels)} of {several} channels of the sweep." if several > len(channels) else ""
        caption(figure, f"Power gain at the first antenna, drawn as examples, a line a device. {TOLD[moving]}{some}")
    return figure


def _lines(panel: Axes, gains: xr.DataArray, places: Sequence[float], label: str) -> None:
    grid(panel)
    for at, one in enumerate(gains.transpose("device", ...).values):
        panel.plot(places, one, DASHES[at % len(DASHES)], color=COLOURS[at % len(COLOURS)], label=f"device {at}")
    panel.set_xlabel(label)
