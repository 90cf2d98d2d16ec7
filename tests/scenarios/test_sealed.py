"""Damaged results are never parsed: a seal over all bytes is checked first, and what it says is one line."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
import pytest
import xarray as xr

from overair.scenarios import ScenarioError
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results import dataset as results
from overair.scenarios.results import saved
from overair.scenarios.results.sealed import seal
from overair.scenarios.studies.federated import Federated

ROOT = Path(__file__).parents[2]
RAW: dict[str, Any] = {
    "title": "A test", "data": "digits", "model": "softmax", "devices": 5, "rounds": 7,
    "uplink": ["ideal", "analog", "digital"], "link": {"snr_db": [-5, 5]},
}  # fmt: skip


@pytest.fixture
def dataset() -> xr.Dataset:
    random = np.random.default_rng(0)
    plan = sweep(RAW)
    rounds = len(plan.points[0].scenario.dimensions()["round"])

    def unit() -> dict[str, np.ndarray]:
        values = {each.name: random.random(rounds) for each in Federated.measures}
        return values | {"stopped_at": np.array(-1), "ended_at": np.array(-1)}

    return results.assemble(plan, [[unit() for _ in range(3)] for _ in range(6)], {})


def damaged(content: bytes, kind: int, random: np.random.Generator) -> bytes:
    """Bits turned, an end cut off, or two blocks exchanged."""
    at, other = (int(place) for place in random.integers(0, len(content) - 64, 2))
    if kind == 0:
        broken = bytearray(content)
        for place in random.integers(0, len(content), random.integers(1, 9)):
            broken[place] ^= 1 << int(random.integers(8))
        return bytes(broken)
    if kind == 1:
        return content[:at]
    low, high = min(at, other), max(at, other) + 64
    return (
        content[:low]
        + content[high - 64 : high]
        + content[low + 64 : high - 64]
        + content[low : low + 64]
        + content[high:]
    )


def test_two_hundred_damages_are_each_one_line_and_take_no_time(dataset: xr.Dataset, tmp_path: Path) -> None:
    file, random = tmp_path / "results.nc", np.random.default_rng(0)
    results.write(dataset, file)
    whole = file.read_bytes()
    for number in range(200):
        broken = damaged(whole, number % 3, random)
        if broken == whole:  # an exchange of equal blocks
            continue
        file.write_bytes(broken)
        begun = time.perf_counter()
        with pytest.raises(ScenarioError, match="^[^\n]*results.nc: expected results of overair[^\n]*$"):
            saved.load(file)
        assert time.perf_counter() - begun < 1.0
    file.write_bytes(whole)
    xr.testing.assert_identical(saved.load(file), dataset)


def test_a_sealed_file_is_netcdf_to_everybody_else(dataset: xr.Dataset, tmp_path: Path) -> None:
    results.write(dataset, tmp_path / "results.nc")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "results.nc", engine="h5netcdf"), dataset)
    with h5py.File(tmp_path / "results.nc") as parts:
        assert parts["accuracy"].shape == dataset.accuracy.shape


def test_what_others_wrote_or_changed_is_refused_with_what_to_do(dataset: xr.Dataset, tmp_path: Path) -> None:
    file = tmp_path / "mine.nc"
    dataset.to_netcdf(file, engine="h5netcdf")
    with pytest.raises(ScenarioError, match="with their checksum, found none; read it with xarray and write it by"):
        saved.load(file)
    results.write(xr.load_dataset(file).isel(seed=[0]), file)
    assert saved.load(file).sizes["seed"] == 1
    with h5py.File(file, "a") as parts:
        parts["accuracy"][...] = 0.5
    with pytest.raises(ScenarioError, match="expected results of overair"):
        saved.load(file)


def test_a_small_file_that_asks_for_much_memory_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with h5netcdf.File(stream, "w") as parts:
        parts.dimensions = {"seed": 2**31}
        parts.create_variable("accuracy", ("seed",), "f8")  # 16 GiB that were never written
    (tmp_path / "large.nc").write_bytes(seal(stream.getvalue()))
    with pytest.raises(ScenarioError, match="its variables are said to have 17179869184 bytes"):
        saved.load(tmp_path / "large.nc")


@pytest.mark.parametrize(
    "changed",
    [
        {"study": "none"},
        {"study": 3},
        {"title": 3.5},
        {"failures": "[1]"},
        {"failures": '[{"point": 1, "seed": 0, "reason": ""}]'},
        {"failures": "[" * 5000},
        {"failures": 1},
        {"scenario": [1, 2]},
        {"find": "[1]"},
        {"find": '{"over": 1, "unit": "", "target": ""}'},
        {"find": 3},
    ],
    ids=str,
)
def test_sealed_nonsense_is_one_line(changed: dict[str, Any], dataset: xr.Dataset, tmp_path: Path) -> None:
    results.write(dataset.assign_attrs(changed), tmp_path / "results.nc")
    with pytest.raises(ScenarioError, match="^[^\n]*: expected [^\n]*$"):
        saved.load(tmp_path / "results.nc")


@pytest.mark.parametrize("change", ["no seeds", "no labels", "texts", "no accuracy", "no points"])
def test_sealed_results_that_no_table_can_show_are_one_line(change: str, dataset: xr.Dataset, tmp_path: Path) -> None:
    changes = {
        "no seeds": dataset.isel(seed=0, drop=True),
        "no labels": dataset.drop_vars("uplink"),
        "texts": dataset.assign(accuracy=dataset.accuracy.astype(str)),
        "no accuracy": dataset.drop_vars("accuracy"),
        "no points": dataset.isel(uplink=slice(0, 0)),
    }
    results.write(changes[change], tmp_path / "results.nc")
    with pytest.raises(ScenarioError, match="^[^\n]*: expected results of overair[^\n]*$"):
        saved.load(tmp_path / "results.nc")


def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path) -> None:
    for suffix in ("nc", "csv"):
        os.mkfifo(tmp_path / f"pipe.{suffix}")
        with pytest.raises(ScenarioError, match="no plain file"):
            saved.load(tmp_path / f"pipe.{suffix}")
        with (tmp_path / f"huge.{suffix}").open("wb") as stream:
            stream.truncate(2**40)
        with pytest.raises(ScenarioError, match="expected at most"):
            saved.load(tmp_path / f"huge.{suffix}")


def test_a_full_disk_is_one_error_and_leaves_what_was_there(dataset: xr.Dataset, tmp_path: Path) -> None:
    """The library crashed the interpreter where it wrote itself; a limit on files stands for a full disk."""
    results.save(dataset, tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    code = f"""
import resource, signal, xarray
from overair.scenarios.results import dataset, saved
made = saved.load({str(tmp_path)!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before["results.nc"]) // 2},) * 2)
try:
    dataset.save(made, __import__("pathlib").Path({str(tmp_path)!r}))
except OSError as error:
    print(error.strerror)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "File too large\n", "")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
