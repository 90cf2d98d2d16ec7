"""Searches: what is refused says what to do, and which way is better is that of the measure."""

from pathlib import Path
from typing import Any

import pytest

from overair.scenarios import ScenarioError, run, studies
from overair.scenarios.reading import skeleton

FIND = {"over": "link.snr_db", "target": "accuracy >= 0.85", "low": -30, "high": 30}
RAW: dict[str, Any] = {**skeleton.example("federated"), "seeds": [0]}
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"find": FIND, "link": {"snr_db": [0, 5]}},
        "find.over: expected a field that is no axis and in no variant, received .*one value",
    ),
    ({"tune": {"over": "devices", "values": [5, 6]}, "devices": [5, 6]}, "tune.over: expected a field that is no axis"),
    ({"find": FIND | {"over": "link.snr"}}, "expected a field of the scenario, .* did you mean link.snr_db"),
    ({"find": FIND | {"target": "Acuracy >= 0.85"}}, "find.target: .* did you mean accuracy"),
    ({"find": FIND | {"over": "Link"}}, "find.over: expected the path of a field"),
    ({"link": {"impairments": "timing_offset"}}, r'impairments: expected a list, .*: \["timing_offset"\]$'),
    ({"seeds": 3}, r"seeds: expected a list, received 3; in brackets it is one: \[3\]$"),
]


@pytest.mark.parametrize(("changes", "told"), REFUSED)
def test_what_is_refused_says_what_to_do(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        run(RAW | changes)


def test_vectors_that_are_not_there_say_where_they_were_looked_for() -> None:
    with pytest.raises(ScenarioError, match=rf"received none.npy, which is none; paths are taken from {Path.cwd()}"):
        run({**skeleton.example("aggregation"), "vectors": "none.npy"})


@pytest.mark.parametrize("study", studies.names())
def test_errors_are_better_where_they_are_low(study: str) -> None:
    main = studies.load(study).measures[0]
    assert (main.better == "low") == ("error" in main.long_name or "loss" in main.long_name) or main.unit == "dB"


@pytest.mark.parametrize(
    ("study", "target"), [("federated", "accuracy >="), ("aggregation", "nmse <="), ("link", "ber <=")]
)
def test_a_skeleton_names_what_a_search_can_be_for(study: str, target: str) -> None:
    text = skeleton.text(study)
    assert f'target = "{target} NUMBER"' in text
    assert f"# Results hold {', '.join(each.name for each in studies.load(study).measures)}." in text
