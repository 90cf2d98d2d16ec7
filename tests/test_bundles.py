"""Results to hand on: a bundle has the same bytes every time, whatever is changed in one is found, and units that are
computed again are those of the run."""

import hashlib
import importlib
import io
import json
import random
import shutil
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import overair
from overair.bundles import FILES
from overair.cli import main
from overair.scenarios import run
from overair.scenarios.reading.searches import taken
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results import dataset as results
from overair.scenarios.results import saved, zipped
from overair.scenarios.running import again
from tests.scenarios import fake

RAW: dict[str, Any] = {
    "data": "digits", "model": "softmax", "devices": 5, "rounds": 6, "evaluate_every": 3, "seeds": [0, 5],
    "uplink": ["ideal", "analog"], "link": {"snr_db": [-5, 5]},
}  # fmt: skip
FEDERATION = importlib.import_module("overair.scenarios.studies._federation")


@pytest.fixture(autouse=True)
def federations(monkeypatch: pytest.MonkeyPatch) -> fake.Federations:
    made = fake.Federations()
    monkeypatch.setattr(FEDERATION, "prepare", made.prepare)
    monkeypatch.setattr(FEDERATION, "build", made.build)
    return made


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and its bundle beside it."""
    folder = tmp_path_factory.mktemp("once")
    with pytest.MonkeyPatch.context() as patch:
        made = fake.Federations()
        patch.setattr(FEDERATION, "prepare", made.prepare)
        patch.setattr(FEDERATION, "build", made.build)
        run(RAW, out=folder / "a")
    assert main(["bundle", str(folder / "a")]) == 0
    return folder


@pytest.fixture
def bundle(once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(once, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr("overair.bundles._figure", lambda dataset: held(once / "a.zip")["figure.png"])
    return tmp_path / "a.zip"


def held(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(file: Path, **changed: bytes) -> None:
    """With other content by the stem of a name, and checksums of it."""
    files = {name: changed.get(Path(name).stem, content) for name, content in held(file).items() if name in FILES}
    file.write_bytes(zipped.packed(files))


def refused(capsys: pytest.CaptureFixture[str], file: Path) -> str:
    """The one line that the command says."""
    capsys.readouterr()
    assert main(["verify", str(file)]) == 2
    told = capsys.readouterr()
    assert not told.out and told.err.count("\n") == 1
    return told.err


def test_it_has_the_same_bytes_every_time_and_their_checksums(bundle: Path, tmp_path: Path) -> None:
    assert main(["bundle", str(tmp_path / "a" / "results.nc"), "--out", str(tmp_path / "b.zip")]) == 0
    assert bundle.read_bytes() == (tmp_path / "b.zip").read_bytes()
    files = held(bundle)
    lines = [line.split("  ") for line in files.pop("SHA256SUMS").decode().splitlines()]
    sums = {name: digest for digest, name in lines}
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert set(files) == set(FILES)
    assert files["results.nc"] == (tmp_path / "a" / "results.nc").read_bytes()
    assert files["curve.csv"] == (tmp_path / "a" / "curve.csv").read_bytes()


def test_its_scenario_is_that_of_the_run(bundle: Path, tmp_path: Path) -> None:
    told = tomllib.loads(held(bundle)["scenario.toml"].decode())
    assert sweep(told).resolved == json.loads(saved.load(tmp_path / "a").attrs["scenario"])


def test_all_units_are_computed_again_and_are_the_same(
    bundle: Path, capsys: pytest.CaptureFixture[str], federations: fake.Federations
) -> None:
    federations.steps = 0
    assert main(["verify", str(bundle), "--units", "100"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == "verified: 8 of 8 units are the same bit for bit"
    assert federations.steps == 8 * 6
    assert {line for line in told if line.startswith("same bits: ")} == {
        f"same bits: uplink = {kind}, link.snr_db = {snr}, seed {seed}"
        for kind in ("ideal", "analog") for snr in (-5.0, 5.0) for seed in (0, 5)
    }  # fmt: skip


def test_some_are_as_many_as_asked_and_different(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(bundle), "--units", "3"]) == 0
    units = [line for line in capsys.readouterr().out.splitlines() if line.startswith("same bits")]
    assert len(set(units)) == 3


def test_a_number_that_was_changed_is_found_and_named(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the last bit of one number, in a file whose checksums are all right."""
    made = saved.load(tmp_path / "a")
    values = made.accuracy.values.copy()
    values[1, 0, 1, -1] = np.nextafter(values[1, 0, 1, -1], 2)
    forged = made.assign(accuracy=(made.accuracy.dims, values, made.accuracy.attrs))
    results.write(forged, tmp_path / "forged.nc")
    assert main(["bundle", str(tmp_path / "forged.nc")]) == 0
    assert main(["verify", str(tmp_path / "forged.zip"), "--units", "8"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == "verified: 7 of 8 units are the same bit for bit"
    (line,) = (line for line in told if line.startswith("differs"))
    assert line.startswith("differs: uplink = analog, link.snr_db = -5.0, seed 5: accuracy by ")


@pytest.mark.parametrize(
    "search",
    [
        {"tune": {"over": "optimizer.learning_rate", "values": [0.1, 0.3], "seeds": [3]}},
        {"find": {"over": "link.snr_db", "target": "accuracy >= 0.5", "low": -10, "high": 10}, "link": {}},
        {"seeds": {"precision": 0.9, "most": 8}},
    ],
    ids=["tune", "find", "seeds"],
)  # fmt: skip
def test_units_of_searches_are_searched_again(search: dict[str, Any]) -> None:
    made = run(RAW | search)
    every = again.choice(made, 100, random.Random(0))
    assert 3 <= len(every) <= len(sweep(taken(RAW | search)[0]).points) * made.sizes["seed"]
    assert not any(unit.differences for unit in again.compared(made, every[:3]))


def test_a_run_that_is_not_finished_is_refused(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = saved.load(tmp_path / "a")
    results.write(made.assign_attrs(complete=0), tmp_path / "part.nc")
    for path in (tmp_path / "part.nc", tmp_path / "a" / "curve.csv"):
        assert main(["bundle", str(path)]) == 2
        assert "expected results of a run that is finished" in capsys.readouterr().err


def test_what_says_another_thing_than_the_results_is_refused(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    curve = held(bundle)["curve.csv"]
    rewritten(bundle, curve=curve.replace(b"ideal", b"other"))
    assert "expected a curve.csv that says what results.nc does" in refused(capsys, bundle)
    rewritten(bundle, curve=curve, results=b"nothing")
    assert "expected results of overair" in refused(capsys, bundle)


Change = Callable[[zipfile.ZipFile, dict[str, bytes]], None]


def _stored(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        archive.writestr(name, content)


def _climbs(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    _stored(archive, files | {"../evil.txt": b"x"})


def _instead(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    _stored(archive, {("/etc/evil" if name == "curve.csv" else name): content for name, content in files.items()})


def _lacks(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    _stored(archive, {name: content for name, content in files.items() if name != "SHA256SUMS"})


def _bomb(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        archive.writestr(name, b"0" * 10**7 if name == "curve.csv" else content, zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize("change", [_climbs, _instead, _lacks, _bomb])
def test_a_zip_file_of_other_content_is_refused(
    bundle: Path, change: Change, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = held(bundle)
    with zipfile.ZipFile(bundle, "w") as archive:
        change(archive, files)
    before = sorted(bundle.parent.rglob("*"))
    assert "expected a zip file of overair bundle" in refused(capsys, bundle)
    assert sorted(bundle.parent.rglob("*")) == before


def test_a_file_twice_is_refused(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(bundle, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("curve.csv", b"x")
    assert "expected a zip file of overair bundle" in refused(capsys, bundle)


def test_a_damaged_byte_anywhere_is_refused_in_a_line(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the content, of what the file says of itself, and of its end."""
    content = bundle.read_bytes()
    for at in (
        *range(0, 60, 7),
        *range(1000, len(content), len(content) // 11),
        *range(len(content) - 200, len(content), 17),
    ):
        bundle.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(again, "choice", lambda *_: pytest.fail("it was read"))
            try:
                zipped.unpacked(bundle, FILES)
            except ValueError as error:
                assert "\n" not in str(error)
            else:
                assert held(bundle).keys() == {*FILES, "SHA256SUMS"}  # a date, say, which decides nothing
    bundle.write_bytes(content[:-30])
    assert "expected a zip file of overair bundle" in refused(capsys, bundle)


def test_sizes_are_bounded(bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "LARGEST", 1000)
    assert "expected at most 1000 bytes" in refused(capsys, bundle)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        _stored(archive, held(bundle))
        archive.infolist()[0].file_size = 10**9  # as a forged directory says
    bundle.write_bytes(stream.getvalue())
    monkeypatch.setattr(zipped, "LARGEST", 10**8)
    assert "larger than it is" in refused(capsys, bundle)


@pytest.mark.parametrize("units", ["0", "-1", "10001"])
def test_how_many_is_bounded(bundle: Path, units: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(bundle), "--units", units]) == 2
    assert capsys.readouterr().err == f"overair: --units: expected 1 to 10000, received {units}\n"


def test_seeds_that_a_point_did_not_need_are_not_asked_for(bundle: Path, tmp_path: Path) -> None:
    made = saved.load(tmp_path / "a")
    less = made.where((made.uplink != "ideal") | (made.seed != 5))
    chosen = again.choice(less, 100, random.Random(0))
    assert chosen == [(point, seed) for point in range(4) for seed in range(2) if point > 1 or seed == 0]


def test_results_are_read_from_python(bundle: Path, tmp_path: Path) -> None:
    """A folder, its netCDF or its curve."""
    whole = overair.load(tmp_path / "a")
    assert whole.identical(overair.load(tmp_path / "a" / "results.nc")) and whole.sizes["seed"] == 2
    np.testing.assert_allclose(overair.load(tmp_path / "a" / "curve.csv").accuracy, whole.accuracy, rtol=1e-5)
