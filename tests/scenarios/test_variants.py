"""Variants are an axis of named tables of changes, for what goes together."""

import tomllib
from typing import Any

import pytest

from overair.scenarios import ScenarioError, studies
from overair.scenarios.reading import overrides
from overair.scenarios.reading.sweep import sweep

FIVE: dict[str, Any] = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 30, "uplink": "analog"}
TEXT = """
data = "digits"
model = "softmax"
devices = 5
rounds = 30
link.snr_db = [0, 10]

[variants."A-DSGD, low power"]
uplink = { kind = "analog", codec = "sparse", rule = "individual" }
link.antennas = 2
optimizer = { name = "adam", learning_rate = 1e-3 }

[variants.perfect]
uplink = "ideal"
"grid.prefix" = 8
algorithm = "fedavg"
"""


def refusal(variants: Any, **more: Any) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        sweep(FIVE | {"variants": variants} | more)
    return caught.value.lines


def test_variants_are_the_first_axis_and_multiply_with_others() -> None:
    plan = sweep(tomllib.loads(TEXT))
    assert plan.axes == {"variant": ["A-DSGD, low power", "perfect"], "link.snr_db": [0.0, 10.0]}
    assert list(plan.axes) == ["variant", "link.snr_db"]
    first, second, third, fourth = (point.scenario for point in plan.points)
    assert [point.coordinates["variant"] for point in plan.points] == [*["A-DSGD, low power"] * 2, *["perfect"] * 2]
    assert (first.uplink.kind, first.uplink.codec.kind) == ("analog", "sparse")
    assert (first.link.antennas, first.link.snr_db) == (2, 0)
    assert (second.link.snr_db, second.optimizer.name, second.grid.prefix) == (10, "adam", 16)
    assert (third.uplink.kind, third.link.antennas, third.grid.prefix) == ("ideal", 1, 8)
    assert (fourth.optimizer.name, fourth.optimizer.learning_rate) == ("sgd", 1.0)  # the default with fedavg


def test_every_variant_is_the_scenario_with_its_changes_made() -> None:
    raw = {name: value for name, value in tomllib.loads(TEXT).items() if name != "variants"} | {"link": {"snr_db": 0}}
    sets = [
        "uplink={kind=analog,codec=sparse,rule=individual}",
        "link.antennas=2",
        "optimizer={name=adam,learning_rate=1e-3}",
    ]
    plan = sweep(tomllib.loads(TEXT))
    assert plan.points[0].scenario == studies.check(overrides.apply(raw, sets))
    assert plan.points[2].scenario == studies.check(
        overrides.apply(raw, ["uplink=ideal", "grid.prefix=8", "algorithm=fedavg"])
    )


def test_the_resolved_scenario_has_the_same_points_and_names_what_differs() -> None:
    plan = sweep(tomllib.loads(TEXT))
    assert sweep(plan.resolved) == plan
    perfect = plan.resolved["variants"]["perfect"]
    assert perfect["uplink"] == {"kind": "ideal"} and perfect["algorithm"]["kind"] == "fedavg"
    assert perfect["link.antennas"] == 1 and "uplink" not in plan.resolved
    assert plan.resolved["link"]["snr_db"] == [0, 10]


def test_a_path_changes_a_field_and_a_kind_replaces_a_scheme() -> None:
    base = {"uplink": {"kind": "analog", "codec": "random_linear", "feedback": 0.5}}
    variants = {
        "other rule": {"uplink.rule": "individual"},
        "other rule, too": {"uplink": {"rule": {"threshold": 0.3}}},
        "other codec": {"uplink.codec.compression": 4},
        "other uplink": {"uplink": {"kind": "digital"}},
    }
    one, two, three, four = (point.scenario.uplink for point in sweep(FIVE | base | {"variants": variants}).points)
    assert (one.rule.kind, one.feedback) == ("individual", 0.5)
    assert (two.rule.kind, two.rule.threshold, two.feedback) == ("truncated_inversion", 0.3, 0.5)
    assert (three.codec.kind, three.codec.compression, three.feedback) == ("random_linear", 4, 0.5)
    assert four.kind == "digital"


