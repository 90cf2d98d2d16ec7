"""Large sweeps are checked quickly in little memory, and those that are too large are refused before they are made."""

import itertools
import time
import tracemalloc
from typing import Any

import pytest

from overair.scenarios import ScenarioError, studies
from overair.scenarios.reading import axes, files, searches
from overair.scenarios.reading.catalogue import Table
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.running.units import units

FIVE: dict[str, Any] = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 30, "uplink": "analog"}
SHARES = [(place + 1) / 100 for place in range(100)]
GRIDS: dict[str, dict[str, Any]] = {
    "one axis of numbers": {"link": {"snr_db": "0:99.99:0.01"}},
    "a product": {"link": {"snr_db": "1:100:1"}, "participation": SHARES},
    "one axis of schemes": {
        "uplink": [
            {"kind": "analog", "codec": {"kind": "random_linear", "compression": 1 + place / 10}}
            for place in range(10_000)
        ]
    },
}


def seconds(raw: dict[str, Any]) -> float:
    """Of the processor, whatever else the machine does; and points are counted."""
    begin = time.process_time()
    assert len(sweep(raw).points) == 10_000
    return time.process_time() - begin


@pytest.mark.parametrize("grid", GRIDS)
def test_ten_thousand_points_take_two_seconds_and_300_megabytes(grid: str) -> None:
    raw = FIVE | GRIDS[grid]
    sweep(FIVE)  # tables are made once
    assert any(seconds(raw) < 2 for _ in range(2))
    tracemalloc.start()
    plan = sweep(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert plan.points and peak < 300e6


def test_thirty_thousand_units_take_seconds() -> None:
    points = sweep(FIVE | GRIDS["a product"]).points
    begin = time.process_time()
    found = {unit.key for point in points for unit in units(point.scenario, [0, 1, 2])}
    assert time.process_time() - begin < 5
    assert len(found) == 30_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"link": {"snr_db": "1:400:1"}, "participation": [(place + 1) / 300 for place in range(300)]},
            "scenario: expected a sweep of at most 100000 points, received 120000: link.snr_db 400 x participation 300",
        ),
        ({"link": {"snr_db": "0:100000:1"}}, "scenario field link.snr_db: expected at most 100000 numbers"),
        (
            {"uplink": [{"kind": "digital", "margin_db": "1:60000:1"}, {"kind": "digital", "margin_db": "1:50000:1"}]},
            "scenario field uplink: expected an axis of at most 100000 values",
        ),
        (
            {"uplink": [{"kind": "digital", "margin_db": "1:1000:1", "feedback": "0:1:0.001"}]},
            "scenario: expected a sweep of at most 100000 points, received 1001000",
        ),
        (
            {"seeds": "0:999:1", "devices": "1:400:1"},
            "scenario: expected at most 300000 points times seeds, received 400 points with 1000 seeds",
        ),
        (
            {"link": {"snr_db": "1:60000:1"}, "variants": {name: {"devices": 3} for name in "ab"}},
            "scenario: expected a sweep of at most 100000 points, received 120000: link.snr_db 60000 x variant 2",
        ),
    ],
)
def test_too_many_points_are_refused_before_they_are_made(change: dict[str, Any], words: str) -> None:
    tracemalloc.start()
    begin = time.process_time()
    with pytest.raises(ScenarioError) as caught:
        sweep(FIVE | change)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (line,) = caught.value.lines
    assert line.startswith(words) and time.process_time() - begin < 2 and peak < 300e6


@pytest.mark.parametrize("name", [name for name in files.presets() if "variants" not in files.read(name)[1]])
def test_every_point_is_what_its_scenario_alone_is(name: str) -> None:
    """Tables that points share are those that each would have by itself."""
    raw = searches.taken(files.read(name)[1])[0]
    plan = sweep(raw)
    found = axes.find(axes.FieldShape(table=studies.of(raw)), raw)
    places = itertools.product(*(range(len(values)) for values in found.values()))
    alone = [studies.check(axes.at(raw, found, place)) for place in places]
    assert [point.scenario for point in plan.points] == alone


def test_points_share_the_tables_that_no_axis_lies_in() -> None:
    first, second = (point.scenario for point in sweep(FIVE | {"link": {"snr_db": [0, 10]}}).points)
    assert first.grid is second.grid and first.uplink is second.uplink and first.link is not second.link
    assert isinstance(first.grid, Table)


def test_defaults_that_depend_on_an_axis_are_left_to_every_point() -> None:
    plan = sweep(FIVE | {"algorithm": ["sgd", "fedavg"]})
    assert [point.scenario.optimizer.learning_rate for point in plan.points] == [0.1, 1.0]
    assert "optimizer" not in plan.resolved and sweep(plan.resolved) == plan


def test_faults_of_very_many_points_are_told_in_few_lines() -> None:
    begin = time.process_time()
    with pytest.raises(ScenarioError) as caught:
        sweep(FIVE | {"participation": [1 + place for place in range(1, 10_001)]})
    assert len(caught.value.lines) == 21 and time.process_time() - begin < 2
    assert caught.value.lines[0] == "scenario field participation: expected at most 1.0, received 2"


def test_lists_within_a_wide_table_are_refused_before_its_fields_are_copied_for_each() -> None:
    wide = {f"x{at}": at for at in range(900)} | {"first": list(range(300)), "second": list(range(300))}
    begin = time.process_time()
    with pytest.raises(ScenarioError, match="link.impairments: expected at most 5000000 fields in all"):
        sweep(FIVE | {"link": {"snr_db": 0, "impairments": [[wide], [wide]]}})
    assert time.process_time() - begin < 2.0


@pytest.mark.parametrize(
    ("values", "words"),
    [([*(place / 1000 for place in range(286)), {"x": [7]}], "received {x = "), ([0.0] * 287, "0.0 is there twice")],
)
def test_a_wrong_value_in_a_wide_product_is_found_before_it_is_multiplied(values: list[Any], words: str) -> None:
    """By the processor's time of a product of two axes of 287 against that of each alone; it was a hundred times."""
    raw = FIVE | {"participation": [(place + 1) / 300 for place in range(287)]}
    wide = raw | {"uplink": {"kind": "analog", "rule": {"kind": "truncated_inversion", "floor": values}}}
    sweep(raw)
    begin = time.process_time()
    with pytest.raises(ScenarioError, match=words):
        sweep(wide)
    assert time.process_time() - begin < 0.5
