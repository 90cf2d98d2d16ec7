"""Beside tune a search finds what its target needs with the value that needs least on validation data alone."""

import importlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overair.scenarios import ScenarioError, run
from overair.scenarios.results import saved, tables
from tests.scenarios import fake
from tests.scenarios.test_searches import RAW

FEDERATION = importlib.import_module("overair.scenarios.studies._federation")
STEP = "optimizer.learning_rate"
FIND = {"over": "link.snr_db", "target": "accuracy >= 0.85", "low": -32, "high": 32, "within": 0.25}
TUNE = {"over": STEP, "values": [0.1, 1.0, 10.0]}
NEEDED = {0.1: 20.0, 1.0: -7.0, 10.0: 3.0}  # of validation data, in dB
EXACT = math.log(0.85 / 0.15)


class Stepped(fake.Federation):
    """Accuracy is logistic in the SNR; validation data needs what is told above, test data some more by seed."""

    def __init__(self, scenario: Any, tell: Any) -> None:
        super().__init__(scenario, lambda *_: None)
        self.scenario = scenario
        self.tell = tell

    def step(self, state: Any, seed: int, snr_db: float) -> Any:
        step, held_out = self.scenario.optimizer.learning_rate, bool(self.scenario.validation)
        self.tell(step, held_out, seed)
        more = 0.0 if held_out else {0.1: -30.0, 1.0: 1.0 + seed, 10.0: -30.0}[step]  # test data would choose others
        self.accuracy = 1 / (1 + math.exp(-(snr_db - NEEDED[step] - more)))
        return super().step(state, seed, 30.0)

    def evaluate(self, state: Any) -> Any:
        return self.accuracy, -self.accuracy


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[float, bool, int]]]:
    told: list[tuple[float, bool, int]] = []
    monkeypatch.setattr(FEDERATION, "prepare", lambda scenario, shared: scenario)
    monkeypatch.setattr(FEDERATION, "build", lambda made: Stepped(made, lambda *what: told.append(what)))
    yield told


def test_the_step_is_that_which_needs_least_on_validation_data(seen: list[tuple[float, bool, int]]) -> None:
    found = run(RAW | {"find": FIND, "tune": TUNE})
    assert found.tuned.values.tolist() == [1.0] * 3 and found.tuned.dims == found.required.dims == ("seed",)
    excess = found.required.values - (NEEDED[1.0] + 1.0 + np.arange(3) + EXACT)
    assert (excess >= 0).all() and (excess <= 0.25).all()
    assert {step for step, held_out, _ in seen if held_out} == {*NEEDED}
    assert {seed for _, held_out, seed in seen if held_out} == {2**31}
    assert {(step, seed) for step, held_out, seed in seen if not held_out} == {(1.0, seed) for seed in range(3)}


def test_a_median_over_seeds_of_trials_decides(
    seen: list[tuple[float, bool, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where two of three seeds of validation never get there with one step, it is not taken, however good the third."""
    real = Stepped.step

    def step(self: Stepped, state: Any, seed: int, snr_db: float) -> Any:
        lost = self.scenario.validation and self.scenario.optimizer.learning_rate == 1.0 and seed > 7
        return real(self, state, seed, -99.0 if lost else snr_db)

    monkeypatch.setattr(Stepped, "step", step)
    found = run(RAW | {"seeds": [0], "find": FIND, "tune": TUNE | {"seeds": [7, 8, 9]}})
    assert found.tuned.item() == 10.0


def test_where_no_step_gets_there_the_one_that_gets_nearest_is_taken(seen: list[tuple[float, bool, int]]) -> None:
    low = FIND | {"low": -40, "high": -20}  # at which each needs more, the second least so
    found = run(RAW | {"seeds": [0], "find": low, "tune": TUNE | {"values": [1.0, 0.1, 10.0]}})
    assert found.tuned.item() == 1.0 and found.required.item() == math.inf


def test_what_was_found_and_chosen_is_in_every_form(seen: list[tuple[float, bool, int]], tmp_path: Path) -> None:
    run(RAW | {"uplink": ["ideal", "analog"], "find": FIND, "tune": TUNE}, out=tmp_path)
    for file in (".", "results.nc", "curve.csv"):
        found = saved.load(tmp_path / file)
        assert found.tuned.dims == ("uplink", "seed") and {"find", "tune"} <= found.attrs.keys()
    heading, *rows = tables.table(found)
    assert [row[heading.index("learning rate")] for row in rows] == ["1", "1"]
    assert "SNR/dB for accuracy >= 0.85" in heading


@pytest.mark.parametrize(
    ("tune", "words"),
    [
        ({"over": "link.snr_db"}, "tune.over: expected another field than that of find, link.snr_db, received"),
        ({"over": "link"}, "tune.over: expected another field than that of find"),
        ({"by": "loss"}, 'tune.by: expected none beside find, received "loss"; leave it out'),
        ({"over": "optimizer.rate"}, 'over: expected a field of the scenario, received "optimizer.rate"'),
    ],
)
def test_a_choice_that_a_search_cannot_make_is_one_line(
    tune: dict[str, Any], words: str, seen: list[tuple[float, bool, int]]
) -> None:
    with pytest.raises(ScenarioError, match="^scenario field [^\n]*$") as caught:
        run(RAW | {"find": FIND, "tune": TUNE | tune})
    assert words in str(caught.value) and not seen


def test_a_training_whose_numbers_stop_being_finite_reaches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake one of digital updates does so below 0 dB in its fourth round; elsewhere its accuracy is above 0."""
    monkeypatch.setattr(FEDERATION, "prepare", lambda scenario, shared: scenario)
    monkeypatch.setattr(FEDERATION, "build", lambda made: fake.Federation(made, lambda *_: None))
    find = {"over": "link.snr_db", "target": "accuracy >= 0", "low": -8, "high": 8, "within": 1}
    found = run(RAW | {"uplink": "digital", "rounds": 5, "seeds": [0], "find": find})
    assert found.required.item() == 0 and found.attrs["failures"] == "[]" and found.fell.item() < math.inf
