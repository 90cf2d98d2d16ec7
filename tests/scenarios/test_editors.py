"""`overair schema`: what editors are told accepts every scenario that runs, and finds the mistakes that can be told."""

import json
from functools import cache
from typing import Any

import pytest

from overair.cli import main
from overair.scenarios import studies
from overair.scenarios.reading import files, schema, skeleton
from overair.scenarios.reading.sweep import sweep

jsonschema = pytest.importorskip(
    "jsonschema", reason="schemas are tried out by the package jsonschema, which is not here"
)

FIVE = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 30, "uplink": "analog"}
GOOD: list[dict[str, Any]] = [
    {},
    {"link": {"snr_db": "0:20:5"}},
    {"link": {"snr_db": [0, "5:15:5", 20.5]}},
    {"link": {"channel": ["awgn", {"kind": "tdl", "model": ["A", "B"]}]}},
    {"link": {"impairments": [[], [{"kind": "timing_offset", "high": [1, 2]}]]}},
    {"uplink": ["ideal", {"kind": "analog", "codec": {"kind": "sparse", "label": "mine"}}]},
    {"grant": {"compression": [1, 2]}},
    {"seeds": {"precision": 0.005, "most": 32}},
    {"tune": {"over": "optimizer.learning_rate", "values": [0.1, 0.3]}},
    {"find": {"over": "link.snr_db", "target": "accuracy >= 0.5", "low": -10, "high": 10}},
    {"variants": {"quiet": {"link.snr_db": 0}, "loud": {"link.snr_db": 20, "uplink": "ideal"}}},
    {"data": "digits", "study": "federated"},
]
BAD: list[tuple[dict[str, Any], str]] = [
    ({"nope": 1}, "$"),
    ({"link": {"snrdb": 3}}, "$.link"),
    ({"link": {"snr_db": "ten"}}, "$.link"),
    ({"link": {"snr_db": [True]}}, "$.link"),
    ({"uplink": "anlog"}, "$.uplink"),
    ({"uplink": {"codec": "identity"}}, "$.uplink"),
    ({"uplink": {"kind": "analog", "codec": "nope"}}, "$.uplink"),
    ({"uplink": {"kind": "digital", "rule": "blind"}}, "$.uplink"),
    ({"devices": 0}, "$.devices"),
    ({"rounds": [1, 2]}, "$.rounds"),
    ({"title": ["a", "b"]}, "$.title"),
    ({"seeds": 3}, "$.seeds"),
    ({"executor": "fast"}, "$.executor"),
    ({"find": {"over": "link.snr_db"}}, "$.find"),
    ({"study": "link"}, "$.study"),
]


@cache
def validator(study: str) -> Any:
    made = schema.schema(study)
    jsonschema.Draft7Validator.check_schema(made)
    return jsonschema.Draft7Validator(made)


def faults(raw: Any, study: str = "federated") -> list[str]:
    return [error.json_path for error in validator(study).iter_errors(raw)]


@pytest.mark.parametrize("name", files.presets())
def test_every_preset_is_accepted(name: str) -> None:
    raw = files.read(name)[1]
    assert not faults(raw, raw.get("study", studies.USUAL))


@pytest.mark.parametrize("study", studies.names())
def test_the_example_of_every_study_is_accepted_and_nothing_unknown_is(study: str) -> None:
    given = skeleton.example(study)
    assert not faults(given, study)
    assert faults(given | {"unknown": 1}, study) == ["$"] and faults(given | {"study": "other"}, study) == ["$.study"]
    needed = [name for name, field in studies.load(study).model_fields.items() if field.is_required()]
    assert faults({"study": study}, study) == ["$"] * (needed not in ([], ["study"]))


@pytest.mark.parametrize("change", GOOD, ids=str)
def test_axes_ranges_kinds_and_searches_are_accepted(change: dict[str, Any]) -> None:
    if not {"find", "tune"} & change.keys() and not isinstance(change.get("seeds"), dict):
        assert sweep(FIVE | change).points  # it is a scenario
    assert not faults(FIVE | change)


@pytest.mark.parametrize("change, place", BAD, ids=str)
def test_mistakes_are_found_where_they_are(change: dict[str, Any], place: str) -> None:
    assert set(faults(FIVE | change)) == {place}


def test_what_a_variant_gives_need_not_be_given_again() -> None:
    raw = {name: value for name, value in FIVE.items() if name != "uplink"}
    assert faults(raw) == ["$"]
    assert not faults(raw | {"variants": {"a": {"uplink": "ideal"}, "b": {"uplink": "analog"}}})


def test_the_command_prints_it_with_what_fields_mean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "link"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == schema.schema("link") and told["$schema"] == schema.DRAFT
    assert told["properties"]["study"] == {"const": "link", "type": "string", "description": "what is simulated"}
    assert told["definitions"]["Tdl"]["properties"]["delay_spread"]["description"].endswith("in seconds.")
    assert "null" not in json.dumps([told["definitions"], told["properties"]])


def test_a_study_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "lnk"]) == 2
    assert capsys.readouterr().err.endswith('received "lnk"; did you mean link?\n')


def test_a_new_scenario_names_its_schema_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Editors look in the first lines of a file."""
    assert main(["new", "images"]) == 0
    assert capsys.readouterr().out.startswith("#:schema ./images.schema.json\n")
