"""The figure of update-aware scheduling: a line of a rule over how many send, whatever the order of variants."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import update_aware
from overair.scenarios import ScenarioError
from tests.figures.reading import legend, lines, points


def results(names: list[str]) -> xr.Dataset:
    accuracy = np.arange(4.0 * len(names)).reshape(len(names), 2, 1, 2) / 100
    coordinates = {"variant": names, "partition": ["alike", "two classes"], "seed": [0], "round": [1, 2]}
    dims = ("variant", "partition", "seed", "round")
    return xr.Dataset({"accuracy": (dims, accuracy)}, coordinates, {"study": "federated", "scenario": "{}"})


def test_lines_go_over_how_many_send(figures: list[Figure]) -> None:
    run = results(["BC, 5 of 40", "BN2-C, 1 of 40", "BC, 1 of 40", "BN2-C, 5 of 40"])
    figures.append(update_aware.plot(run))
    panels = figures[0].axes
    assert [panel.get_title() for panel in panels] == ["alike", "two classes"]
    assert legend(panels[1]) == ["BC", "BN2-C"]
    for place, panel in enumerate(panels):
        last = run.accuracy.isel(round=-1, seed=0, partition=place).values
        found = [points(line).tolist() for line in lines(panel)]
        assert found == [[[1, 5], [last[2], last[0]]], [[1, 5], [last[1], last[3]]]]


def test_variants_of_other_names_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r'^variant: expected a name such as "BC, 5 of 40", received "low power"'):
        update_aware.plot(results(["low power"]))
