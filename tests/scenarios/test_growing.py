"""A run grows: what is new in a scenario is done and nothing else, and the whole is what it would be at once."""

import importlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair import npz
from overair.scenarios import ScenarioError, run
from tests.scenarios import fake

RAW: dict[str, Any] = {
    "data": "digits",
    "model": "softmax",
    "devices": 5,
    "rounds": 6,
    "evaluate_every": 3,
    "seeds": [0, 5],
    "uplink": "analog",
    "link": {"snr_db": [-5, 5]},
}
FEDERATION = importlib.import_module("overair.scenarios.studies._federation")


@pytest.fixture
def federations(monkeypatch: pytest.MonkeyPatch) -> fake.Federations:
    made = fake.Federations()
    monkeypatch.setattr(FEDERATION, "prepare", made.prepare)
    monkeypatch.setattr(FEDERATION, "build", made.build)
    return made


@pytest.mark.parametrize(
    "change, steps",
    [
        ("link.snr_db=[-5,5,15]", 2 * 6),
        ("seeds=[0,5,7]", 2 * 6),
        ("uplink=[analog,digital]", 4 + 4 + 6 + 6),  # two of which diverge in round 4
        ("uplink=[ideal,analog]", 2 * 6),  # one for both SNRs
        ("rounds=9", 4 * 3),
        ("link.snr_db=5", 0),
        ("rounds=3", 0),
        ("evaluate_every=6", 0),
        ("evaluate_every=2", 4 * 6),  # no state was kept after rounds 2 and 4
        ("title=Another", 0),
    ],
)
def test_only_what_is_new_is_done_and_the_whole_is_the_same(
    change: str, steps: int, federations: fake.Federations, tmp_path: Path
) -> None:
    run(RAW, out=tmp_path)
    federations.steps = 0
    grown = run(RAW, [change], out=tmp_path)
    assert federations.steps == steps
    xr.testing.assert_identical(grown, run(RAW, [change]))


def test_what_was_dropped_is_still_there_when_it_comes_again(federations: fake.Federations, tmp_path: Path) -> None:
    first = run(RAW, out=tmp_path)
    run(RAW, ["link.snr_db=15", "seeds=[9]"], out=tmp_path)
    federations.steps = 0
    xr.testing.assert_identical(run(RAW, out=tmp_path), first)
    assert federations.steps == 0


def test_a_real_federation_that_gets_more_rounds_goes_on_bit_for_bit(tmp_path: Path) -> None:
    small = RAW | {"seeds": [3], "link": {"snr_db": 0, "channel": "rayleigh"}, "participation": 0.5, "batch_size": 8}
    small |= {"uplink": {"kind": "analog", "codec": "sparse", "feedback": 1.0}, "devices": 8}
    small |= {"optimizer": {"name": "adam", "learning_rate": 0.01}}
    from overair.learning import Federation

    run(small, out=tmp_path)
    step, steps = Federation.step, []

    def counted(*arguments: Any) -> Any:
        steps.append(1)
        return step(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Federation, "step", counted)
        grown = run(small, ["rounds=10"], out=tmp_path)
    assert len(steps) == 4
    xr.testing.assert_identical(grown, run(small, ["rounds=10"]))


