"""What a search cannot mean is refused before anything runs, and whole fields are searched in whole numbers."""

import re
import subprocess
import sys
from typing import Any

import pytest

from overair.scenarios import ScenarioError, run
from overair.scenarios.reading.planned import planned
from tests.scenarios.test_searches import FIND, RAW, steps

__all__ = ["steps"]
SUMS: dict[str, Any] = {
    "study": "aggregation",
    "devices": 2,
    "rounds": 3,
    "uplink": "analog",
    "entries": 16,
    "seeds": [0],
}
DESCENT: dict[str, Any] = {
    "study": "regression", "compressor": "qcs", "gain": 1.0, "inputs": 8, "outputs": 4, "runs": 2, "step_sizes": [0.1],
}  # fmt: skip
TUNE = {"over": "link.snr_db", "values": [0, 10]}
FEWER = {"over": "devices", "target": "nmse <= 0.1", "low": 1, "high": 5}


@pytest.mark.parametrize("search", [{"find": FIND}, {"tune": TUNE}])
@pytest.mark.parametrize("given", [{"link": {"snr_db": [0, 10]}}, {"variants": {"low": {"link": {"snr_db": 0}}}}])
def test_a_field_that_is_searched_has_no_values_of_its_own(
    search: dict[str, Any], given: dict[str, Any], steps: list[float]
) -> None:
    with pytest.raises(
        ScenarioError, match="over: expected a field that is no axis and in no variant, received .*link.snr_db"
    ):
        run(RAW | given | search)
    assert not steps


@pytest.mark.parametrize("search", [{"find": FEWER}, {"seeds": {"precision": 0.1, "most": 9}}])
def test_a_search_goes_by_one_number(search: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match="link.snr_db: expected one value, as a search goes by one nmse"):
        run(SUMS | {"link": {"snr_db": [0, 5]}} | search)


def test_a_choice_leaves_results_as_long_as_they_are(steps: list[float]) -> None:
    with pytest.raises(ScenarioError, match="tune.over: expected a field that leaves the dimensions.*rounds"):
        run(RAW | {"tune": {"over": "rounds", "values": [2, 4]}})
    assert not steps


def test_a_search_over_snrs_is_one_over_a_dimension() -> None:
    find = {"over": "link.snr_db", "target": "nmse <= 0.3", "low": -20, "high": 30, "within": 0.5}
    found = run(SUMS | {"rounds": 50, "find": find})
    at, below = (
        run(SUMS | {"rounds": 50, "link": {"snr_db": [found.required.item() - less]}}).nmse.item() for less in (0, 0.5)
    )
    assert at <= 0.3 < below


def test_a_search_ends_where_numbers_are_no_finer(steps: list[float]) -> None:
    found = run(RAW | {"seeds": [0], "find": FIND | {"within": 1e-30}})
    assert -2 < found.required.item() < -1 and found.probes.item() < 70


@pytest.mark.parametrize("over, low, high", [("iterations", 1, 60), ("batch_size", 1, 60)])
def test_fields_of_whole_numbers_are_searched_in_them(over: str, low: int, high: int) -> None:
    given = {"iterations": [20]} if over != "iterations" else {}
    find = {"over": over, "target": "log10_excess <= -0.5", "low": low, "high": high, "within": 0.1}
    found = run(DESCENT | given | {"find": find})
    assert found.failures == "[]" and found.required.item() == round(found.required.item())


def test_how_many_values_a_choice_takes_is_said() -> None:
    with pytest.raises(ScenarioError, match=r"^scenario field tune.values: expected at least 2 values, received \[1\]"):
        run(RAW | {"tune": {"over": "link.snr_db", "values": [1]}})


ASKED = {
    "nope.x": 'a field of the scenario, received "nope.x"; see overair list fields aggregation',
    "link.snrdb": 'a field of the scenario, received "link.snrdb"; did you mean link.snr_db?',
    "uplink.nope": 'a field of the scenario, received "uplink.nope"; ',
    "devices.x": 'a field of the scenario, received "devices.x"; ',
    "uplink": 'a field that holds a number, received "uplink"; see overair list fields aggregation',
    "title": 'a field that holds a number, received "title"; see overair list fields aggregation',
}


@pytest.mark.parametrize("over, told", ASKED.items())
@pytest.mark.parametrize("search", [{"find": FEWER}, {"tune": TUNE}])
def test_a_search_over_no_number_is_refused_while_it_is_read(search: dict[str, Any], over: str, told: str) -> None:
    ((name, table),) = search.items()
    with pytest.raises(ScenarioError, match=rf"^scenario field {name}.over: expected {re.escape(told)}"):
        planned(SUMS | {name: table | {"over": over}})


def test_a_search_is_over_what_every_point_has() -> None:
    uplinks = ["ideal", {"kind": "analog", "rule": {"kind": "truncated_inversion", "threshold": 0.2}}]
    with pytest.raises(ScenarioError, match="^scenario field find.over: expected a field of the scenario"):
        planned(SUMS | {"uplink": uplinks, "find": FEWER | {"over": "uplink.rule.threshold"}})
    planned(SUMS | {"uplink": uplinks[1], "find": FEWER | {"over": "uplink.rule.threshold"}})


def test_the_command_refuses_a_search_before_tensorflow_is_loaded() -> None:
    code = (
        "import sys; from overair.cli import main; "
        "code = main(['run', 'quickstart', '--set', 'tune={over=\"nope.x\", values=[1, 2]}']); "
        "sys.exit(10 * ('tensorflow' in sys.modules) + code)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2 and "scenario field tune.over: expected a field of the scenario" in ended.stderr
