"""`overair show` draws what its options ask for, into a file of the kind that is asked for."""

import shutil
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

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
def test_a_caption_is_drawn_or_printed(curve: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heights, told = [], []
    for asked in ([], ["--no-caption"]):
        assert cli.main(["show", str(curve), "--style", "ieee", *asked]) == 0
        with Image.open(curve.with_suffix(".png")) as image:
            heights.append(image.height)
        told.append(capsys.readouterr().out.splitlines()[-1])
    assert heights[1] < 0.9 * heights[0]
    assert told[0].startswith("figure: ") and told[1].startswith("caption: Mean of ") and "Compared" in told[1]


@needs_checkout
@pytest.mark.parametrize("kept", ["gradient_statistics", "required_snr"])
def test_without_its_caption_a_figure_is_still_that_of_its_study(
    kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    shutil.copy(CURVES / f"{kept}.csv", tmp_path / "run.csv")
    for asked in ([], ["--no-caption"]):
        assert cli.main(["show", str(tmp_path / "run.csv"), *asked]) == 0
    own, bare = drawn
    labels = [[(panel.get_xlabel(), panel.get_ylabel()) for panel in figure.axes] for figure in drawn]
    assert labels[0] == labels[1] and len(own.axes) > 1
    assert capsys.readouterr().out.endswith(f"caption: {' '.join(own.get_supxlabel().split())}\n")
    assert bare.get_supxlabel() == "" and bare.get_figheight() < own.get_figheight()


@needs_checkout
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--x", "elemnts"], "x: expected one of uplink, round, elements, energy, airtime, bits"),
        (["--lines", "uplink,nothing"], 'lines: expected uplink, received "nothing"'),
        (["--width", "wide"], "overair: argument --width: invalid float value: 'wide'"),
        (["--format", "gif"], "overair: argument --format: invalid choice: 'gif'"),
        (["--to", "accuracy=0.5", "--x", "elements"], "--x: expected none beside --to, which shows something else"),
        (["--to", "accuracy=0.5", "--json"], "--json: expected none beside --to, which shows something else"),
        (["--csv", "--style", "ieee"], "--style: expected none beside --csv, which shows something else"),
        (["--json", "--no-caption"], "--no-caption: expected none beside --json, which shows something else"),
        (["--toml", "--against", "ideal"], "--against: expected none beside --toml, which shows something else"),
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
