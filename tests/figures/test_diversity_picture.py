"""The figure of multiuser diversity: levels of one block, a line for each number of senders, theory beside."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import diversity
from tests.figures.reading import legend, lines, points


def results() -> xr.Dataset:
    gain = np.array([[[[2.9, 1.6], [2.0, 1.4]]], [[[2.8, 1.6], [1.5, 1.2]]]])
    dims = ("delay_spread", "seed", "bandwidth", "senders")
    coordinates = {"delay_spread": [1e-7, 3e-7], "seed": [0], "bandwidth": [1e6, 1e8], "senders": [1, 5]}
    attrs = {"study": "diversity", "scenario": '{"devices": 10}'}
    return xr.Dataset({"gain": (dims, gain), "theory": (dims, gain + 0.1)}, coordinates, attrs)


def test_levels_and_lines(figures: list[Figure]) -> None:
    figures.append(diversity.plot(results()))
    (panel,) = figures[0].axes
    levels = [points(line)[1][0] for line in panel.get_lines() if line.get_transform() != panel.transData]
    np.testing.assert_allclose(levels, [2.928968, 1 + sum(1 / np.arange(6, 11))], rtol=1e-6)
    assert [text for text in legend(panel) if "best" in text] == ["best 1 of 10", "best 5 of 10"]
    drawn = [points(line)[1].tolist() for line in lines(panel)]
    assert [2.9, 2.0] in drawn and [1.6, 1.2] in drawn and [3.0, 2.1] in drawn
    assert panel.get_xscale() == "log" and panel.get_xlabel() == "Bandwidth (Hz)"
