"""Commands of figures: each draws its picture from what is kept beside the code, and says in one line what is wrong."""

import importlib
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from overair.figures._command import kept
from overair.scenarios.results import dataset
from tests.checkout import CURVES, needs_checkout

TABLES = ["--curves", str(CURVES)]
COMMANDS = {  # arguments, and how many panels there are, bars of colours included
    "abdi_rlc": ([str(CURVES)], 5),
    "amiri2020": ([str(CURVES)], 4),
    "bayes_recovery": ([str(CURVES)], 9),
    "deepjscc_cifar": ([str(CURVES / "deepjscc_cifar.csv")], 2),
    "qcs_variance": ([str(CURVES)], 5),
}
POSITIONAL = {"clock_offset": 2}  # results that a command takes


@needs_checkout
@pytest.mark.parametrize("name", COMMANDS)
def test_a_picture_is_drawn_from_what_is_kept(
    name: str, figures: list[Figure], capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    arguments, panels = COMMANDS[name]
    out = str(tmp_path / "figure.pdf")
    assert importlib.import_module(f"overair.figures.{name}").main([*arguments, "--out", out]) == 0
    assert len(figures) == 1 and len(figures[0].axes) == panels
    assert capsys.readouterr().out.endswith(f"figure: {out}\n")


@pytest.mark.parametrize("name", [*COMMANDS, "clock_offset"])
@pytest.mark.parametrize("place", ["figure.txt", "nowhere/figure.png"])
def test_a_place_that_keeps_no_picture_is_refused_before_anything_is_read(
    name: str, place: str, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    arguments = [] if COMMANDS.get(name, ([""], 0))[0][:1] == TABLES[:1] else ["nothing"] * POSITIONAL.get(name, 1)
    module = importlib.import_module(f"overair.figures.{name}")
    assert module.main([*arguments, "--out", str(tmp_path / place)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("overair: --out: expected a .png, .pdf or .svg in a folder that exists, received")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "name", ["abdi_rlc", "amiri2020", "bayes_recovery", "clock_offset", "deepjscc_cifar", "qcs_variance"]
)
def test_results_that_are_not_there_are_told_in_one_line(
    name: str, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    arguments = [str(tmp_path / "none")] * POSITIONAL.get(name, 1) + ["--out", str(tmp_path / "figure.png")]
    assert importlib.import_module(f"overair.figures.{name}").main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("overair: ") and str(tmp_path / "none") in error and error.count("\n") == 1


def test_results_of_a_preset_are_its_run_or_its_curve_in_a_folder(tmp_path: Path) -> None:
    curve = (CURVES / "bayes_recovery.csv").read_bytes()
    (tmp_path / "bayes_recovery.csv").write_bytes(curve)
    found = kept(tmp_path, "bayes_recovery")
    (tmp_path / "bayes_recovery").mkdir()
    dataset.save(found.isel(seed=[0]), tmp_path / "bayes_recovery")
    assert found.sizes["seed"] == 3 and kept(tmp_path, "bayes_recovery").sizes["seed"] == 1
