"""What was chosen for each point on validation data is told wherever its results are."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.results import curves, dataset, saved, tables, tuned
from overair.scenarios.running.run import run

SCENARIO = {
    "data": "digits", "model": "softmax", "devices": 4, "rounds": 4, "evaluate_every": 4, "seeds": [0, 1],
    "uplink": ["ideal", {"kind": "analog", "label": "analog $sum$"}],
    "link": {"snr_db": [0.0, 10.0], "channel": "awgn"},
    "tune": {"over": "optimizer.learning_rate", "values": [1e-4, 0.5, 1e30]},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tuned")
    run(SCENARIO, out=made)
    return made


def with_chosen(found: xr.Dataset, values: list[list[float]]) -> xr.Dataset:
    changed = found.copy(deep=True)
    changed["tuned"].values[...] = np.array(values)[..., None]
    return changed


@pytest.mark.parametrize("file", [".", "results.nc", "curve.csv"])
def test_results_hold_what_was_chosen_in_every_form(folder: Path, file: str) -> None:
    found = saved.load(folder / file)
    assert found.tuned.dims == ("uplink", "snr_db", "seed")
    assert {*found.tuned.values.ravel().tolist()} <= {1e-4, 0.5, 1e30}
    np.testing.assert_allclose(found.tuned, saved.load(folder).tuned)
    assert json.loads(found.attrs["tune"])["values"] == "0.0001, 0.5, 1e+30"


def test_a_table_has_a_column_of_what_was_chosen(folder: Path) -> None:
    heading, *rows = tables.table(with_chosen(saved.load(folder), [[0.5, 0.5], [0.5, 0.5]]))
    assert [row[heading.index("learning rate")] for row in rows] == ["0.5"] * 4


def test_a_caption_names_the_values_of_each_line_or_their_range(folder: Path) -> None:
    found = with_chosen(saved.load(folder), [[0.5, 0.5], [0.5, np.nan]])
    start = "learning rate chosen for each point on validation data: "
    assert tuned.caption(found, "uplink") == start + "ideal 0.5, analog $sum$ 0.5"
    found = with_chosen(found, [[1e-4, 0.5], [np.nan, np.nan]])
    assert tuned.caption(found, "uplink") == start + "ideal 0.0001 to 0.5, analog $sum$ none"
    assert tuned.caption(found, None) == start + "0.0001 to 0.5"
    found = found.assign_coords(uplink=["digital, all", "ideal"])
    assert tuned.caption(found, "uplink") == start + "digital, all 0.0001 to 0.5; ideal none"


def test_a_best_value_at_either_end_of_the_list_is_warned_of(folder: Path) -> None:
    found = with_chosen(saved.load(folder), [[1e-4, 0.5], [1e30, np.nan]])
    (note,) = tuned.notes(found)
    assert "at 2 of 3 points" in note and "0.0001, 0.5, 1e+30" in note
    assert note in [*tables.notes(found)]
    assert list(tuned.notes(with_chosen(found, [[0.5, 0.5], [0.5, np.nan]]))) == []


@pytest.mark.parametrize(
    "told", ["[1]", "1e999", '{"over": "x"}', '{"over": 1, "unit": "1", "values": "1"}', "[" * 9999]
)
def test_a_damaged_word_about_choices_is_one_line(folder: Path, tmp_path: Path, told: str) -> None:
    file = tmp_path / "curve.csv"
    text = (folder / "curve.csv").read_text()
    line = next(line for line in text.splitlines() if line.startswith("# tune "))
    file.write_text(text.replace(line, f"# tune {told}"))
    with pytest.raises(ScenarioError, match="^[^\n]*tune[^\n]*$"):
        saved.load(file)
    found = saved.load(folder)
    found.attrs["tune"] = told
    dataset.write(found, tmp_path / "results.nc")
    with pytest.raises(ScenarioError, match="^[^\n]*tune[^\n]*$"):
        saved.load(tmp_path / "results.nc")


def test_a_curve_without_choices_says_nothing_of_them(folder: Path, tmp_path: Path) -> None:
    found = saved.load(folder).drop_vars("tuned")
    del found.attrs["tune"]
    curves.save(found, tmp_path / "curve.csv")
    assert "tune" not in curves.load(tmp_path / "curve.csv").attrs and tuned.caption(found, "uplink") == ""
