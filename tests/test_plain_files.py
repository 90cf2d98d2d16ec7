"""Only plain files are read, and only up to a size: nothing is waited for, and nothing large is held."""

import os
import threading
from pathlib import Path

import pytest

from overair import plain_files
from overair.learning.federated.hardware.trace import Trace
from overair.scenarios import ScenarioError
from overair.scenarios.reading import files


def test_a_file_is_read_whole_up_to_its_bound(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    (tmp_path / "link").symlink_to(file)
    assert plain_files.content(file, 3) == plain_files.content(str(tmp_path / "link"), 4) == b"abc"
    with pytest.raises(plain_files.TooLarge, match="it has more than 2 bytes"):
        plain_files.content(file, 2)


def test_what_is_no_plain_file_is_refused_without_waiting_and_no_file_stays_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/dev/fd"))
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(OSError, match="it is no plain file"):
            plain_files.content(path, 10)
    assert len(os.listdir("/dev/fd")) == before


def test_a_file_that_grows_while_it_is_read_is_held_to_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a"
    file.write_bytes(bytes(9))
    small = os.stat(file)
    file.write_bytes(bytes(99))
    monkeypatch.setattr(os, "fstat", lambda _: small)
    with pytest.raises(plain_files.TooLarge):
        plain_files.content(file, 10)


def test_pipes_in_place_of_scenarios_and_measurements_are_refused_at_once(tmp_path: Path) -> None:
    for name in ("a.toml", "a.csv"):
        os.mkfifo(tmp_path / name)
    told: list[str] = []

    def attempt() -> None:
        with pytest.raises(ScenarioError, match="a.toml: it is no plain file; name a preset or a .toml file"):
            files.parse(tmp_path / "a.toml")
        with pytest.raises(ValueError, match="trace.path: expected a .csv file of measurements, received"):
            Trace(str(tmp_path / "a.csv"))
        told.append("done")

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(60)
    assert told == ["done"]
