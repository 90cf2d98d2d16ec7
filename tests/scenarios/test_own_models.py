"""Scenarios of distillation and of MOCHA: what has no labels, or no updates, to go by is refused in one line."""

from typing import Any

import pytest

from overair.scenarios import run
from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.reading.tables import Grant
from overair.scenarios.studies._air import elements_of

RAW: dict[str, Any] = {
    "data": "digits", "model": "softmax", "devices": 6, "rounds": 1, "seeds": [0], "uplink": "ideal",
    "partition": {"kind": "classes", "per_device": 1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"algorithm": "distillation"},
            "algorithm: expected labels that two devices hold, or more, with distillation, received none; take a",
        ),
        (
            {"algorithm": "mocha", "uplink": "analog"},
            "uplink: expected one that decodes every device with mocha, whose server needs each model and no sum of "
            "them, received analog; take ideal or digital",
        ),
        (
            {"algorithm": "mocha", "aggregator": "median"},
            "aggregator: expected none with mocha, whose server keeps updates apart, received Median",
        ),
        (
            {"algorithm": "mocha", "optimizer": {"name": "adam", "learning_rate": 0.1}},
            "optimizer: expected plain sgd with mocha",
        ),
    ],
)
def test_what_is_wrong_is_one_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        run(RAW | changes)
    assert len(caught.value.lines) == 1 and caught.value.lines[0].startswith(f"scenario field {line}")


def test_a_grant_has_room_for_outputs_by_label_and_not_for_a_model() -> None:
    assert elements_of(Grant(), 10 * 11) == 55 and elements_of(Grant(), 7850) == 3925
    told = {"algorithm": {"kind": "distillation", "steps": 1}, "partition": "iid", "uplink": "analog", "batch_size": 4}
    results = run(RAW | told)
    assert float(results.resource_elements.isel(round=-1, seed=0)) == 55
    assert 0 < float(results.personal_accuracy.isel(round=-1, seed=0)) <= 1
