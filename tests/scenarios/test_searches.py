"""A search finds what its target needs, seed by seed, and reuses what was tried; a choice never sees test data."""

import importlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overair.scenarios import ScenarioError, run
from overair.scenarios.reading.searches import Tune
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results import intervals
from overair.scenarios.results.measures import named
from overair.scenarios.running.searches import best
from tests.scenarios import fake

FEDERATION = importlib.import_module("overair.scenarios.studies._federation")
RAW: dict[str, Any] = {
    "data": "digits",
    "model": "softmax",
    "devices": 5,
    "rounds": 2,
    "seeds": [0, 1, 2],
    "uplink": "analog",
    "link": {"channel": "awgn"},
}
FIND = {"over": "link.snr_db", "target": "accuracy >= 0.85", "low": -30, "high": 30, "within": 0.25}
LEVELS = {0: -3.3, 1: 4.7, 2: 11.1}


class Logistic(fake.Federation):
    """Accuracy is a logistic function of the SNR, shifted seed by seed."""

    def step(self, state: Any, seed: int, snr_db: float) -> Any:
        self.accuracy = 1 / (1 + math.exp(-(snr_db - LEVELS.get(seed, 99.0))))
        return super().step(state, seed, snr_db)

    def evaluate(self, state: Any) -> Any:
        return self.accuracy, -self.accuracy


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The SNRs of all rounds."""
    told: list[float] = []
    monkeypatch.setattr(FEDERATION, "prepare", lambda scenario, shared: scenario)
    monkeypatch.setattr(FEDERATION, "build", lambda made: Logistic(made, lambda round, seed, snr: told.append(snr)))
    yield told


def test_a_search_finds_the_snr_a_logistic_curve_needs_seed_by_seed(steps: list[float]) -> None:
    found = run(RAW | {"find": FIND})
    assert found.required.dims == ("seed",)
    exact = np.array([*LEVELS.values()]) + math.log(0.85 / 0.15)
    excess = found.required.values - exact
    assert (excess >= 0).all() and (excess <= 0.25).all()
    assert found.probes.values.tolist() == [2 + math.ceil(math.log2(60 / 0.25))] * 3
    assert (found.fell == 0).all()
    assert len(steps) == 2 * found.probes.sum()


def test_a_seed_that_fails_at_the_top_takes_one_probe_and_is_infinite(steps: list[float]) -> None:
    found = run(RAW | {"seeds": [0, 7], "find": FIND})
    assert found.required.values[1] == math.inf and found.probes.values[1] == 1


def test_where_the_least_is_enough_it_is_minus_infinite(steps: list[float]) -> None:
    found = run(RAW | {"seeds": [0], "find": FIND | {"low": 20}})
    assert found.required.values.tolist() == [-math.inf] and found.probes.values.tolist() == [2]


def progress(raw: dict[str, Any], **options: Any) -> list[tuple[int, int]]:
    """Steps done and to do, as they are told; a unit takes two."""
    seen: list[tuple[int, int]] = []
    run(raw, progress=lambda done, total: seen.append((done, total)), **options)
    return seen


def test_progress_counts_the_probes_that_are_still_to_come(
    steps: list[float], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A seed takes 2 + log2(64 / 0.25) = 10; of two values of tune each as many, and then each seed."""
    search = RAW | {"find": FIND | {"low": -32, "high": 32}}
    with caplog.at_level("INFO", "overair"):
        seen = progress(search, out=tmp_path)
    assert {total for _, total in seen} == {2 * 10 * 3} and seen[-1] == (60, 60)
    assert "3 to do, then up to 27 more" in caplog.text
    finer = progress(RAW | {"find": FIND | {"low": -32, "high": 32, "within": 0.0625}}, out=tmp_path)
    assert {total for _, total in finer} == {2 * 2 * 3}  # what is in the folder is not to do
    tune = {"over": "optimizer.learning_rate", "values": [0.1, 1.0]}
    totals = [total for _, total in progress(search | {"tune": tune})]
    assert totals[0] == 2 * 10 * (2 * 1 + 3)


