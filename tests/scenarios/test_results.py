"""Results explain themselves, survive a file, and make a table."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.scenarios import ScenarioError, results, saved
from overair.scenarios.reading.sweep import Sweep, sweep

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
    keys = [(at, seed) for at in range(6) for seed in (0, 1, 2)]
    records = {key: results.Record(-1, random.random([len(results.VARIABLES), 3])) for key in keys}
    for key in [(0, 1), (5, 0), (5, 1), (5, 2)]:
        records[key].values[:, 1:] = np.nan
        records[key] = results.Record(4, records[key].values)
    return results.assemble(plan, records)


@pytest.mark.parametrize("rounds, every, after", [(7, 3, [3, 6, 7]), (6, 3, [3, 6]), (2, 5, [2]), (3, 1, [1, 2, 3])])
def test_the_last_round_is_always_evaluated(rounds: int, every: int, after: list[int]) -> None:
    assert results.evaluations(rounds, every) == after


def test_a_file_holds_all_of_the_dataset(dataset: xr.Dataset, tmp_path: Path) -> None:
    results.save(dataset, tmp_path / "results.nc")
    xr.testing.assert_identical(saved.load(tmp_path / "results.nc"), dataset)
    xr.testing.assert_identical(saved.load(tmp_path), dataset)
    assert [file.name for file in tmp_path.iterdir()] == ["results.nc"]


def test_every_variable_and_axis_has_units_and_a_long_name(dataset: xr.Dataset) -> None:
    assert set(dataset.data_vars) == {*results.VARIABLES, "stopped_at"}
    for name in dataset.variables:
        assert dataset[name].attrs.keys() == {"units", "long_name"}
    assert dataset["link.snr_db"].attrs["units"] == "dB"


def test_a_result_holds_the_scenario_that_makes_it_again(dataset: xr.Dataset, plan: Sweep) -> None:
    assert sweep(json.loads(dataset.attrs["scenario"])) == plan
    made_with = json.loads(dataset.attrs["versions"])
    assert set(made_with) == {"overair", "tensorflow", "keras", "sionna", "numpy", "python"}
    assert made_with["numpy"] == np.__version__


def test_the_table_has_a_row_for_every_point(dataset: xr.Dataset) -> None:
    heading, *rows = results.table(dataset)
    assert heading[:3] == ["uplink", "link.snr_db", "accuracy"] and heading[-1] == "stopped"
    assert [row[:2] for row in rows] == [[u, s] for u in ("ideal", "analog", "digital") for s in ("-5.0", "5.0")]
    last = dataset.accuracy.sel(uplink="analog").sel({"link.snr_db": 5}).isel(round=-1).values
    assert rows[3][2] == f"{last.mean():.4f} +- {last.std(ddof=1):.4f}"
    assert (rows[0][-1], rows[3][-1]) == ("1 of 3 seeds, first in round 4", "")
    assert set(rows[5][2:-1]) == {"-"}


def test_what_is_no_result_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.nc").write_text("no results")
    xr.Dataset({"x": 1}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "scenario.json").write_text("{}")
    for name in ("text.nc", "other.nc", "half", "nothing.nc", ""):
        with pytest.raises(ScenarioError, match="^.*: expected (results|a finished run).*$"):
            saved.load(tmp_path / name)
