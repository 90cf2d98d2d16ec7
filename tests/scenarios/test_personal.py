"""Personal accuracy in scenarios: measured where an algorithm is personal or where it is asked for, not elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.scenarios import run, studies
from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.reading.searches import Tune
from overair.scenarios.reading.sweep import Point
from overair.scenarios.results import curves
from overair.scenarios.running import searches
from overair.scenarios.running.units import Record
from overair.scenarios.studies._rounds import _joined
from overair.scenarios.studies.federated import Federated

RAW: dict[str, Any] = {
    "data": "digits",
    "model": "softmax",
    "partition": {"kind": "classes", "per_device": 2},
    "devices": 5,
    "rounds": 2,
    "seeds": [0],
    "uplink": "ideal",
}
NAMES = ("personal_accuracy", "personal_worst")


@pytest.fixture(scope="module")
def found() -> xr.Dataset:
    made: xr.Dataset = run(RAW | {"algorithm": ["fedavg", "fine_tuning"]})
    return made


def test_it_is_measured_of_personal_algorithms_alone(found: xr.Dataset) -> None:
    for name in NAMES:
        assert np.isnan(found[name].sel(algorithm="fedavg")).all()
        assert np.isfinite(found[name].sel(algorithm="fine_tuning")).all()
    assert (found.personal_worst <= found.personal_accuracy).sel(algorithm="fine_tuning").all()
    assert (found.personal_accuracy > found.accuracy + 0.1).sel(algorithm="fine_tuning").all()  # two classes a device


def test_asking_for_it_changes_no_other_number_and_only_then_the_identity(found: xr.Dataset) -> None:
    asked = run(RAW, ["algorithm=fedavg", "personal=true"]).drop_attrs()
    assert np.isfinite(asked.personal_accuracy).all()
    for algorithm in ("fedavg", "fine_tuning"):  # which trains as fedavg does
        plain = found.sel(algorithm=algorithm, drop=True).drop_attrs()
        xr.testing.assert_identical(plain.drop_vars(NAMES), asked.drop_vars(NAMES))
    assert "personal" not in studies.check({"study": "federated", **RAW}).identity()


@pytest.mark.parametrize(("by", "best"), [(None, 0.5), ("personal_accuracy", 0.1), ("loss", 2.0)])
def test_a_step_is_chosen_by_what_is_asked_for(by: str | None, best: float) -> None:
    study, values = studies.check({"study": "federated", **RAW, "algorithm": "fine_tuning"}), [0.1, 0.5, 2.0]
    plan = searches.best(Tune(over="algorithm.learning_rate", values=values, by=by), Point({}, study))
    asked = next(plan)
    assert [unit.study.algorithm.learning_rate for unit in asked.units] == values and asked.units[0].study.validation
    told = {"accuracy": [0.2, 0.8, 0.5], "personal_accuracy": [0.9, 0.5, 0.6], "loss": [3.0, 2.0, 1.0]}
    rounds = len(study.dimensions()["round"])
    gave: list[Any] = [{name: np.full(rounds, value[at]) for name, value in told.items()} for at in range(3)]
    (chosen,) = plan.send(gave).units
    assert chosen.study.algorithm.learning_rate == best and chosen.study.validation is None


def test_a_curve_of_others_has_no_such_column(found: xr.Dataset, tmp_path: Path) -> None:
    for algorithms, there in ((slice(0, 1), False), (slice(1, 2), True)):
        curves.save(found.isel(algorithm=algorithms), tmp_path / "curve.csv")
        again = curves.load(tmp_path / "curve.csv")
        for name in NAMES:
            assert (f",{name}," in (tmp_path / "curve.csv").read_text()) == there
            np.testing.assert_allclose(again[name], found[name].isel(algorithm=algorithms), rtol=1e-5)


def test_records_from_before_there_was_such_a_measure_are_read() -> None:
    study: Federated = studies.check({"study": "federated", **RAW, "rounds": 1})
    values = {each.name: np.array([0.5]) for each in study.measures if each.over is None} | {"evaluated": np.zeros(1)}
    new = Record({"round": [1]}, values | {"stopped_at": np.array(-1)})
    old = new._replace(values={name: value for name, value in new.values.items() if name not in NAMES})
    told = study.found(_joined(old, old))
    assert told is not None and told["accuracy"] == 0.5 and np.isnan(told["personal_accuracy"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["tune.by=personal"], r"^scenario field tune.by: expected a measure, .*; did you mean personal_worst.$"),
        (
            ["tune.by=accuracy", "personal=true", "scheduler={kind='cohort', senders=2}", "partition=iid",
             "partition.samples_per_device=5"],
            r"^scenario field personal: expected false with a cohort, .*, received true; take devices",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(changes: list[str], told: str) -> None:
    tune = {"over": "optimizer.learning_rate", "values": [0.1, 1.0], "by": "accuracy"}
    with pytest.raises(ScenarioError, match=told) as error:
        run(RAW | {"tune": tune}, changes)
    assert "\n" not in str(error.value)
