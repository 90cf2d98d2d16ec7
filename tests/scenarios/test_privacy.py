"""Protections of scenarios: what a run says that it guarantees, and that nothing is said where nothing is asked."""

import logging
import re
from typing import Any

import pytest

from overair.scenarios import run
from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.reading.sweep import sweep

RAW: dict[str, Any] = {
    "data": "digits", "model": "softmax", "devices": 5, "rounds": 2, "seeds": [0],
    "uplink": {"kind": "analog", "rule": {"kind": "expected_norm", "norm": 2e-4}}, "link": {"snr_db": 0},
}  # fmt: skip


def test_a_run_says_what_it_guarantees(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "overair"):
        results = run(RAW | {"protection": {"kind": "sample", "clip": 1.0, "delta": 1e-4}})
    first, epsilon = results.epsilon.values.ravel()
    assert 0 < first < epsilon < 100
    [told] = re.findall(r"\((\S+), 0.0001\) privacy of a sample that is replaced", caplog.text)
    assert epsilon <= float(told) <= epsilon * 1.001


def test_where_nothing_can_be_guaranteed_it_is_one_line() -> None:
    with pytest.raises(ScenarioError) as caught:
        run(RAW | {"uplink": "analog", "protection": "device"})
    [line] = caught.value.lines
    assert line.startswith(
        "scenario field uplink.rule: expected expected_norm with a norm under a protection, received"
    )
    with pytest.raises(ScenarioError, match="batch_size: expected none under protection = sample"):
        run(RAW | {"protection": "sample", "batch_size": 16})
    with pytest.raises(ScenarioError, match="field attackers: expected none under a protection"):
        run(RAW | {"protection": "device", "attackers": "sign_flip"})
    with pytest.raises(ScenarioError, match="field link.domain: expected frequency under a protection"):
        run(RAW | {"protection": "device", "link": {"snr_db": 0, "domain": "time"}})
    planned = {"kind": "sample", "epsilon": 2, "rounds": 1}
    with pytest.raises(ScenarioError, match="field protection.rounds: expected at least 2, as many as there are"):
        run(RAW | {"protection": planned})
    timed: dict[str, Any] = {"hardware": "fixed", "budget_seconds": 3}
    with pytest.raises(ScenarioError, match="budget_seconds: expected none under a protection, as a round that is cut"):
        run(RAW | {"protection": "device"} | timed)
    [point] = sweep(RAW).points
    assert "protection" not in point.scenario.identity()
