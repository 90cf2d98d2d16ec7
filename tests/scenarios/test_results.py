"""Results explain themselves, survive a file, and make a table."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.scenarios import ScenarioError
from overair.scenarios.reading.sweep import Sweep, sweep
from overair.scenarios.results import dataset as results
from overair.scenarios.results import saved
from overair.scenarios.results.tables import table
from overair.scenarios.studies.federated import Federated

RAW: dict[str, Any] = {
    "title": "A test",
    "data": "digits",
    "model": "softmax",
    "devices": 5,
    "rounds": 7,
    "evaluate_every": 3,
    "uplink": ["ideal", "analog", "digital"],
    "link": {"snr_db": [-5, 5]},
}


@pytest.fixture
def plan() -> Sweep:
    return sweep(RAW)


@pytest.fixture
def dataset(plan: Sweep) -> xr.Dataset:
    random = np.random.default_rng(0)

    def unit(stopped: bool) -> dict[str, np.ndarray]:
        values = {each.name: random.random(3) for each in Federated.measures}
        for each in values.values():
            each[1:] = np.nan if stopped else each[1:]
        values["silent"], values["unheard"] = 0 * values["silent"], 0 * values["unheard"]  # all are heard
        return values | {"stopped_at": np.array(4 if stopped else -1), "ended_at": np.array(-1)}

    stops = [(0, 1), (5, 0), (5, 1), (5, 2)]
    return results.assemble(plan, [[unit((at, seed) in stops) for seed in (0, 1, 2)] for at in range(6)], {})


@pytest.mark.parametrize("rounds, every, after", [(7, 3, [3, 6, 7]), (6, 3, [3, 6]), (2, 5, [2]), (3, 1, [1, 2, 3])])
def test_the_last_round_is_always_evaluated(rounds: int, every: int, after: list[int]) -> None:
    (point,) = sweep(RAW | {"uplink": "ideal", "link": {}, "rounds": rounds, "evaluate_every": every}).points
    assert point.scenario.dimensions() == {"round": after}


def test_a_file_holds_all_of_the_dataset(dataset: xr.Dataset, tmp_path: Path) -> None:
    results.save(dataset, tmp_path)
    xr.testing.assert_identical(saved.load(tmp_path / "results.nc"), dataset)
    xr.testing.assert_identical(saved.load(tmp_path), dataset)
    assert [file.name for file in tmp_path.iterdir()] == ["results.nc"]


def test_every_variable_and_axis_has_units_and_a_long_name(dataset: xr.Dataset) -> None:
    assert set(dataset.data_vars) == {each.name for each in Federated.measures}
    for name in dataset.variables:
        assert dataset[name].attrs.keys() - {"path"} == {"units", "long_name"}
    assert dataset.snr_db.attrs == {"units": "dB", "long_name": "SNR", "path": "link.snr_db"}


def test_a_result_holds_the_scenario_that_makes_it_again(dataset: xr.Dataset, plan: Sweep) -> None:
    assert sweep(json.loads(dataset.attrs["scenario"])) == plan
    made_with = json.loads(dataset.attrs["versions"])
    assert set(made_with) == {"overair", "tensorflow", "keras", "sionna", "numpy", "python"}
    assert made_with["numpy"] == np.__version__


def test_the_table_has_a_row_for_every_point(dataset: xr.Dataset) -> None:
    heading, *rows = table(dataset)
    assert heading[:3] == ["uplink", "snr_db", "accuracy"] and heading[-1] == "stopped"
    assert [row[:2] for row in rows] == [[u, s] for u in ("ideal", "analog", "digital") for s in ("-5", "5")]
    last = dataset.accuracy.sel(uplink="analog").sel({"snr_db": 5}).isel(round=-1).values
    half = 4.302653 * last.std(ddof=1) / 3**0.5  # Student's quantile of two degrees of freedom
    assert rows[3][2] == f"{last.mean():.4f} +- {half:.4f}"
    assert (rows[0][-1], rows[3][-1]) == ("1 of 3 seeds, first in round 4", "")
    assert set(rows[5][2:-1]) == {"-"}


def test_what_is_no_result_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.nc").write_text("no results")
    xr.Dataset({"x": 1}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "scenario.json").write_text("{}")
    for name in ("text.nc", "other.nc", "half", "nothing.nc", ""):
        with pytest.raises(ScenarioError, match="^[^\n]*: expected results[^\n]*$"):
            saved.load(tmp_path / name)
