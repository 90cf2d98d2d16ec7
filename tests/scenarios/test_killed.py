"""Runs that are killed at any moment go on, and several commands on one folder share its units; no bit changes."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from overair.scenarios import run
from tests.scenarios.test_engines import RAW, hashes

ROOT = Path(__file__).parents[2]
MANY: dict[str, Any] = RAW | {"seeds": [0, 1, 2], "rounds": 60, "evaluate_every": 5}
CODE = """
import importlib, sys
importlib.import_module("overair.scenarios.studies._rounds").CHECKPOINT_SECONDS = 0.0
from overair.scenarios import run
run({raw!r}, out={out!r}, processes={processes})
"""


def start(folder: Path, processes: int = 1) -> subprocess.Popen[bytes]:
    code = CODE.format(raw=MANY, out=str(folder), processes=processes)
    return subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("whole")
    run(MANY, out=folder)
    return hashes(folder)


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_a_run_killed_again_and_again_ends_with_the_same_records(
    kills: int, whole: dict[str, str], tmp_path: Path
) -> None:
    chance, done = random.Random(0), 0
    while done < kills:
        with start(tmp_path) as process:
            time.sleep(chance.uniform(0, 6))
            done += process.poll() is None
            process.kill()
        if hashes(tmp_path).keys() == whole.keys() and done < kills:  # all done: begin anew, so that kills find work
            for file in (tmp_path / "records").glob("*.npz"):
                file.unlink()
    with start(tmp_path) as process:
        assert process.wait(300) == 0
    assert hashes(tmp_path) == whole
    assert (tmp_path / "results.nc").exists()


def test_two_commands_on_one_folder_share_the_units(whole: dict[str, str], tmp_path: Path) -> None:
    with start(tmp_path) as one, start(tmp_path) as other:
        assert one.wait(300) == 0 and other.wait(300) == 0
    assert hashes(tmp_path) == whole
    assert not list(tmp_path.rglob("*.claim")) and not list(tmp_path.rglob("*.damaged"))
