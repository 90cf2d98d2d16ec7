"""Lists make axes, axes make points, and `--set` changes what it names."""

import math
from typing import Any

import pytest

from overair.scenarios import ScenarioError
from overair.scenarios.reading import files, overrides, searches
from overair.scenarios.reading.axes import find
from overair.scenarios.reading.shapes import FieldShape, dotted
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.studies.federated import Federated

FIVE = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 30, "uplink": "analog"}


def changed(*sets: str, **more: Any) -> dict[str, Any]:
    return overrides.apply(FIVE | more, sets)


def refusal(*sets: str, **more: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        sweep(changed(*sets, **more))
    return str(caught.value)


def test_without_lists_there_is_one_point() -> None:
    plan = sweep(FIVE)
    assert (plan.axes, len(plan.points), plan.points[0].coordinates) == ({}, 1, {})


def test_axes_are_multiplied_in_the_order_of_writing() -> None:
    plan = sweep(FIVE | {"uplink": ["ideal", "analog"], "link": {"snr_db": [0, 10]}})
    assert plan.axes == {"uplink": ["ideal", "analog"], "link.snr_db": [0.0, 10.0]}
    places = [tuple(point.coordinates.values()) for point in plan.points]
    assert places == [("ideal", 0.0), ("ideal", 10.0), ("analog", 0.0), ("analog", 10.0)]
    assert [(point.scenario.uplink.kind, point.scenario.link.snr_db) for point in plan.points] == places


def test_the_resolved_scenario_has_the_same_points() -> None:
    raw = changed("uplink=[ideal,{kind=digital,margin_db=[0,3]}]", "link.impairments=[[],[timing_offset]]", "seeds=[7]")
    plan = sweep(raw)
    assert sweep(plan.resolved) == plan


def test_axes_lie_inside_schemes_and_lists() -> None:
    raw = changed("uplink.codec=random_linear", "uplink.codec.compression=[2,5]", "link.impairments=[timing_offset]")
    raw = overrides.apply(raw, ["link.impairments.0.high=[0,4]"])
    found = {dotted(path): values for path, values in find(FieldShape(table=Federated), raw).items()}
    assert found == {"uplink.codec.compression": [2, 5], "link.impairments.0.high": [0, 4]}
    high = [point.scenario.link.impairments[0].model_dump()["high"] for point in sweep(raw).points]
    assert high == [0.0, 4.0, 0.0, 4.0]


def test_a_list_by_nature_is_an_axis_as_a_list_of_lists() -> None:
    assert sweep(changed("link.impairments=[timing_offset,path_loss]")).axes == {}
    raw = changed("link.impairments=[[],[timing_offset],[timing_offset,path_loss]]")
    assert sweep(raw).axes == {"link.impairments": ["none", "timing_offset", "timing_offset + path_loss"]}
    assert "expected a list, or for an axis a list of lists" in refusal("link.impairments=[[],timing_offset]")


def test_schemes_alike_are_named_by_their_differences() -> None:
    raw = changed("link.channel=[awgn,{kind=tdl,model=[A,B],delay_spread=[1e-7,3e-7]}]")
    assert sweep(raw).axes == {
        "link.channel": [
            "awgn",
            "tdl model=A delay_spread=1e-07",
            "tdl model=A delay_spread=3e-07",
            "tdl model=B delay_spread=1e-07",
            "tdl model=B delay_spread=3e-07",
        ]
    }
    raw = changed("uplink=[{kind=analog,codec=[identity,random_linear]},ideal]")
    assert sweep(raw).axes == {"uplink": ["analog identity", "analog random_linear", "ideal"]}
    assert sweep(changed("grant=[{elements=400},{compression=2}]")).axes == {"grant": ["elements=400", "compression=2"]}


def test_labels_of_neighbouring_numbers_differ() -> None:
    near = math.nextafter(0.1, 1)
    raw = FIVE | {"link": {"channel": [{"kind": "tdl", "delay_spread": value} for value in (1e-7, 1e-7 * (1 + 1e-15))]}}
    assert len(set(sweep(raw).axes["link.channel"])) == 2
    assert sweep(FIVE | {"participation": [0.1, near]}).axes["participation"] == [0.1, near]


def test_truth_values_are_labels_and_no_numbers() -> None:
    raw = changed("link.impairments=[timing_offset]", "link.impairments.0.seen=[true,false]")
    assert sweep(raw).axes == {"link.impairments.0.seen": ["true", "false"]}


@pytest.mark.parametrize(
    "change, words",
    [
        (
            "rounds=[1,2]",
            "scenario field rounds: expected one number (accuracy is kept along the way), received [1, 2]",
        ),
        ("seeds=[[0],[1]]", "scenario field seeds: expected a list of whole numbers"),
        ("link.snr_db=[]", "scenario field link.snr_db: expected at least one value, received []"),
        ("link.snr_db=[1,1.0]", "scenario field link.snr_db: expected different values, received [1, 1.0]"),
        ("link.snr_db=[1,[2]]", "scenario field link.snr_db: expected a finite number, received [2]"),
        ("link.snr_db=[1,ten]", 'scenario field link.snr_db: expected a finite number, received "ten"'),
    ],
)
def test_an_axis_that_cannot_be_is_told_in_one_line(change: str, words: str) -> None:
    line = refusal(change)
    assert line.startswith(words) and "\n" not in line


def test_a_fault_in_all_points_is_told_once() -> None:
    assert refusal("devices=0", "link.snr_db=[1,2,3]") == "scenario field devices: expected more than 0, received 0"


@pytest.mark.parametrize(
    "text, value",
    [
        ("10", 10),
        ("-1e-3", -1e-3),
        ("true", True),
        ("[-10, 0]", [-10, 0]),
        ("analog", "analog"),
        ("'a.b'", "a.b"),
        ("[ideal,analog]", ["ideal", "analog"]),
        ('[ideal,"two words"]', ["ideal", "two words"]),
        ("{kind=tdl,model=B,speed=1.5}", {"kind": "tdl", "model": "B", "speed": 1.5}),
        ("[[],[timing_offset]]", [[], ["timing_offset"]]),
        ("My run, the 3rd", "My run, the 3rd"),
        ("[15e3,30e3]", [15e3, 30e3]),
        ("1\ny = 2", "1\ny = 2"),
    ],
)
def test_values_are_toml_in_which_words_need_no_quotes(text: str, value: Any) -> None:
    assert overrides.parse(f"a.0.b={text}") == (("a", 0, "b"), value)


@pytest.mark.parametrize("change", ["x", "=3", "a=", "a..b=1", "a=[1,", "a={b}", 'a="x'])
def test_a_change_that_says_nothing_is_refused_in_one_line(change: str) -> None:
    with pytest.raises(ScenarioError, match="^--set: expected .*$"):
        overrides.parse(change)


def test_a_change_inside_a_scheme_that_was_only_named_makes_a_table_of_it() -> None:
    assert changed("uplink.codec=identity")["uplink"] == {"kind": "analog", "codec": "identity"}
    assert changed("uplink.rule.threshold=0.2")["uplink"]["rule"] == {
        "kind": "truncated_inversion",
        "threshold": 0.2,
    }
    assert changed("link.channel.model=B")["link"] == {"channel": {"kind": "tdl", "model": "B"}}


def test_a_change_inside_an_axis_of_schemes_is_made_where_there_is_such_a_field() -> None:
    raw = changed("uplink=[ideal,analog,digital]", "uplink.codec=random_linear", "uplink.codec.compression=[2,5]")
    assert sweep(raw).axes == {"uplink": ["ideal", "analog compression=2", "analog compression=5", "digital"]}


@pytest.mark.parametrize(
    "sets, words",
    [
        (
            ["uplink=[ideal,digital]", "uplink.codec=identity"],
            "scenario field uplink.codec: expected a value with the field",
        ),
        (["rounds.x=3"], "scenario field rounds: expected a table, to set x in it, received 30"),
        (["link.impairments.0.high=3"], "scenario field link.impairments.0: expected a list with a place to set"),
        (["link.impairments=[[],[timing_offset]]", "link.impairments.1.high=3"], "scenario field link.impairments.1"),
        (["lnk.snr_db=3"], "scenario field lnk: expected one of"),
        (["link.snr=3"], "scenario field link.snr: expected one of"),
        (["uplink.nonsense.deep=3"], "scenario field uplink.nonsense: expected one of codec, rule, budget"),
    ],
)
def test_a_change_of_what_is_not_there_is_refused(sets: list[str], words: str) -> None:
    line = refusal(*sets)
    assert line.startswith(words) and "\n" not in line


def test_a_change_leaves_the_scenario_it_came_from_alone() -> None:
    raw = {**FIVE, "link": {"snr_db": 3}}
    overrides.apply(raw, ["link.snr_db=4", "link.antennas=2"])
    assert raw["link"] == {"snr_db": 3}


@pytest.mark.parametrize("name", files.presets())
def test_every_preset_is_a_scenario_with_a_title(name: str) -> None:
    plan = sweep(searches.taken(files.read(name)[1])[0])
    assert plan.points and plan.resolved["title"]
