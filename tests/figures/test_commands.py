"""Published figures are drawn from what is kept beside the code and stand in one page; what is wrong is one line."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from matplotlib.figure import Figure

from overair import cli
from overair.figures import published
from overair.figures._kept import kept
from overair.scenarios.reading import files
from overair.scenarios.results import dataset
from tests.checkout import CHECKOUT, CURVES, needs_checkout

PANELS = {"abdi_rlc": 5, "amiri2020": 4, "bayes_recovery": 9, "deepjscc_cifar": 2, "qcs_variance": 5, "quickstart": 1}


@needs_checkout
@pytest.mark.parametrize("name", PANELS)
def test_a_picture_is_drawn_from_what_is_kept(
    name: str, figures: list[Figure], capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    out = str(tmp_path / "figure.pdf")
    assert cli.main(["figure", name, "--curves", str(CURVES), "--out", out]) == 0
    assert len(figures) == 1 and len(figures[0].axes) == PANELS[name]  # bars of colours included
    assert capsys.readouterr().out == f"figure: {out}\n"


@needs_checkout
def test_a_published_figure_leaves_its_caption_to_the_paper(
    figures: list[Figure], capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    out = str(tmp_path / "figure.pdf")
    assert cli.main(["figure", "abdi_rlc", "--curves", str(CURVES), "--out", out, "--no-caption"]) == 0
    assert not figures[0].get_supxlabel()
    written, caption = capsys.readouterr().out.splitlines()
    assert written == f"figure: {out}" and caption.startswith("caption: Left: LeNet on MNIST")


@needs_checkout
def test_what_is_a_part_of_a_figure_or_takes_options_is_drawn_so(figures: list[Figure]) -> None:
    for name in ("abdi_cifar", "abdi_ceo_batches"):
        figures.append(published.plot_published(name, CURVES))
    assert len(figures[0].axes) == PANELS["abdi_rlc"]
    assert figures[1].axes[0].get_xlabel() == "Samples of a gradient"


@pytest.mark.parametrize("place", ["figure.txt", "nowhere/figure.png", "folder.png"])
def test_a_place_that_keeps_no_picture_is_refused_before_anything_is_read(
    place: str, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "folder.png").mkdir()
    assert cli.main(["figure", "amiri2020", "--curves", str(tmp_path), "--out", str(tmp_path / place)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("overair: --out: expected a .png, .pdf, .svg in a folder that exists, received")
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", ["abdi_rlc", "clock_offset", "deepjscc_cifar", "qcs_variance", "quickstart"])
def test_results_that_are_not_there_are_told_with_the_command_that_makes_them(
    name: str, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    assert cli.main(["figure", name, "--curves", str(tmp_path), "--out", str(tmp_path / "figure.png")]) == 2
    error = capsys.readouterr().err
    told = f"curves: expected {name} in {tmp_path}, as {name}.csv or the folder of a run; `overair run {name} --out "
    assert error.startswith(told) and error.count("\n") == 1


def test_without_a_checkout_it_is_said_where_curves_are(
    capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "CURVES", tmp_path / "none")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["figure", "amiri2020"]) == 2
    assert "such as docs/curves of the source, by --curves; `overair run NAME" in capsys.readouterr().err
    (tmp_path / "docs" / "curves").mkdir(parents=True)
    assert published.folder(None) == Path("docs", "curves")
    assert cli.main(["figure", "all", "--curves", str(tmp_path)]) == 2
    assert f"no curves in {tmp_path}; `overair run NAME --out runs/NAME` makes a run" in capsys.readouterr().err


def test_a_name_that_is_no_preset_is_refused(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    assert cli.main(["figure", "amiri", "--curves", str(tmp_path)]) == 2
    assert "received amiri; did you mean amiri2020?" in capsys.readouterr().err


def test_results_of_a_preset_are_its_run_or_its_curve_in_a_folder(tmp_path: Path) -> None:
    curve = (CURVES / "bayes_recovery.csv").read_bytes()
    (tmp_path / "bayes_recovery.csv").write_bytes(curve)
    found = kept(tmp_path, "bayes_recovery")
    (tmp_path / "bayes_recovery").mkdir()
    dataset.save(found.isel(seed=[0]), tmp_path / "bayes_recovery")
    assert found.sizes["seed"] == 3 and kept(tmp_path, "bayes_recovery").sizes["seed"] == 1


@pytest.fixture
def gallery(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(published, "CURVES", CURVES)
    spec = importlib.util.spec_from_file_location("gallery", CHECKOUT / "docs" / "gallery.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_checkout
def test_the_gallery_shows_every_preset(gallery: ModuleType) -> None:
    assert gallery.text() == (CHECKOUT / "docs" / "gallery.md").read_text(), "run python docs/gallery.py"
    for name in published.names(CURVES):
        assert (CHECKOUT / "docs" / f"{name}.png").stat().st_size > 5000


@needs_checkout
@pytest.mark.parametrize("name", files.presets())
def test_a_preset_has_a_page_with_its_title_commands_figure_table_and_scenario(gallery: ModuleType, name: str) -> None:
    page = gallery.page(name)
    assert files.presets()[name] in page and f"    overair run {name} --out runs/{name}\n" in page
    assert f"```toml\n{files.text(name).strip()}\n```" in page
    figures = re.findall(r"!\[.*\]\(\.\./\.\./(.*)\)", page)
    tables = re.findall(r"<\.\./\.\./(.*)>", page)
    assert bool(figures) == (name in published.names(CURVES)) and bool(tables) == (CURVES / f"{name}.csv").is_file()
    assert all((CHECKOUT / "docs" / file).is_file() for file in [*figures, *tables])
    told = f"`overair run {name}`" in (CHECKOUT / "docs" / "results.md").read_text()
    assert ("results.md#" in page) == told
