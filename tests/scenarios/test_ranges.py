"""A range "start:stop:step" stands for its numbers, in an axis and in a list of numbers."""

from fractions import Fraction
from typing import Any

import pytest

from overair.scenarios import ScenarioError
from overair.scenarios.reading import overrides
from overair.scenarios.reading.sweep import sweep

FIVE: dict[str, Any] = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 30, "uplink": "analog"}
IMAGES: dict[str, Any] = {"study": "images", "data": "digits", "scheme": "linear"}


def snrs(text: Any) -> Any:
    return sweep(FIVE | {"link": {"snr_db": text}}).axes.get("link.snr_db")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("-10:20:5", [-10, -5, 0, 5, 10, 15, 20]),
        ("20:-10:-15", [20, 5, -10]),
        ("0:10:3", [0, 3, 6, 9]),
        (" 0 : 1 : 1 ", [0, 1]),
        ("+.5:1.5:5e-1", [0.5, 1, 1.5]),
        (["0:10:5", 30, "40:50:10"], [0, 5, 10, 30, 40, 50]),
        ("3:3:1", [3]),
    ],
)
def test_an_axis_has_the_numbers_of_a_range_and_its_stop(text: Any, values: list[float]) -> None:
    assert snrs(text) == values


def test_steps_are_those_of_decimal_arithmetic() -> None:
    assert snrs("0:100:0.1") == [float(Fraction(place, 10)) for place in range(1001)]
    assert 0.3 in snrs("0:1:0.1") and 0.1 + 0.2 not in snrs("0:1:0.1")


def test_whole_numbers_stay_whole() -> None:
    assert sweep(FIVE | {"devices": "5:20:5"}).axes == {"devices": [5, 10, 15, 20]}
    with pytest.raises(ScenarioError, match="expected a whole number, received 5.0"):
        sweep(FIVE | {"devices": "5.0:20:5"})


def test_a_list_by_nature_holds_the_numbers_of_a_range() -> None:
    plan = sweep(IMAGES | {"link": {"snr_db": ["0:10:5", 20]}, "seeds": "0:9:1"})
    assert plan.axes == {} and plan.points[0].scenario.seeds == list(range(10))
    assert plan.points[0].scenario.link.snr_db == [0, 5, 10, 20]
    assert sweep(IMAGES | {"link": {"snr_db": "0:10:5"}}).points[0].scenario.link.snr_db == [0, 5, 10]


def test_ranges_stand_within_schemes_and_free_tables() -> None:
    raw = FIVE | {"uplink": ["ideal", {"kind": "digital", "margin_db": "0:6:3"}]}
    assert sweep(raw).axes == {"uplink": ["ideal", "digital margin_db=0", "digital margin_db=3", "digital margin_db=6"]}
    optimizer = {"name": "sgd", "learning_rate": 0.1, "options": {"momentum": "0:0.9:0.3"}}
    assert sweep(FIVE | {"optimizer": optimizer}).axes == {"optimizer.options.momentum": [0.0, 0.3, 0.6, 0.9]}


@pytest.mark.parametrize(
    ("change", "values"),
    [
        ("link.snr_db=-10:20:10", [-10, 0, 10, 20]),
        ("link.snr_db=[-10:0:10, 30]", [-10, 0, 30]),
        ("link.snr_db='0:10:5'", [0, 5, 10]),
        ("link.snr_db=10:20:10", [10, 20]),  # which TOML would take for a time of day
    ],
)
def test_ranges_need_no_quotes_on_the_command_line(change: str, values: list[float]) -> None:
    assert sweep(overrides.apply(FIVE, [change])).axes == {"link.snr_db": values}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0:10", "a range start:stop:step, such as 0:20:5"),
        ("0:10:x", "a range start:stop:step, such as 0:20:5"),
        ("0:1e9999:1", "a range start:stop:step, such as 0:20:5"),
        ("0:10:0", "a step that leads from start to stop"),
        ("0:10:-1", "a step that leads from start to stop"),
        ("0:1:1e-9", "at most 100000 numbers"),
        ("0:1e999:1e-999", "at most 100000 numbers"),
    ],
)
def test_what_is_no_range_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        snrs(text)
    assert caught.value.lines == [f'scenario field link.snr_db: expected {words}, received "{text}"']


def test_a_text_with_colons_stays_a_text() -> None:
    assert sweep(FIVE | {"title": "0:10:5"}).resolved["title"] == "0:10:5"


def test_a_range_of_rounds_is_no_axis() -> None:
    with pytest.raises(ScenarioError, match="^scenario field rounds: expected one number .*, received .10:30:10.$"):
        sweep(FIVE | {"rounds": "10:30:10"})
