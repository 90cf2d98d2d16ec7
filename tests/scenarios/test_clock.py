"""Scenarios with a clock: budgets of seconds, what results say of them, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.scenarios import run
from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results import costs, curves, reached, tables

RAW: dict[str, Any] = {
    "data": "digits", "model": "softmax", "devices": 5, "rounds": 8, "seeds": [0, 1], "uplink": "digital",
    "batch_size": 8, "evaluate_every": 1, "radio": {"power_dbm": 20.0},
    "hardware": {"kind": "shifted_exponential", "shift": 0.01, "mean": 0.05},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clock")


@pytest.fixture(scope="module")
def budget(folder: Path) -> tuple[float, xr.Dataset]:
    """Of seconds, in which the first seed does five rounds; first in the folder, so that the whole run goes on."""
    elapsed = run(RAW).elapsed.values
    seconds = float(elapsed[0, 4:6].mean())
    return seconds, run(RAW | {"budget_seconds": seconds}, out=folder)


@pytest.fixture(scope="module")
def whole(folder: Path, budget: Any) -> xr.Dataset:
    return run(RAW, out=folder)


def test_elapsed_is_the_sum_of_rounds(whole: xr.Dataset) -> None:
    np.testing.assert_allclose(whole.elapsed, whole.seconds.cumsum("round"), rtol=1e-12)
    np.testing.assert_allclose(costs.total(whole, "seconds"), whole.elapsed, rtol=1e-12)
    np.testing.assert_allclose(
        costs.total(whole, "joules"), (whole.compute_joules + whole.radio_joules).cumsum("round"), rtol=1e-12
    )
    assert costs.label(whole, "joules") == "Joules of all devices so far, with computing and radio"


def test_a_budget_ends_a_run_and_more_of_it_goes_on(budget: tuple[float, xr.Dataset], whole: xr.Dataset) -> None:
    seconds, short = budget
    for seed in (0, 1):
        done = int((whole.elapsed[seed] <= seconds).sum())
        assert short.ended_at[seed] == (done + 1 if done < 8 else -1)
        for name in ("accuracy", "elapsed", "bits"):
            np.testing.assert_array_equal(short[name][seed, :done], whole[name][seed, :done])
            assert short[name][seed, done:].isnull().all()
    assert short.ended_at[0] == 6 and (whole.ended_at == -1).all() and (short.stopped_at == -1).all()


def test_a_table_shows_what_there_was_when_the_budget_was_spent(budget: tuple[float, xr.Dataset]) -> None:
    _, short = budget
    ends = [int(short.accuracy[seed].notnull().sum()) - 1 for seed in (0, 1)]
    shown = tables.shown(short)
    np.testing.assert_array_equal(shown.accuracy, [short.accuracy[seed, at] for seed, at in enumerate(ends)])
    (heading, row) = tables.table(short)
    assert row[heading.index("ended")].startswith(("1 of 2 seeds", "2 of 2 seeds"))
    assert any(note.startswith("links are those of nominal times") for note in tables.notes(short))


def test_a_curve_keeps_where_budgets_ended(budget: tuple[float, xr.Dataset], tmp_path: Path) -> None:
    curves.save(budget[1], tmp_path / "short.csv")
    np.testing.assert_array_equal(curves.load(tmp_path / "short.csv").ended_at, budget[1].ended_at)


def test_what_is_out_of_a_budget_is_out_of_reach(budget: tuple[float, xr.Dataset]) -> None:
    found = reached.reached(budget[1], reached.goal(budget[1], "accuracy=0.999"))
    assert np.isinf(found.seconds).all() and np.isinf(found.joules).all()


def test_a_budget_decides_no_number() -> None:
    one, other = (sweep(RAW | more).points[0].scenario for more in ({}, {"budget_seconds": 3.0}))
    assert one.identity() == other.identity() and one.group(0) == other.group(0)
    [bare] = sweep({name: value for name, value in RAW.items() if name not in ("hardware", "radio")}).points
    assert not {"hardware", "radio", "budget_seconds"} & {*bare.scenario.model_dump()}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"hardware": None}, "radio: expected none without hardware, received {power_dbm = 20.0, circuit_watts = 0.0}"),
        ({"radio": {}, "hardware": None, "budget_seconds": 2.0}, "budget_seconds: expected none without hardware"),
        ({"hardware": {"kind": "trace", "path": "nowhere.csv"}}, "hardware: trace.path: expected a .csv file of "),
        (
            {"hardware": {"kind": "fixed", "seconds": 0.25}, "scheduler": {"kind": "deadline", "seconds": 1.5}},
            "scheduler.seconds: expected more than 2.001 s, which a round of the fastest device takes, received 1.5; ",
        ),
        ({"scheduler": "joint"}, "scheduler: expected grant.bits with joint, as shares move the end of packets of "),
        ({"scheduler": "deadline", "hardware": None, "radio": {}}, "scheduler: expected hardware with a scheduler "),
        ({"uplink": "analog", "grant": {"bits": 1000}}, "grant.bits: expected none with an analog uplink, which "),
        ({"grant": {"bits": 1000.0, "compression": 2.0}}, "grant.bits: expected bits or compression, received both"),
        (
            {"uplink": {"kind": "digital", "budget": "average"}, "scheduler": {"kind": "deadline", "seconds": 9.0}},
            "uplink.budget: expected round with this scheduler, under which the mean energy of those that send is ",
        ),
    ],
)
def test_what_is_wrong_is_one_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        run({name: value for name, value in (RAW | changes).items() if value is not None})
    assert len(caught.value.lines) == 1 and caught.value.lines[0].startswith(f"scenario field {line}")


def test_a_trace_with_holes_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text("device,seconds\n0,0.5\n2,0.25\n")
    with pytest.raises(ScenarioError) as caught:
        run(RAW | {"hardware": {"kind": "trace", "path": str(tmp_path / "trace.csv")}})
    assert caught.value.lines == [
        "scenario field hardware: trace.path: expected rows of every device from 0 to 2, received none of device 1; "
        "mend the file"
    ]
