"""Schedulers of scenarios: what is refused in one line before anything runs, and what decides a result."""

from typing import Any

import numpy as np
import pytest

from overair.scenarios import run
from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.reading.sweep import sweep

RAW: dict[str, Any] = {
    "data": "digits", "model": "softmax", "devices": 5, "rounds": 2, "seeds": [0], "uplink": "ideal", "batch_size": 8,
}  # fmt: skip
BEST = {"kind": "best_channel", "senders": 2}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"scheduler": {"kind": "random", "senders": 6}},
            "scheduler.senders: expected at most all 5 devices, received 6; set scheduler.senders = 5 or fewer, "
            "or take more devices",
        ),
        (
            {"scheduler": {"kind": "channel_then_update", "senders": 3, "candidates": 2}},
            "scheduler.candidates: expected from senders, 3, to all 5 devices, received 2",
        ),
        (
            {"scheduler": {"kind": "coins", "chances": [0.5] * 7}},
            "scheduler.chances: expected one for each of 5 devices or fewer to repeat, received 7; "
            "leave out the last 2",
        ),
        (
            {"scheduler": BEST, "uplink": {"kind": "digital", "budget": "average"}},
            "uplink.budget: expected round with this scheduler, under which the mean energy of those that send is "
            'unknown, received average; or take scheduler = {kind = "coins"} with one chance',
        ),
        (
            {"scheduler": BEST, "participation": 0.5},
            "scheduler: expected none with participation, received both; set participation=1, not 0.5",
        ),
        ({"scheduler": "best"}, 'scheduler: expected one of best_channel, buffered, channel_then_update, '),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        run(RAW | changes)
    assert len(caught.value.lines) == 1 and caught.value.lines[0].startswith(f"scenario field {line}")


def identity(changes: dict[str, Any]) -> dict[str, Any]:
    [point] = sweep(RAW | changes).points
    found: dict[str, Any] = point.scenario.identity()
    return found


def test_a_link_decides_an_ideal_uplink_only_where_it_schedules() -> None:
    for scheduler, decides in (({}, False), ({"scheduler": "oldest"}, False), ({"scheduler": BEST}, True)):
        one, other = (identity(scheduler | {"link": {"snr_db": snr_db}}) for snr_db in (0, 10))
        assert (one != other) == decides
    assert "scheduler" not in identity({})  # so results of scenarios without one are found as before


def test_schedules_are_an_axis() -> None:
    scheduler = [{"kind": "coins", "chance": 0.5}, BEST, {"kind": "optimal", "senders": 2}]
    results = run(RAW | {"scheduler": scheduler})
    short = run(RAW | {"participation": 0.5})
    assert results.sizes["scheduler"] == 3
    for name in ("accuracy", "loss", "decoded"):
        np.testing.assert_array_equal(results[name].isel(scheduler=0), short[name])
    assert np.all(results.decoded.isel(scheduler=1) == 2)
    assert np.all(results.free_bits.isel(scheduler=2) == 5 * 32)
