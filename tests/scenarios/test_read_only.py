"""Where nothing can be written a command says in a line what, leaves nothing half there, and exits 2."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from overair import cli, durable
from overair.scenarios import run
from tests.checkout import CURVES, needs_checkout
from tests.scenarios.test_cli import federations
from tests.scenarios.test_partial import RAW, finished, folder

__all__ = ["federations", "finished", "folder"]

WORDS = os.strerror(errno.EROFS)


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes all below a folder what a file system mounted to be read is, also for root, whom no permissions bind."""

    def lock(place: Path) -> None:
        for name in ("open", "mkdir"):
            monkeypatch.setattr(os, name, _refusing(getattr(os, name), place))

    return lock


def _refusing(real: Any, place: Path) -> Any:
    def refuse(path: Any, *arguments: Any, **named: Any) -> Any:
        writes = real.__name__ == "mkdir" or arguments[0] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and not isinstance(path, int) and Path(path).absolute().is_relative_to(place):
            if not (real.__name__ == "mkdir" and Path(path).exists()):
                raise OSError(errno.EROFS, WORDS, str(path))
        return real(path, *arguments, **named)

    return refuse


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (["report", "RUN"], "report.html"),
        (["bundle", "RUN", "--out", "RUN/x.zip"], "x.zip"),
        (["models", "RUN"], "models"),
        pytest.param(
            ["figure", "quickstart", "--curves", str(CURVES), "--out", "RUN/x.png"], "x.png", marks=needs_checkout
        ),
        (["run", "aggregation", "--out", "RUN/new"], "new/records"),
    ],
)
def test_what_cannot_be_written_is_named_in_a_line_and_nothing_of_it_is_there(
    command: list[str], what: str, folder: Path, locked: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.rglob("*"))
    locked(folder)
    capsys.readouterr()
    assert cli.main([each.replace("RUN", str(folder)) for each in command]) == 2
    told = capsys.readouterr().err
    wanted = f"overair: {folder / what}: cannot be written, {WORDS}; name another place by --out\n"
    assert told == wanted
    assert sorted(folder.rglob("*")) == before


def test_a_run_in_a_folder_that_can_only_be_read_names_its_first_file(
    folder: Path, federations: Any, locked: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    locked(folder)
    with pytest.raises(durable.Unwritable, match=f"scenario.json: cannot be written, {WORDS}$"):
        run(RAW, out=folder)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_records_that_can_only_be_read_stop_a_run_with_their_name(
    federations: Any, locked: Any, tmp_path: Path
) -> None:
    (tmp_path / "run" / "records").mkdir(parents=True)
    locked(tmp_path / "run" / "records")
    with pytest.raises(durable.Unwritable, match=rf"records/\w+.(claim|npz): cannot be written, {WORDS}$"):
        run(RAW, out=tmp_path / "run")
    assert not list((tmp_path / "run" / "records").iterdir())


def test_results_are_shown_where_nothing_can_be_written(
    folder: Path, locked: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    locked(folder)
    capsys.readouterr()
    assert cli.main(["show", str(folder)]) == 0
    shown = capsys.readouterr()
    assert f"note: no figure, as {folder / 'figure.png'} cannot be written: {WORDS}" in shown.out and not shown.err


def test_a_file_in_a_folders_place_is_named_without_a_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert cli.main(["run", "aggregation", "--out", str(tmp_path / "file" / "run")]) == 2
    told = capsys.readouterr().err
    assert "Errno" not in told and "Not a directory" in told and told.count("\n") == 1
