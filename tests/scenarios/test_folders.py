"""A run without --out is kept in a folder of its own, which it names."""

import importlib
import re
import shlex
from datetime import datetime
from pathlib import Path

import pytest

from overair import cli, folders
from tests.scenarios import fake

TINY = ["--set", "rounds=2", "--set", "seeds=[0]", "--set", "link.snr_db=0", "--set", "uplink=[ideal,analog]"]


class Clock(datetime):
    """A minute that does not pass."""

    @classmethod
    def now(cls, tz: object = None) -> "Clock":
        return cls(2026, 11, 26, 23, 5, 59)


@pytest.fixture(autouse=True)
def federations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> fake.Federations:
    made = fake.Federations()
    real = importlib.import_module("overair.scenarios.studies._federation")
    monkeypatch.setattr(real, "prepare", made.prepare)
    monkeypatch.setattr(real, "build", made.build)
    monkeypatch.setattr(folders, "datetime", Clock)
    monkeypatch.chdir(tmp_path)
    return made


def test_the_same_command_twice_makes_two_folders_and_says_what_opens_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for suffix in ("", "-2", "-3"):
        assert cli.main(["run", "quickstart", *TINY]) == 0
        folder, out = f"runs/quickstart-2026-11-26T23-05{suffix}", capsys.readouterr().out
        assert out.endswith(f"figure: {folder}/figure.png\nresults: {folder}/results.nc (overair show {folder})\n")
        made = {file.name for file in (tmp_path / folder).iterdir()}
        assert made >= {"curve.csv", "figure.png", "records", "results.nc", "scenario.json"}
    assert [file.name for file in tmp_path.iterdir()] == ["runs"]
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_what_a_run_says_opens_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "it's mine.toml").write_text('data = "digits"\nmodel = "softmax"\ndevices = 5\nuplink = "ideal"\n')
    assert cli.main(["run", "it's mine.toml", "--set", "rounds=2", "--set", "seeds=[0]"]) == 0
    told = capsys.readouterr().out
    found = re.search(r"\(overair (.+)\)$", told.rstrip())
    assert found and cli.main(shlex.split(found[1])) == 0
    assert capsys.readouterr().out in told


def test_a_run_that_cannot_be_leaves_no_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("no such data")

    monkeypatch.setattr(importlib.import_module("overair.scenarios.studies._federation"), "prepare", refuse)
    assert cli.main(["run", "quickstart", *TINY]) == 2
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "runs").symlink_to("nowhere")
    assert cli.main(["run", "quickstart", *TINY]) == 2
    told = "runs: expected a folder, found something else; move it or use --out"
    assert capsys.readouterr().err.splitlines()[-1] == f"overair: {told}"


def test_an_interrupted_run_says_where_it_goes_on(
    federations: fake.Federations, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    federations.before_step = interrupt
    assert cli.main(["run", "quickstart", *TINY]) == 130
    line = capsys.readouterr().err.splitlines()[-1]
    assert line == ("overair: stopped; with --out runs/quickstart-2026-11-26T23-05 the same command goes on from here")


def test_failed_units_are_done_again_in_a_folder_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "quickstart", *TINY, "--retry"]) == 2
    assert "--retry: expected beside --out" in capsys.readouterr().err


def test_names_are_cut_where_systems_would_refuse_them(tmp_path: Path) -> None:
    with folders.kept(None, "ü" * 250) as made:
        assert made.is_dir()
    assert list(tmp_path.iterdir()) == []
