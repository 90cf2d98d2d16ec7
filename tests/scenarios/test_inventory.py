"""`overair list --json` and `overair check --json` say to programs what the lists say to people."""

import importlib
import json
from typing import Any

import pytest

from overair import cli
from overair.scenarios.reading import catalogue, files


def listed(capsys: pytest.CaptureFixture[str], *what: str) -> Any:
    assert cli.main(["list", *what, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_everything_there_is_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    told = listed(capsys)
    assert told["scenarios"] == files.presets()
    assert {*told["families"]} == {*catalogue.FAMILIES}
    for family, about in told["families"].items():
        found = {kind: each["summary"] for kind, each in about["schemes"].items()}
        assert found == {kind: source.summary for kind, source in catalogue.sources(family).items()}


def test_parts_are_listed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert [*listed(capsys, "codecs")["families"]] == ["codecs"]
    assert [*listed(capsys, "studies")] == ["studies"]
    assert "link.snr_db" in listed(capsys, "fields", "images")["fields"]
    cfo = listed(capsys, "cfo")["families"]
    assert "deviation" in cfo["impairments"]["schemes"]["frequency_offset"]["fields"]


@pytest.mark.parametrize("what", [["codcs"], ["fields", "imagse"]])
def test_what_is_not_there_is_one_line(what: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", *what, "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "did you mean" in err


@pytest.mark.parametrize(("agrees", "code"), [(True, 0), (False, 1)])
def test_checks_are_told_as_data(
    agrees: bool, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure, sums = (importlib.import_module(f"overair.checks.{name}") for name in ("measure", "sums"))
    made = measure.Row("a sum", 1.0, 1.0 if agrees else 2.0, 0.01)
    monkeypatch.setattr(sums, "rows", lambda: [made])
    assert importlib.import_module("overair.checks").main(True) == code
    told = json.loads(capsys.readouterr().out)
    assert told == {"disagree": code, "rows": [{**made._asdict(), "agrees": agrees}]}
