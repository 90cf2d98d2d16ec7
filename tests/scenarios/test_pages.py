"""Tables fit a page and lose nothing; other programs read the same numbers as CSV, JSON and LaTeX."""

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from overair import cli
from overair.scenarios.results import exported, pages, saved, tables
from overair.scenarios.results.tables import Against
from tests.checkout import CURVES, needs_checkout

ROWS = [["uplink", "snr", "accuracy", "elements"], ["a", "1", "0.5", "7"], ["b", "1", "0.5", "7"]]


def results(values: Any = None) -> xr.Dataset:
    accuracy = np.array([[0.5, 0.7, 0.6], [0.4, 0.4, 0.1]]) if values is None else np.array(values)
    dims, told = ("uplink", "seed", "round"), {"units": "1", "long_name": "test accuracy"}
    data = {"accuracy": (dims, accuracy[..., None], told), "loss": (dims, 2 * accuracy[..., None])}
    places = {"uplink": ["analog_50%", "digital"], "seed": [0, 1, 2], "round": [9]}
    return xr.Dataset(data, places, {"study": "federated", "title": "A <title>"})


def test_columns_that_do_not_vary_stand_above_but_for_those_kept() -> None:
    same, rest = pages.folded(ROWS, kept=["accuracy"])
    assert same == {"snr": "1", "elements": "7"}
    assert rest == [["uplink", "accuracy"], ["a", "0.5"], ["b", "0.5"]]
    assert pages.folded(ROWS[:2]) == ({}, ROWS[:2])  # one row says nothing of others


@pytest.mark.parametrize("width", [10, 17, 20, 31, 32, 80])
def test_pages_fit_and_together_have_every_cell(width: int) -> None:
    made = list(pages.pages(ROWS, 2, width))
    cells = [column for page in made for column in list(zip(*page, strict=True))[2:]]
    assert cells == list(zip(*ROWS, strict=True))[2:]
    assert all([row[:2] for row in page] == [row[:2] for row in ROWS] for page in made)
    least = max(len("uplink  snr  accuracy"), width)  # a column that is wider than the page is not cut
    assert all(len(line) <= least for page in made for line in pages.lines(page))
    assert len(made) == (1 if width >= 31 else 2)


@needs_checkout
@pytest.mark.parametrize("name", ["quickstart", "amiri2020", "aggregation", "link", "rates_over_links", "papr"])
def test_tables_of_what_is_kept_fit_80_columns(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(CURVES / f"{name}.csv", tmp_path / "run.csv")
    assert cli.main(["show", str(tmp_path / "run.csv"), "--format", "svg"]) == 0
    heading = tables.table(saved.load(tmp_path / "run.csv"))[0]
    lines = capsys.readouterr().out.splitlines()
    first = next(at for at, line in enumerate(lines) if "  " in line and line.split()[0] in heading)
    last = next(at for at, line in enumerate(lines) if line.startswith(("note: ", "hardly heard", "figure: ")))
    assert all(len(line) <= 80 for line in lines[first:last])
    above = " ".join(line for line in lines[:first])
    assert all(any(name in line for line in lines[first:last]) or name in above for name in heading)


def test_numbers_are_means_with_the_ends_of_their_interval() -> None:
    rows = list(csv.DictReader(io.StringIO(exported.to_csv(results()))))
    assert [row["uplink"] for row in rows] == ["analog_50%", "digital"]
    for row, seeds in zip(rows, results().accuracy.values[..., 0], strict=True):
        low, high = stats.t.interval(0.95, 2, seeds.mean(), stats.sem(seeds))
        found = [float(row[name]) for name in ("accuracy", "accuracy_low", "accuracy_high", "loss")]
        np.testing.assert_allclose(found, [seeds.mean(), low, high, 2 * seeds.mean()])


def test_differences_are_paired() -> None:
    told = json.loads(exported.to_json(results(), Against("uplink", "digital")))
    paired = results().accuracy.values[0, :, 0] - results().accuracy.values[1, :, 0]
    first, second = told["rows"]
    low, high = stats.t.interval(0.95, 2, paired.mean(), stats.sem(paired))
    found = [first[name] for name in ("difference", "difference_low", "difference_high")]
    np.testing.assert_allclose(found, [paired.mean(), low, high])
    assert second["difference"] == 0 and told["against"] == {"uplink": "digital"}
    assert told["columns"]["accuracy"]["long_name"] == "test accuracy" and told["seeds"] == [0, 1, 2]


def test_what_is_not_known_is_null_in_json_and_empty_in_csv() -> None:
    unknown = results([[0.5, 0.7, 0.6], [np.nan] * 3])
    assert json.loads(exported.to_json(unknown))["rows"][1]["accuracy"] is None
    assert exported.to_csv(unknown).splitlines()[2].startswith("digital,,,")


def test_latex_has_its_signs_escaped_and_as_many_cells_as_columns() -> None:
    lines = exported.to_latex(results()).splitlines()
    assert lines[0].startswith("% accuracy: mean over 3 seeds +- half")
    assert lines[1:3] == [r"\begin{tabular}{lrr}  % \usepackage{booktabs}", r"\toprule"]
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}"]
    assert lines[5] == r"analog\_50\% & 0.6000 $\pm$ 0.2484 & 1.2 \\"
    assert lines[3] == r"uplink & accuracy & loss \\" and lines[4] == r"\midrule"


@needs_checkout
@pytest.mark.parametrize("form", ["csv", "json", "latex"])
def test_the_command_prints_the_table_alone(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(CURVES / "quickstart.csv", tmp_path / "run.csv")
    assert cli.main(["show", str(tmp_path / "run.csv"), f"--{form}", "--against", "ideal"]) == 0
    out = capsys.readouterr().out
    written = {"csv": exported.to_csv, "json": exported.to_json, "latex": exported.to_latex}[form]
    assert out == written(saved.load(tmp_path / "run.csv"), Against("uplink", "ideal"))
    assert [file.name for file in tmp_path.iterdir()] == ["run.csv"]
