"""Attackers and rules of scenarios: what is refused in one line before anything runs, and what decides a result."""

from typing import Any

import numpy as np
import pytest

from overair.scenarios import run
from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.reading.sweep import sweep

RAW: dict[str, Any] = {
    "data": "digits", "model": "softmax", "devices": 6, "rounds": 1, "seeds": [0], "uplink": "ideal", "batch_size": 8,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"aggregator": {"kind": "krum", "attackers": 2}},
            "aggregator: expected at least 7 devices for this Krum, received 6; fear fewer attackers, or take more",
        ),
        (
            {
                "aggregator": {"kind": "trimmed_mean", "trimmed": 1},
                "uplink": {"kind": "analog", "groups": 2},
                "grant": {"elements": 650},
            },
            "aggregator: expected at least 3 groups for this TrimmedMean, received 2; fear fewer",
        ),
        (
            {"aggregator": {"kind": "krum", "attackers": 1}, "scheduler": {"kind": "random", "senders": 4}},
            "aggregator: expected at least 5 senders in a round for this Krum, received 4; fear fewer attackers",
        ),
        (
            {"aggregator": "median", "uplink": "analog"},
            "aggregator: expected mean for an uplink of which the server has one sum, received Median; set "
            "uplink.groups for several, or take an uplink that decodes devices alone",
        ),
        (
            {"aggregator": "median", "uplink": {"kind": "digital", "combine": "lmmse"}},
            "uplink.combine: expected weights under a rule of the server, received lmmse",
        ),
        (
            {"attackers": {"kind": "scale", "count": 6}},
            "attackers.count: expected fewer than all 6 devices, received 6; set attackers.count = 5 or fewer, or take "
            "more devices",
        ),
        (
            {"attackers": {"kind": "alie", "count": 5}},
            "attackers.z: expected a number where 5 of 6 devices attack, a majority of them or too few, received none; "
            "set attackers.z",
        ),
        (
            {"attackers": {"kind": "scale", "obeys": False}},
            "attackers.obeys: expected true for an uplink without a power rule, received false",
        ),
    ],
)
def test_what_is_wrong_is_one_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        run(RAW | changes)
    assert len(caught.value.lines) == 1 and caught.value.lines[0].startswith(f"scenario field {line}")


def test_scenarios_without_either_are_found_as_before() -> None:
    [point] = sweep(RAW).points
    assert not {"aggregator", "attackers"} & set(point.scenario.identity())


def test_attackers_are_an_axis() -> None:
    attackers = {"kind": "scale", "count": [0, 2], "strength": 30.0}
    results = run(RAW | {"attackers": attackers, "aggregator": ["mean", "median"]})
    assert results.sizes["count"] == results.sizes["aggregator"] == 2
    plain = run(RAW)
    for name in ("accuracy", "loss"):
        np.testing.assert_array_equal(results[name].isel(count=0, aggregator=0), plain[name])