def test_what_is_set_on_the_command_line_is_set_before_variants_are_made() -> None:
    raw = FIVE | {"variants": {"quiet": {"link.snr_db": 0}, "as it is": {"devices": 6}}}
    changed = overrides.apply(raw, ["link.snr_db=7", "link.antennas=2"])
    assert [(p.scenario.link.snr_db, p.scenario.link.antennas) for p in sweep(changed).points] == [(0, 2), (7, 2)]
    changed = overrides.apply(raw, ["variants.quiet.link.antennas=3"])
    assert [point.scenario.link.antennas for point in sweep(changed).points] == [3, 1]


def test_a_variant_may_hold_a_list_by_nature() -> None:
    variants = {"late": {"link.impairments": ["timing_offset"]}, "in time": {"link.impairments": []}}
    assert [len(p.scenario.link.impairments) for p in sweep(FIVE | {"variants": variants}).points] == [1, 0]


@pytest.mark.parametrize(
    ("variants", "lines"),
    [
        (3, ['variants: expected named tables of changes, such as {quiet = {"link.snr_db" = 0}}, received 3']),
        ({}, ['variants: expected named tables of changes, such as {quiet = {"link.snr_db" = 0}}, received {}']),
        ({"a": 3}, ["variants.a: expected a table of changes by dotted path, received 3"]),
        ({"a": {}}, ["variants.a: expected a table of changes by dotted path, received {}"]),
        ({" ": {"devices": 3}}, ['variants. : expected a printable text of at most 80 characters, received " "']),
        ({"a": {"devices": 3}, "a ": {"devices": 4}}, ['variants.a : expected different names, received "a "']),
        ({"a": {"link..x": 3}}, ['variants.a.link..x: expected the dotted path of a field, received "link..x"']),
        (
            {"a": {"devices": 3}, "b": {"link.snr": 3}},
            ['variants.b.link.snr: expected one of snr_db, .*, received "snr"; did you mean link.snr_db\\?'],
        ),
        ({"a": {"devices": 0}}, ["variants.a.devices: expected more than 0, received 0"]),
        ({"a": {"devices.x": 0}}, ["variants.a.devices: expected a table, to set x in it, received 5"]),
        ({"a": {"link": {"snr_db": "x"}}}, ['variants.a.link.snr_db: expected a finite number, received "x"']),
        (
            {"a": {"participation": [0.5, 1]}},
            ['variants.a.participation: expected one value, as variants have no axes, received "a list"'],
        ),
        (
            {"a": {"participation": "0.5:1:0.5"}},
            ['variants.a.participation: expected one value, as variants have no axes, received "a list"'],
        ),
        (
            {"a": {"rounds": 3}},
            [
                "variants.a.rounds: expected one number \\(accuracy is kept along the way\\), "
                "the same for all variants, received 3"
            ],
        ),
        ({"a": {"seeds": [3]}}, ["variants.a.seeds: expected a list of whole numbers .*, received \\[3\\]"]),
        ({"a": {"study": "images"}}, ['variants.a.study: expected one word, .*, received "images"']),
    ],
)
def test_what_is_wrong_names_the_variant_and_the_path(variants: Any, lines: list[str]) -> None:
    for line, pattern in zip(refusal(variants), lines, strict=True):
        with pytest.raises(ScenarioError, match=f"^scenario field {pattern}$"):
            raise ScenarioError(line)


@pytest.mark.parametrize("path", ["link.snr_db", "link", "uplink.codec"])
def test_a_variant_leaves_axes_alone(path: str) -> None:
    more = {"link": {"snr_db": [0, 10]}, "uplink": {"kind": "analog", "codec": ["identity", "sparse"]}}
    value = {"channel": "awgn", "snr_db": 3} if path == "link" else "identity" if path == "uplink.codec" else 3
    (line,) = refusal({"a": {path: value}}, **more)
    axis = "uplink.codec" if path == "uplink.codec" else "link.snr_db"
    assert line.startswith(f"scenario field variants.a.{axis}: expected a field that is no axis, received ")
    assert line.endswith(f"; {axis} is one, so give each variant its value and drop the axis")


def test_a_fault_of_the_scenario_is_told_once_for_all_variants() -> None:
    assert refusal({"a": {"devices": 3}, "b": {"devices": 4}}, rounds=0) == [
        "scenario field rounds: expected more than 0, received 0"
    ]