def test_a_damaged_record_is_named_set_aside_and_done_again(
    federations: fake.Federations, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, random = run(RAW, out=tmp_path), np.random.default_rng(0)
    files = sorted((tmp_path / "records").glob("*.npz"))
    for file, harm in zip(files, ("cut", "empty", "flipped", "text"), strict=True):
        content = bytearray(file.read_bytes())
        if harm == "flipped":
            content[random.integers(200, 400)] ^= 0xFF
        harmed: dict[str, bytes] = {"cut": bytes(content[:-50]), "empty": b"", "flipped": bytes(content), "text": b"no"}
        file.write_bytes(harmed[harm])
    federations.steps = 0
    xr.testing.assert_identical(run(RAW, out=tmp_path), first)
    assert federations.steps == 4 * 6
    for file in files:
        assert file.with_name(f"{file.name}.damaged").exists()
        assert any(f"{file} is damaged and set aside" in message for message in caplog.messages)


def test_a_damaged_scenario_is_set_aside_and_the_records_are_used(
    federations: fake.Federations, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = run(RAW, out=tmp_path)
    (tmp_path / "scenario.json").write_text("{")
    federations.steps = 0
    xr.testing.assert_identical(run(RAW, out=tmp_path), first)
    assert federations.steps == 0 and json.loads((tmp_path / "scenario.json").read_text())["scenario"]
    assert any("scenario.json is damaged" in message for message in caplog.messages)


def test_a_scenario_nested_beyond_reading_is_set_aside(federations: fake.Federations, tmp_path: Path) -> None:
    run(RAW, out=tmp_path)
    (tmp_path / "scenario.json").write_text("[" * 100_000)
    run(RAW, out=tmp_path)
    assert (tmp_path / "scenario.json.damaged").exists()


ODD = {  # what reading would wait for, or never end with
    "fifo": os.mkfifo,
    "endless": lambda file: os.symlink("/dev/zero", file),
    "sparse": lambda file: sparse(file, 2**40),
}


@pytest.mark.parametrize("odd", ODD)
def test_a_scenario_that_is_no_plain_file_is_refused_at_once(
    federations: fake.Federations, tmp_path: Path, odd: str
) -> None:
    run(RAW, out=tmp_path)
    (tmp_path / "scenario.json").unlink()
    ODD[odd](tmp_path / "scenario.json")
    with pytest.raises(
        ScenarioError, match="scenario.json: expected (results, it is no plain file|at most .* of results)"
    ):
        run(RAW, out=tmp_path)


@pytest.mark.parametrize("odd", ODD)
def test_a_record_that_is_no_plain_file_is_done_again(federations: fake.Federations, tmp_path: Path, odd: str) -> None:
    first = run(RAW, out=tmp_path)
    record = min((tmp_path / "records").glob("*.npz"))
    record.unlink()
    ODD[odd](record)
    federations.steps = 0
    xr.testing.assert_identical(run(RAW, out=tmp_path), first)
    assert federations.steps == 6 and record.is_file() and not record.is_symlink()


NONSENSE: dict[str, dict[str, Any]] = {  # whole files whose content is none
    "coordinates": {"coordinates": {}},
    "no table": {"coordinates": 3},
    "other names": {"names": ["\x1b[31m"]},
    "no names": {"names": 7},
    "many states": {"states": 10**9},
    "texts": {"value0": np.array(["a", "b"])},
    "too short": {"value0": np.zeros(0)},
}


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_a_record_that_holds_nonsense_is_set_aside_and_done_again(
    federations: fake.Federations, tmp_path: Path, nonsense: str
) -> None:
    first = run(RAW, out=tmp_path)
    file = min((tmp_path / "records").glob("*.npz"))
    arrays = npz.unpacked(file.read_bytes())
    about = json.loads(str(arrays["about"]))
    told = {name: value for name, value in NONSENSE[nonsense].items() if name in about}
    changed = arrays | {"about": np.array(json.dumps(about | told))}
    changed |= {name: value for name, value in NONSENSE[nonsense].items() if name in arrays}
    file.write_bytes(npz.packed(changed))
    xr.testing.assert_identical(run(RAW, out=tmp_path), first)
    assert file.with_name(f"{file.name}.damaged").exists()


def sparse(file: Path, size: int) -> None:
    """A file that says to be large and takes no disk."""
    with file.open("wb") as stream:
        os.truncate(stream.fileno(), size)


def test_a_folder_whose_first_write_failed_is_taken(federations: fake.Federations, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / ".scenario.json.1.tmp").write_bytes(b"{")
    run(RAW, out=tmp_path)
    assert (tmp_path / "results.nc").exists()


def test_writing_follows_no_link_out_of_the_folder(federations: fake.Federations, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "run"
    folder.mkdir()
    run(RAW, out=folder)
    for name in ("results.nc", "curve.csv", "scenario.json"):
        (folder / name).unlink()
        os.symlink(victim, folder / name)
    (folder / "scenario.json").unlink()
    run(RAW, out=folder)
    assert victim.read_text() == "mine"
