"""Results whose scenario or versions are no JSON objects are refused in a line, by all that reads them."""

from pathlib import Path

import pytest

from overair import cli
from overair.scenarios.results import curves
from tests.figures.test_plot import results


@pytest.mark.parametrize(
    ("name", "told", "fault"),
    [
        ("versions", "[1]", "expected the versions that made them as a JSON object"),
        ("versions", '{"overair": 3}', "expected the versions that made them as texts"),
        ("scenario", "[1, 2]", "expected its scenario as a JSON object"),
    ],
)
def test_what_is_damaged_is_told(
    name: str, told: str, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    file = tmp_path / "curve.csv"
    curves.save(results(devices=(5,)).assign_attrs({name: "{}"}), file)
    lines = [line for line in file.read_text().splitlines() if not line.startswith(f"# {name} ")]
    file.write_text("\n".join([f"# {name} {told}", *lines, ""]))
    for command in ("report", "cite"):
        assert cli.main([command, str(file)]) == 2
        assert fault in (error := capsys.readouterr().err) and error.count("\n") == 1
