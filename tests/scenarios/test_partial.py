"""What there is of a run is shown: from its records, without TensorFlow, and without writing where nothing can be."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair import cli, durable
from overair.scenarios import ScenarioError, run
from overair.scenarios.results import partial, saved
from tests.scenarios import fake

ROOT = Path(__file__).parents[2]
RAW: dict[str, Any] = {
    "title": "A test", "data": "digits", "model": "softmax", "devices": 5, "rounds": 4, "seeds": [0, 5],
    "uplink": ["analog", "ideal"], "link": {"snr_db": [-5, 5]},
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    real, made = importlib.import_module("overair.scenarios.studies._federation"), fake.Federations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(real, "prepare", made.prepare)
        patch.setattr(real, "build", made.build)
        run(RAW, out=tmp_path_factory.mktemp("of") / "run")
    return tmp_path_factory.getbasetemp() / "of0" / "run"


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A finished run."""
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def test_records_alone_are_the_results(folder: Path) -> None:
    whole = saved.load(folder)
    xr.testing.assert_identical(partial.load(folder), whole)
    (folder / "results.nc").unlink()
    xr.testing.assert_identical(saved.load(folder), whole)


@pytest.mark.parametrize("change", ["damaged", "cut", "empty", "of another scenario", "unfinished"])
def test_results_that_are_not_of_the_folders_scenario_are_passed_over(change: str, folder: Path) -> None:
    whole, file = saved.load(folder), folder / "results.nc"
    if change == "damaged":
        file.write_bytes(file.read_bytes().replace(b"analog", b"ANALOG"))
    elif change == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    elif change == "empty":
        file.write_bytes(b"")
    else:
        attributes = {"scenario": "{}"} if change == "of another scenario" else {"complete": 0}
        importlib.import_module("overair.scenarios.results.dataset").write(whole.assign_attrs(attributes), file)
    xr.testing.assert_identical(saved.load(folder), whole)


def test_results_alone_are_results_too(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole, file = saved.load(folder), folder / "results.nc"
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    xr.testing.assert_identical(saved.load(folder), whole)
    assert "results.nc: expected results of overair" in caplog.text and "its records are read instead" in caplog.text
    file.write_bytes(content)
    shutil.rmtree(folder / "records")
    xr.testing.assert_identical(saved.load(folder), whole)


def test_what_is_missing_is_nan_and_said_without_tensorflow(folder: Path) -> None:
    whole = saved.load(folder)
    first, second = sorted((folder / "records").glob("*.npz"))[:2]
    first.unlink()
    second.write_bytes(second.read_bytes()[:-40])
    (folder / "results.nc").unlink()
    before = sorted(folder.rglob("*"))
    found = saved.load(folder)
    missing = found.accuracy.isnull()
    assert found.attrs["complete"] == 0 and missing.any() and not missing.all()
    np.testing.assert_array_equal(found.accuracy.values[~missing], whole.accuracy.values[~missing])
    assert sorted(folder.rglob("*")) == before
    code = "import sys; from overair.cli import main; assert not main(sys.argv[1:]) + ('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, "show", str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("note: the run is not finished") and "is damaged" in done.stderr


@pytest.mark.parametrize(
    "told",
    [
        "", "{}", "[]", "null", "{", '{"scenario": {}}', '{"scenario": 1, "versions": {}}',
        '{"scenario": {}, "versions": 3}', '{"scenario": {"study": "none"}, "versions": {}}',
        '{"scenario": {}, "versions": {"numpy": 3}}', "[" * 10**5,
        '{"scenario": {"title": "x"}, "versions": {}}',
    ],
    ids=lambda told: told[:30],
)  # fmt: skip
def test_a_damaged_scenario_is_one_line_or_one_a_fault(told: str, folder: Path) -> None:
    (folder / "scenario.json").write_text(told)
    with pytest.raises(ScenarioError) as refused:
        saved.load(folder)
    assert all(": expected " in line for line in refused.value.lines)


def test_records_of_other_versions_are_those_the_folder_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = saved.load(folder)
    units = importlib.import_module("overair.scenarios.running.units")
    monkeypatch.setattr(units, "_versions", lambda: (("overair", "9"), ("numpy", "9")))
    (folder / "results.nc").unlink()
    xr.testing.assert_identical(saved.load(folder), whole)


def test_a_folder_that_cannot_be_written_shows_its_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(file: Path, content: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(durable, "write", refuse)
    capsys.readouterr()
    assert cli.main(["show", str(folder)]) == 0
    shown = capsys.readouterr()
    assert "accuracy" in shown.out and "ideal" in shown.out and not shown.err
    assert f"note: no figure, as {folder / 'figure.png'} cannot be written: Permission denied" in shown.out


def test_a_figure_takes_the_place_of_a_link_and_follows_none(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    os.symlink(tmp_path / "precious", folder / "figure.png")
    assert cli.main(["show", str(folder)]) == 0
    assert (tmp_path / "precious").read_text() == "mine"
    assert not (folder / "figure.png").is_symlink() and (folder / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_in_a_file_moves_the_cursor_of_a_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    failed = json.dumps([{"point": {"uplink": "\x1b[2J"}, "seed": 0, "reason": "\x1b]0;title\x07"}])
    rows = 'uplink,seed,round,accuracy\n"\x1b[31mred\x07",0,1,0.5\n[bold]$b$$[/bold],0,1,0.5\n'
    content = f"# title A\x1b[2Jtitle\x9b\n# failures {failed}\n{rows}"
    (tmp_path / "curve.csv").write_text(content)
    assert cli.main(["show", str(tmp_path / "curve.csv")]) == 1
    shown = capfd.readouterr()
    assert r"A\x1b[2Jtitle\x9b" in shown.out and r"\x1b[31mred\x07" in shown.out and "[bold]$b$$[/bold]" in shown.out
    assert "reason" not in shown.err and r"\x1b]0;title\x07" in shown.err
    assert all(each.isprintable() or each == "\n" for each in shown.out + shown.err)
