"""`overair new STUDY` prints a scenario with every field of the study; tests/conformance/test_studies.py runs it."""

import re
import tomllib
from pathlib import Path

import pytest

from overair.cli import main
from overair.scenarios import ScenarioError, studies
from overair.scenarios.reading import files, overrides, skeleton
from overair.scenarios.reading.listing import described, fields, listing
from overair.scenarios.reading.sweep import sweep

SWITCHED_OFF = re.compile(r"^#(?=\w+ = (?!\.\.\.))", re.MULTILINE)


@pytest.mark.parametrize("study", studies.names())
def test_it_is_a_scenario_of_the_study(study: str) -> None:
    raw = tomllib.loads(skeleton.text(study))
    (point,) = sweep(raw).points
    assert point.scenario == studies.check(skeleton.example(study)) and type(point.scenario) is studies.load(study)


@pytest.mark.parametrize("study", studies.names())
def test_every_field_stands_in_it_once_with_what_it_means(study: str) -> None:
    section, found = "", {}
    before = ""
    for line in skeleton.text(study).splitlines():
        if heading := re.fullmatch(r"#?\[([\w.]+)\]", line):
            section = f"{heading[1]}."
        elif name := re.match(r"#?(\w+) = ", line):
            assert section + name[1] not in found
            found[section + name[1]] = before.removeprefix("# ")
        before = line
    assert found == described(studies.load(study))


@pytest.mark.parametrize("study", studies.names())
def test_what_is_switched_off_stands_at_its_default(study: str) -> None:
    text = skeleton.text(study)
    on = tomllib.loads(SWITCHED_OFF.sub("", text))
    for name in re.findall(r"^#\[(\w+)\]", text, re.MULTILINE):  # a table that is left out whole
        inside = text.partition(f"#[{name}]")[2].partition("\n[")[0]
        for field in re.findall(r"^#(\w+) = (?!\.\.\.)", inside, re.MULTILINE):
            on.pop(field, None) or next((part.pop(field, None) for part in on.values() if isinstance(part, dict)), None)
    assert studies.check(on) == studies.check(tomllib.loads(text))


def test_values_are_written_as_toml_has_them() -> None:
    value = {"a": [1, 2.5, 1e-7, True], "b": {"kind": "tdl"}, "c": 'say "so"', "d": {}, "e": {"kind": "x", "y": -1}}
    read = tomllib.loads(f"value = {skeleton.toml(value)}")["value"]
    assert read == value | {"b": "tdl"}


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["new", "images"]) == 0
    file = tmp_path / "my.toml"
    file.write_text(capsys.readouterr().out)
    assert sweep(overrides.apply(files.read(file)[1], ["link.snr_db=0:20:10"])).points


def test_no_study_of_that_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["new", "imges"], ["list", "fields", "imges"]):
        assert main(argv) == 2
        assert capsys.readouterr().err.endswith('received "imges"; did you mean images?\n')
    with pytest.raises(ScenarioError, match="^study: expected one of "):
        fields("nonsense")


@pytest.mark.parametrize("study", studies.names())
def test_studies_and_their_fields_are_listed(study: str) -> None:
    assert any(line.split()[:1] == [study] and len(line) > 40 for line in listing("studies"))
    assert [line.split()[0] for line in fields(study)] == list(described(studies.load(study)))


def test_fields_are_those_of_federated_learning_and_say_where_others_are() -> None:
    lines = listing("fields")
    assert lines[0].split()[0] == "title" and lines[-1] == "fields of another study: overair list fields STUDY"


@pytest.mark.parametrize("name", files.presets())
def test_a_preset_is_shown_with_its_comments(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", name, "--toml"]) == 0
    line, made, empty, text = capsys.readouterr().out.split("\n", 3)
    study = files.read(name)[1].get("study", studies.USUAL)
    assert line == f"#:schema ./{study}.schema.json" and f"overair schema {study} >" in made and empty == "#"
    assert text == (files.PRESETS / f"{name}.toml").read_text()
