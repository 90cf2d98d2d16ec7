"""`overair show` draws what its options ask for, into a file of the kind that is asked for."""

import shutil
from pathlib import Path

import pytest

from overair import cli
from tests.checkout import CURVES, needs_checkout


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    shutil.copy(CURVES / "amiri2020_p200.csv", tmp_path / "run.csv")
    return tmp_path / "run.csv"


@needs_checkout
@pytest.mark.parametrize(("ending", "magic"), [("pdf", b"%PDF"), ("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_figure_over_costs_is_written_beside_the_curve(
    ending: str, magic: bytes, curve: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--x", "elements", "--lines", "uplink", "--style", "ieee", "--width", "3.5", "--format", ending]
    assert cli.main(["show", str(curve), *asked]) == 0
    assert capsys.readouterr().out.endswith(f"figure: {curve.with_suffix(f'.{ending}')}\n")
    assert curve.with_suffix(f".{ending}").read_bytes().startswith(magic)


@needs_checkout
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--x", "elemnts"], "x: expected one of uplink, round, elements, energy, airtime, bits"),
        (["--lines", "uplink,nothing"], 'lines: expected uplink, received "nothing"'),
        (["--width", "wide"], "overair: argument --width: invalid float value: 'wide'"),
        (["--format", "gif"], "overair: argument --format: invalid choice: 'gif'"),
    ],
)
def test_a_figure_that_cannot_be_is_one_line_and_no_file(
    asked: list[str], words: str, curve: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = cli.main(["show", str(curve), *asked])
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1) and words in err
    assert [file.name for file in curve.parent.iterdir()] == [curve.name]
