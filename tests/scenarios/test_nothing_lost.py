"""What a folder holds of a unit is never lost: not by a failure while it grows, nor by fewer rounds done anew."""

import resource
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from overair import durable
from overair.scenarios import run
from overair.scenarios.results import saved
from tests.scenarios import fake
from tests.scenarios.test_growing import RAW, federations

__all__ = ["federations"]
SUMS: dict[str, Any] = {
    "study": "aggregation", "devices": 2, "rounds": 3, "uplink": "analog", "entries": 16, "seeds": [0],
}  # fmt: skip


def test_dimensions_that_were_there_outlive_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    raw = SUMS | {"link": {"snr_db": [0.0]}}
    first = run(raw, out=tmp_path)

    def fails(*_: Any) -> Any:
        raise RuntimeError("no luck")

    with monkeypatch.context() as within:
        within.setattr("overair.scenarios.studies._aggregation.measure", fails)
        assert "no luck" in run(raw, ["link.snr_db=[0,5]"], out=tmp_path).failures
        xr.testing.assert_identical(run(raw, out=tmp_path), first)  # which needs no work
        assert "no luck" in run(raw, ["link.snr_db=[0,5]"], out=tmp_path).failures
    assert "no luck" in saved.load(tmp_path).failures
    grown = run(raw, ["link.snr_db=[0,5]"], out=tmp_path, retry=True)
    xr.testing.assert_identical(grown, run(raw, ["link.snr_db=[0,5]"]))


def test_a_unit_that_failed_goes_on_from_what_was_kept_of_it(federations: fake.Federations, tmp_path: Path) -> None:
    one = RAW | {"seeds": [0], "link": {"snr_db": 5}}
    run(one, out=tmp_path)

    def fails(round: int, *_: Any) -> None:
        if round == 8:
            raise RuntimeError("no luck")

    federations.before_step = fails
    assert "no luck" in run(one, ["rounds=9"], out=tmp_path).failures
    federations.before_step, federations.steps = lambda *_: None, 0
    run(one, out=tmp_path)
    assert federations.steps == 0
    grown = run(one, ["rounds=9"], out=tmp_path, retry=True)
    assert federations.steps == 3
    xr.testing.assert_identical(grown, run(one, ["rounds=9"]))


def test_fewer_rounds_looked_at_more_often_leave_a_longer_run_whole(
    federations: fake.Federations, tmp_path: Path
) -> None:
    short = ["rounds=4", "evaluate_every=1"]
    long = run(RAW, out=tmp_path)
    fewer = run(RAW, short, out=tmp_path)
    federations.steps = 0
    xr.testing.assert_identical(run(RAW, out=tmp_path), long)
    xr.testing.assert_identical(run(RAW, short, out=tmp_path), fewer)
    assert federations.steps == 0
    xr.testing.assert_identical(fewer, run(RAW, short))
    federations.steps = 0
    run(RAW, ["rounds=9"], out=tmp_path)
    assert federations.steps == 4 * 3


def test_where_the_disk_is_full_the_file_is_named_and_none_is_half_there(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="whole.bin"):
            durable.write(tmp_path / "whole.bin", bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