def test_a_search_that_ends_early_leaves_less_to_do_and_never_more(steps: list[float]) -> None:
    """Seed 7 is out of reach: one probe in place of ten."""
    seen = progress(RAW | {"seeds": [0, 7], "find": FIND | {"low": -32, "high": 32}})
    totals = [total for _, total in seen]
    assert totals[0] == 2 * 20 and seen[-1] == (2 * 11, 2 * 11) and totals == sorted(totals, reverse=True)


@pytest.mark.parametrize(("low", "high", "probes"), [(1, 1000, 12), (1, 2, 2), (3, 10, 5)])
def test_of_whole_numbers_no_more_are_tried_than_said(low: int, high: int, probes: int, steps: list[float]) -> None:
    """2 + ceil(log2(high - low)); accuracy does not depend on it, so a target within reach is never missed."""
    find = {"over": "link.antennas", "target": "accuracy >= 0.5", "low": low, "high": high, "within": 0.1}
    seen = progress(RAW | {"seeds": [0], "find": find})
    assert seen[0][1] == 2 * probes and all(done <= total for done, total in seen)


def test_a_finer_search_in_the_same_folder_reuses_what_was_tried(steps: list[float], tmp_path: Path) -> None:
    run(RAW | {"find": FIND | {"within": 1}}, out=tmp_path)
    steps.clear()
    finer = run(RAW | {"find": FIND}, out=tmp_path)
    assert len(steps) == 2 * 3 * 2  # two probes a seed more
    assert (finer.probes == 10).all()


def test_schemes_are_searched_on_their_own(steps: list[float]) -> None:
    found = run(RAW | {"uplink": ["analog", "digital"], "find": FIND | {"low": 0}})
    assert found.required.dims == ("uplink", "seed")


@pytest.mark.parametrize(
    "change, words",
    [
        ({"target": "accuracy = 0.8"}, 'find.target: expected a measure, >= or <=, and a number, such as "accuracy'),
        ({"target": "speed >= 1"}, "find.target: expected a measure, one of accuracy, "),
        ({"over": "link.snr"}, "over: expected a field of the scenario"),
        ({"over": "uplink"}, "over: expected a field that holds a number"),
        ({"low": 40}, "find.high: expected more than low, 40, received 30"),
        ({"within": 0}, "find.within: expected more than 0"),
        ({"stop": 1}, "find.stop: expected one of over, "),
        ({"high": 1000}, "link.snr_db: expected at most 300"),
    ],
)
def test_a_search_that_cannot_be_is_one_line(change: dict[str, Any], words: str, steps: list[float]) -> None:
    with pytest.raises(ScenarioError, match="^scenario field [^\n]*$") as caught:
        run(RAW | {"find": FIND | change})
    assert words in str(caught.value)


def test_each_point_gets_its_own_best_step_from_validation_data_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = FEDERATION.prepare, []

    def prepare(scenario: Any, shared: dict[str, Any]) -> Any:
        made = real(scenario, shared)
        seen.append(
            (scenario.optimizer.learning_rate, scenario.validation, len(made.data.y_test), len(made.data.y_train))
        )
        return made

    monkeypatch.setattr(FEDERATION, "prepare", prepare)
    changes = {"optimizer": {"name": "sgd", "learning_rate": 9.0}, "uplink": "ideal", "seeds": [0]}
    changes |= {"link": {"snr_db": [10.0]}}
    chosen = run(
        RAW | changes | {"rounds": 15, "tune": {"over": "optimizer.learning_rate", "values": [1e-4, 0.5, 1e4]}}
    )
    assert chosen.tuned.item() == 0.5 and chosen.tuned.dims == ("snr_db", "seed")
    tried, final = [row for row in seen if row[1]], [row for row in seen if not row[1]]
    assert [row[0] for row in tried] == [1e-4, 0.5, 1e4] and {row[0] for row in final} == {0.5}
    assert all(row[2] == round(0.2 * final[0][3]) and row[2] + row[3] == final[0][3] for row in tried)
    alone = run(RAW | changes | {"rounds": 15, "optimizer": {"name": "sgd", "learning_rate": 0.5}})
    np.testing.assert_array_equal(chosen.accuracy, alone.accuracy)


