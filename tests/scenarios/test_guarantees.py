"""What is said beside an epsilon: of which runs it is, and which choice it does not count."""

import json

import numpy as np
import xarray as xr

from overair.scenarios.results.guarantees import notes


def result(epsilon: list[list[float]], **attributes: str) -> xr.Dataset:
    """Of two uplinks and so many seeds."""
    coordinates = {"uplink": ["one", "other"], "seed": range(len(epsilon[0]))}
    values = {"epsilon": (("uplink", "seed"), np.array(epsilon))}
    return xr.Dataset(values, coordinates, {"study": "federated", **attributes})


def test_the_largest_of_all_seeds_is_named_where_they_differ() -> None:
    [line] = notes(result([[1.0, 1.5], [np.nan, np.nan]]))
    assert line.startswith("epsilon is of each run alone; numbers are means over seeds, and the largest is 1.5 (")
    assert "uplink = one" in line and "seed = 1" in line
    assert list(notes(result([[1.0, 1.0], [2.0, 2.0]]))) == ["epsilon is of each run alone"]
    assert list(notes(result([[np.nan, np.nan]] * 2))) == []


def test_a_choice_by_trials_on_the_same_data_is_said_not_to_count() -> None:
    tune = json.dumps({"over": "learning rate", "unit": "1", "values": "1, 2"})
    [line] = notes(result([[1.0], [2.0]], tune=tune))
    assert line.endswith("; what the choice of learning rate by tune tells is not counted")
