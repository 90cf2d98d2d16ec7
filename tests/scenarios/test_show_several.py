"""`overair show` takes several runs, as folders and files, and touches the files of none."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from overair import cli
from overair.scenarios import run
from overair.scenarios.results import saved
from tests.checkout import CURVES, needs_checkout


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two small runs of the quickstart: a scheme of one's own and a baseline."""
    folder = tmp_path_factory.mktemp("runs")
    scenario = {
        "data": "digits", "model": "softmax", "devices": 5, "rounds": 3, "evaluate_every": 3, "seeds": [0, 1],
        "link": {"snr_db": [0, 10], "channel": {"kind": "tdl", "model": "A"}}, "grant": {"elements": 325},
    }  # fmt: skip
    run(scenario | {"uplink": "analog"}, out=folder / "mine")
    run(scenario | {"uplink": {"kind": "digital", "compressor": "eden"}}, out=folder / "baseline")
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert cli.main(["show", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_two_runs_stand_in_one_table_and_one_figure(runs: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file: file.stat().st_mtime_ns for file in runs.rglob("*")}
    shown = told(capsys, runs / "mine", runs / "baseline", "--lines", "run", "--no-caption")
    assert shown.splitlines()[-2] == "figure: joint.png" and (here / "joint.png").read_bytes().startswith(b"\x89PNG")
    assert "Compared alike: same links, same elements (325, with pilots), energy at most P, 2 seeds." in shown
    assert "note: runs differ in uplink" in shown
    assert {file: file.stat().st_mtime_ns for file in runs.rglob("*")} == before


def test_numbers_are_those_of_each_run_whichever_of_its_files_is_named(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for files in (("mine", "baseline"), ("mine/results.nc", "baseline"), ("mine/curve.csv", "baseline/results.nc")):
        rows = [*csv.DictReader(io.StringIO(told(capsys, *(runs / file for file in files), "--csv")))]
        assert [(row["run"], row["snr_db"]) for row in rows] == [
            (name, snr) for name in ("mine", "baseline") for snr in ("0.0", "10.0")
        ]
        for name in ("mine", "baseline"):
            own = saved.load(runs / name).accuracy.isel(round=-1).mean("seed").values
            np.testing.assert_allclose([float(row["accuracy"]) for row in rows if row["run"] == name], own, rtol=1e-5)


def test_differences_levels_and_other_forms_have_the_axis_of_runs(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = runs / "mine", runs / "baseline"
    rows = json.loads(told(capsys, *both, "--json", "--against", "baseline"))["rows"]
    mine, rival = (saved.load(each).accuracy.isel(round=-1) for each in both)
    np.testing.assert_allclose([row["difference"] for row in rows], [*(mine - rival).mean("seed").values, 0, 0])
    assert told(capsys, *both, "--to", "accuracy=0.1").splitlines()[1].split()[:3] == ["run", "snr_db", "reached"]
    assert "run & snr\\_db & accuracy" in told(capsys, *both, "--latex")


@needs_checkout
def test_the_figure_of_several_is_of_the_kind_that_is_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("amiri2020_p200", "amiri2020_s30"):
        shutil.copy(CURVES / f"{name}.csv", here)
    asked = ["amiri2020_p200.csv", "amiri2020_s30.csv", "--x", "elements", "--style", "ieee", "--format", "pdf"]
    assert told(capsys, *asked).endswith("figure: joint.pdf\n")
    assert {file.name for file in here.iterdir()} == {"amiri2020_p200.csv", "amiri2020_s30.csv", "joint.pdf"}


@needs_checkout
def test_what_a_name_of_a_run_holds_is_shown_and_does_nothing_to_a_terminal(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, curve in (("red\x1b[31m", "quickstart"), ("plain", "power_rules")):
        shutil.copy(CURVES / f"{curve}.csv", here / f"{name}.csv")
    shown = told(capsys, "plain.csv", "red\x1b[31m.csv")
    assert r"note: red\x1b[31m: " in shown and "\x1b" not in shown


@needs_checkout
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["quickstart", "amiri2020", "--toml"], "--toml: expected one preset or scenario, received 2"),
        (
            [CURVES / "quickstart.csv", CURVES / "link.csv"],
            'study: expected the same of all that is joined, received "fe',
        ),
        (
            [CURVES / "quickstart.csv", CURVES / "amiri2020.csv"],
            "round: expected the same of all that is joined, received",
        ),
        ([CURVES / "quickstart.csv"] * 2, "quickstart.csv, which are of one run"),
        (
            [CURVES / "quickstart.csv", "amiri2020"],
            "amiri2020: expected results, received a preset; overair run amiri2020",
        ),
        ([CURVES / "quickstart.csv", "nothing"], "results, No such file or directory; name the folder of a run"),
        ([CURVES / "quickstart.csv", CURVES / "power_rules.csv", "--against", "nobody"], "--against: expected a value"),
    ],
    ids=str,
)
def test_what_cannot_be_shown_together_is_one_line_and_no_file(
    asked: list[object], words: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["show", *map(str, asked)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1) and words in err and not [*here.iterdir()]