def test_searches_leave_the_plan_alone() -> None:
    assert len(sweep(RAW).points) == 1


class Scattered(fake.Federation):
    """Accuracy is normal over seeds: of deviation 0.1 where digital, 0.01 else."""

    def evaluate(self, state: Any) -> Any:
        return self.accuracy, 0.0

    def step(self, state: Any, seed: int, snr_db: float) -> Any:
        self.accuracy = 0.5 + (0.1 if self.diverges else 0.01) * np.random.default_rng(seed).normal()
        return super().step(state, seed, 30.0)


@pytest.fixture
def scattered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FEDERATION, "prepare", lambda scenario, shared: scenario)
    monkeypatch.setattr(FEDERATION, "build", lambda made: Scattered(made, lambda *_: None))


def test_a_point_gets_as_many_seeds_as_its_precision_takes(scattered: None) -> None:
    found = run(RAW | {"uplink": ["analog", "digital"], "seeds": {"precision": 0.04, "most": 64}})
    counts = np.isfinite(found.accuracy.isel(round=-1)).sum("seed").values.tolist()
    assert counts == [8, 64] or counts == [8, 32]
    assert found.sizes["seed"] == counts[1] and found.attrs["complete"] == 1


def test_progress_counts_all_seeds_that_a_precision_may_take(scattered: None) -> None:
    seen = progress(RAW | {"seeds": {"precision": 0.04, "most": 64}})
    assert seen[0][1] == 2 * 64 and seen[-1] == (2 * 8, 2 * 8)


def test_the_interval_of_a_median_goes_by_ranks() -> None:
    """Of 20 seeds, ranks 6 and 15 hold the median with probability 1 - 2 (1 + 20 + 190 + 1140 + 4845 + 15504)/2^20."""
    values = np.random.default_rng(0).permutation(20).astype(float)
    values[values == 19] = np.inf
    assert intervals.median(values) == (9.5, 5.0, 14.0)
    assert 1 - 2 * sum(math.comb(20, k) for k in range(6)) / 2**20 == pytest.approx(0.9586, abs=1e-4)
    middle, low, high = intervals.median(np.arange(5.0))
    assert middle == 2 and math.isnan(low) and math.isnan(high)  # of 5 even the range holds it in 93.75 % alone
    assert intervals.median(np.array([1.0, np.inf, np.inf]))[0] == math.inf


def test_the_interval_of_a_median_holds_it_as_often_as_said() -> None:
    random = np.random.default_rng(1)
    held = [low <= 0 <= high for _, low, high in (intervals.median(random.normal(size=20)) for _ in range(2000))]
    assert np.mean(held) == pytest.approx(0.9586, abs=4 * (0.9586 * 0.0414 / 2000) ** 0.5)


@pytest.mark.parametrize(
    ("scores", "chosen"), [([1, 3, 2], 1), ([3, 3, 1], 0), ([2, 2, 2], 1), ([0, 2, 2, 2], 2), ([np.nan, 1, np.nan], 1)]
)
def test_of_several_values_that_do_best_the_middle_one_is_taken(
    scores: list[float], chosen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that where nothing is learnt no value at the edge is said to be the best."""
    values = [0.5 * 2**at for at in range(len(scores))]
    point = sweep(RAW | {"seeds": [0]}).points[0]
    plan = best(Tune(over="optimizer.learning_rate", values=values), point)
    next(plan)
    dimensions = len(point.scenario.over(named(*point.scenario.measures)["accuracy"]))
    asked = plan.send([{"accuracy": np.reshape(float(score), [1] * dimensions)} for score in scores])
    assert asked.units[0].study.optimizer.learning_rate == values[chosen]
