"""PSNR against SNR: every panel has its own ratio, and published lines stand where they belong."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import deepjscc_cifar, draw, images
from tests.checkout import CURVES, needs_checkout
from tests.figures.reading import interval, lines, points, reach

SNRS, RATIOS = [0.0, 5.0, 10.0], [1 / 12, 1 / 6]
VARIABLES = {"psnr": ("dB", "PSNR of the mean squared error over all images"), "ssim": ("1", "structural similarity")}
ABOUT = {
    "snr_db": ("dB", "SNR"),
    "ratio": ("1", "bandwidth ratio k/n"),
    "link.channel.speed": ("m/s", "link.channel.speed"),
}


def described(name: str) -> dict[str, str]:
    units, long_name = (VARIABLES | ABOUT).get(name, ("1", name))
    return {"units": units, "long_name": long_name}


def dataset(seeds: int = 3) -> xr.Dataset:
    along: dict[str, list] = {
        "ratio": RATIOS,
        "scheme": ["deepjscc", "digital modes"],
        "link.channel.speed": [0.0, 3.0],
    }
    along |= {"seed": list(range(seeds)), "snr_db": SNRS}
    shape, random = [len(values) for values in along.values()], np.random.default_rng(0)
    data = {name: (list(along), random.uniform(10, 40, shape), described(name)) for name in VARIABLES}
    return xr.Dataset(
        data, {name: (name, values, described(name)) for name, values in along.items()}, {"study": "images"}
    )


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_panel_has_the_lines_and_bands_of_its_ratio(variable: str, figures: list[Figure]) -> None:
    given = dataset()
    figures.append(images.plot(given, variable))
    panels, places = figures[0].axes, [(speed, ratio) for speed in (0, 1) for ratio in (0, 1)]
    assert [panel.get_title().rpartition(", ")[2] for panel in panels] == 2 * ["k/n = 1/12", "k/n = 1/6"]
    assert [panel.get_title().partition(",")[0] for panel in panels] == [
        f"Channel speed {speed} m/s" for speed in (0, 0, 3, 3)
    ]
    for panel, (speed, ratio) in zip(panels, places, strict=True):
        for at, line in enumerate(lines(panel)):
            place = {"scheme": at, "link.channel.speed": speed, "ratio": ratio}
            values = given[variable].isel(place).transpose("seed", "snr_db").values
            np.testing.assert_allclose(points(line), [SNRS, values.mean(axis=0)])
            np.testing.assert_allclose(reach(panel, at), interval(values))
        assert len(lines(panel)) == 2
    assert [panel.get_xlabel() for panel in panels] == ["", "", *2 * ["SNR (dB), P/N0 of a complex symbol"]]


def test_labels_are_those_of_the_dataset(figures: list[Figure], tmp_path: Path) -> None:
    draw(dataset(), tmp_path / "figure.png")
    figures.append(images.plot(dataset(1), "ssim"))
    first, second = figures
    label = first.axes[0].get_ylabel()
    assert "\n" in label and label.replace("\n", " ") == "PSNR of the mean squared error over all images (dB)"
    assert second.axes[0].get_ylabel() == "Structural similarity"
    assert [text.get_text() for text in first.legends[0].get_texts()] == ["deepjscc", "digital modes"]
    assert first.get_supxlabel() == "Mean of 3 seeds, band: 95 % confidence interval."
    assert second.get_supxlabel() == "One seed."


def test_the_axis_of_lines_is_that_which_compares(figures: list[Figure]) -> None:
    figures.append(images.plot(dataset().isel({"scheme": [0]}, drop=True).squeeze("scheme")))
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == [
        f"Channel speed {speed} m/s" for speed in (0, 3)
    ]
    assert figures[0].get_supxlabel().endswith("Not compared alike: links, by link.channel.speed.")


def test_lines_from_elsewhere_stand_in_the_panel_of_their_ratio_alone(figures: list[Figure]) -> None:
    others = {(1 / 6, "published"): ([1.0, 2.0], [20.0, 21.0]), (1 / 12, "thesis"): ([3.0, 4.0], [22.0, 23.0])}
    figures.append(images.plot(dataset(), others=others))
    for panel, (ratio, name) in zip(figures[0].axes, 2 * ((1 / 12, "thesis"), (1 / 6, "published")), strict=True):
        *own, other = lines(panel)
        assert len(own) == 2 and other.get_label() == name
        np.testing.assert_array_equal(points(other), others[ratio, name])
    assert [text.get_text() for text in figures[0].legends[0].get_texts()][-2:] == ["thesis", "published"]


@needs_checkout
def test_the_published_curve_is_of_the_network_trained_at_7_db_at_a_twelfth(
    figures: list[Figure], tmp_path: Path
) -> None:
    rows = ["trained_db,snr_db,psnr", "1,1,22.5", "7,1,20.1", "19,1,18.77", "7,4,23.67", "1,4,23.68"]
    (tmp_path / "bourtsoulatze2019.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "deepjscc_cifar.csv").write_bytes((CURVES / "deepjscc_cifar.csv").read_bytes())
    figures.append(deepjscc_cifar.plot_folder(tmp_path))
    twelfth, sixth = figures[0].axes
    assert [panel.get_title() for panel in (twelfth, sixth)] == ["k/n = 1/12", "k/n = 1/6"]
    assert len(lines(twelfth)) == len(lines(sixth)) + 1
    np.testing.assert_array_equal(points(lines(twelfth)[-1]), [[1, 4], [20.1, 23.67]])
    assert twelfth.get_ylabel().replace("\n", " ") == "Mean of the images' PSNRs (dB)"
