"""Pictures: what is compared a row, the original and SNRs beside each other, and below each its PSNR."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overair.figures import beside, draw, pictures, plot, report
from overair.scenarios import ScenarioError
from tests.figures.test_report import Page

SNRS, RATIOS, SCHEMES = [19.0, 1.0, 4.0, 10.0], [1 / 12, 0.25], ["deepjscc", "linear"]
SIDE, HIGH, WIDE = 6, 4, 5  # of images within the square that is kept
DIMS = ("scheme", "seed", "ratio", "snr_db")


def results(colours: int = 3, shown: int = 2, seeds: int = 1) -> xr.Dataset:
    """Pictures that are brighter than their originals by 0.01 and a thousandth for every place."""
    original = np.full((2, seeds, shown, 3, SIDE, SIDE), np.nan)
    original[..., :colours, :HIGH, :WIDE] = np.random.default_rng(0).uniform(0, 0.8, [HIGH, WIDE])
    place = np.arange(2 * seeds * 2 * 4).reshape(2, seeds, 2, 4)
    picture = original[:, :, None, None] + 0.01 + 0.001 * place[..., None, None, None, None]
    variables: dict[str, Any] = {
        "psnr": (DIMS, 20.0 + place),
        "picture": ((*DIMS, "shown", "colour", "pixel"), picture.reshape(*picture.shape[:-2], -1)),
        "original": (("scheme", "seed", "shown", "colour", "pixel"), original.reshape(*original.shape[:-2], -1)),
    }
    coordinates = {"scheme": SCHEMES, "seed": range(seeds), "ratio": RATIOS, "snr_db": SNRS}
    return xr.Dataset(variables, coordinates, {"study": "images"})


def texts(panel: Axes) -> list[str]:
    """Above and below, from left to right."""
    return [text.get_text() for text in panel.texts if text.get_text()]


def strip(panel: Axes) -> np.ndarray:
    return np.asarray(panel.images[0].get_array())


def test_rows_are_what_is_compared_and_columns_the_least_the_middle_and_the_greatest_snr() -> None:
    made = results()
    panels = plot(made, y="picture").axes
    assert len(panels) == 4 * 2 and all(len(panel.images) == 1 for panel in panels)
    labels = ["deepjscc, k/n = 1/12", "linear, k/n = 1/12", "deepjscc, k/n = 1/4", "linear, k/n = 1/4"]
    assert [panel.get_ylabel() for panel in panels[::2]] == labels
    for panel, (ratio, scheme) in zip(panels[::2], [(0, 0), (0, 1), (1, 0), (1, 1)], strict=True):
        here = made.isel(ratio=ratio, scheme=scheme, seed=0, shown=0)
        wanted = [here.original.values, *here.picture.values[[1, 3, 0]]]  # of 1, 10 and 19 dB
        assert strip(panel).shape == (HIGH, 4 * (WIDE + 1) - 1, 3)
        for at, each in enumerate(wanted):
            image = each.reshape(3, SIDE, SIDE)[:, :HIGH, :WIDE].transpose(1, 2, 0)
            np.testing.assert_allclose(strip(panel)[:, 6 * at : 6 * at + 5], image)
        assert np.all(strip(panel)[:, 5::6] == 1)
        psnrs = [f"{-20 * np.log10(np.mean(each - wanted[0], where=np.isfinite(each))):.1f}" for each in wanted[1:]]
        assert [text for text in texts(panel) if text not in ("original", "1 dB", "10 dB", "19 dB")] == psnrs
    for at, panel in enumerate(panels):
        assert ("original" in texts(panel)) == ({"1 dB", "10 dB", "19 dB"} <= {*texts(panel)}) == (at < 2)


def test_grey_pictures_are_grey_and_one_image_has_more_snrs() -> None:
    made = results(colours=1, shown=1)
    for panel in plot(made, y="original").axes:
        assert strip(panel).shape == (HIGH, 5 * (WIDE + 1) - 1, 3)
        np.testing.assert_array_equal(strip(panel)[..., 1:], strip(panel)[..., :1].repeat(2, axis=-1))


def test_what_is_not_known_has_no_row_and_what_is_hidden_is_said() -> None:
    made = results(shown=5, seeds=2)
    made = made.where(made.scheme != "deepjscc")
    drawn = plot(made, y="picture")
    assert [panel.get_ylabel() for panel in drawn.axes[::3]] == ["linear, k/n = 1/12", "linear, k/n = 1/4"]
    below = drawn.get_supxlabel()
    assert "the first of the seeds" in below and "2 more images are not shown" in below and "rows" not in below
    assert texts(drawn.axes[0])[:4] == ["original", "1 dB", "10 dB", "19 dB"]


def test_a_first_seed_that_failed_has_no_row_although_the_second_has_pictures() -> None:
    made = results(seeds=2)
    lost = made.where((made.scheme != "deepjscc") | (made.seed != 0))
    assert [panel.get_ylabel() for panel in plot(lost, y="picture").axes[::2]] == [
        "linear, k/n = 1/12",
        "linear, k/n = 1/4",
    ]
    assert beside(made.where(made.seed != 0)) is None


def test_what_curves_have_is_refused_and_styles_are_not() -> None:
    made = results()
    with pytest.raises(ScenarioError, match="x: expected none with pictures, received "):
        plot(made, x="snr_db", y="picture")
    assert plot(made, y="picture", style="ieee").get_figwidth() == 3.5
    assert plot(made, y="picture", width=5.0).get_figwidth() == 5.0


def test_a_report_holds_the_pictures_beside_the_curves() -> None:
    page = Page(report.text(results()))
    assert "Pictures" in page.text
    held = [str(each["xlink:href"]) for tag, each in page.elements if tag == "image"]
    assert len(held) == 4 * 2 and all(each.startswith("data:image/png;base64,") for each in held)
    assert max(map(len, held)) < 2000  # at the pictures' own resolution


def test_results_of_before_have_curves_and_no_pictures(tmp_path: Path) -> None:
    made = results().drop_vars(["picture", "original"])
    assert beside(made) is None and "Pictures" not in report.text(made)
    draw(made, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000
    with pytest.raises(ScenarioError, match="y: expected psnr, received "):
        plot(made, y="picture")


def test_the_figure_of_images_is_the_curve(figures: list[Figure], tmp_path: Path) -> None:
    draw(results(), tmp_path / "figure.png")
    assert len(figures[0].axes) == len(RATIOS) and not any(panel.images for panel in figures[0].axes)


def test_images_sent_apart_stand_in_rows(figures: list[Figure], tmp_path: Path) -> None:
    """An error of 0.1 everywhere is 20 dB, of 0.01 is 40 dB; values beyond white are clipped before they are told."""
    originals = np.stack([np.full((4, 4, 3), 0.5), np.full((4, 4, 3), 0.95)])
    received = np.stack([originals + 0.1, originals + 0.01])
    pictures.draw_sent(originals, received, [0.0, 10.0], tmp_path / "figure.png")
    first, second = figures[0].axes
    assert texts(first) == ["original", "0 dB", "10 dB", "20.0", "40.0"]
    assert texts(second) == ["26.0", "40.0"]  # the brighter one saturates: 0.05 is 26 dB
    for row, panel in enumerate((first, second)):
        for at, image in enumerate([originals[row], *received[:, row]]):
            np.testing.assert_allclose(strip(panel)[:, 5 * at : 5 * at + 4], np.clip(image, 0, 1))
