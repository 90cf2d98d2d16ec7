"""The figure draws whatever a sweep gives, with every axis somewhere on it."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import _ticks, curve, draw
from tests.figures.reading import interval, reach

SNR: dict[str, list[Any]] = {"snr_db": [-10.0, 0.0, 10.0, 20.0]}
UPLINKS: dict[str, list[Any]] = {"uplink": ["ideal", "analog random_linear", "digital"]}
UNITS = {"snr_db": "dB", "link.channel.speed": "m/s"}


def results(axes: dict[str, list[Any]], seeds: int = 3, rounds: int = 5) -> xr.Dataset:
    random = np.random.default_rng(0)
    dims = [*axes, "seed", "round"]
    shape = [*(len(values) for values in axes.values()), seeds, rounds]
    coordinates: dict[str, Any] = {
        name: (name, np.array(values), {"units": UNITS.get(name, "1"), "long_name": "SNR" if "snr" in name else name})
        for name, values in axes.items()
    }
    coordinates |= {"seed": np.arange(seeds), "round": ("round", np.arange(rounds) + 1, {"long_name": "round"})}
    accuracy = (dims, random.random(shape), {"units": "1", "long_name": "test accuracy"})
    data = {"accuracy": accuracy, "stopped_at": (dims[:-1], -np.ones(shape[:-1], int))}
    return xr.Dataset(data, coordinates)


@pytest.mark.parametrize(
    "axes, x",
    [
        ({}, "round"),
        (UPLINKS, "round"),
        (UPLINKS | SNR, "snr_db"),
        ({"snr_db": [10.0]}, "round"),
        ({"compression": [2.0, 5.0, 20.0, 100.0]}, "round"),
        ({"devices": [5, 10, 20, 50, 100, 200, 500]}, "devices"),
        ({"devices": [5, 10, 20, 50, 100, 200, 500]} | SNR, "snr_db"),
    ],
)
def test_accuracy_is_drawn_against_snr_or_a_long_axis_or_rounds(axes: dict[str, list[Any]], x: str) -> None:
    assert curve.abscissa(results(axes)) == x


def test_a_png_of_300_dots_an_inch_is_written(tmp_path: Path) -> None:
    draw(results(UPLINKS | SNR), tmp_path / "figure.png")
    content = (tmp_path / "figure.png").read_bytes()
    assert content.startswith(b"\x89PNG") and struct.unpack(">II", content[16:24]) == (1500, 1050)
    draw(results(UPLINKS | SNR), tmp_path / "figure.pdf")
    drawn = (tmp_path / "figure.pdf").read_bytes()
    assert drawn.startswith(b"%PDF") and b"/Type3" not in drawn  # fonts that publishers take


def test_lines_are_means_over_seeds_and_bands_their_confidence_intervals(figures: list[Figure], tmp_path: Path) -> None:
    dataset = results(UPLINKS | SNR)
    draw(dataset, tmp_path / "figure.png")
    panel = figures[0].axes[0]
    last = dataset.accuracy.isel(round=-1)
    for at, line in enumerate(panel.get_lines()):
        np.testing.assert_allclose(np.asarray(line.get_ydata(), float), last.isel(uplink=at).mean("seed"))
        np.testing.assert_allclose(reach(panel, at), interval(last.isel(uplink=at).transpose("seed", ...).values))
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("SNR (dB)", "Test accuracy")
    legend = panel.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["ideal", "analog random linear", "digital"]
    assert figures[0].get_supxlabel() == "Mean of 3 seeds, band: 95 % confidence interval, after 5 rounds."


def test_lines_differ_in_colour_and_marker(figures: list[Figure], tmp_path: Path) -> None:
    draw(results({"uplink": [f"scheme {at}" for at in range(12)]}), tmp_path / "figure.png")
    lines = figures[0].axes[0].get_lines()
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 12
    assert len({(line.get_marker(), line.get_linestyle()) for line in lines}) == 12


def test_the_uplink_makes_the_lines_and_further_axes_the_panels(figures: list[Figure], tmp_path: Path) -> None:
    further: dict[str, list[Any]] = {"link.channel": ["awgn", "tdl model=A"], "link.channel.speed": [0.0, 3.0]}
    draw(results(further | UPLINKS | SNR), tmp_path / "figure.png")
    panels = [panel for panel in figures[0].axes if panel.get_visible()]
    titles = [panel.get_title() for panel in panels]
    assert titles == [f"{c}, Channel speed {s} m/s" for c in ("awgn", "tdl model=A") for s in (0, 3)]
    assert all(len(panel.get_lines()) == 3 for panel in panels)


def test_too_many_panels_are_left_out_and_the_caption_says_so(figures: list[Figure], tmp_path: Path) -> None:
    axes: dict[str, list[Any]] = {"devices": [5, 10, 20], "model": ["a", "b", "c", "d"], **UPLINKS, **SNR}
    draw(results(axes), tmp_path / "figure.png")
    assert len(figures[0].axes) == 9
    assert figures[0].get_supxlabel().endswith("; 3 more panels are not shown.")


def test_what_diverged_is_left_out_and_the_caption_says_so(figures: list[Figure], tmp_path: Path) -> None:
    dataset = results(UPLINKS | SNR)
    dataset.accuracy[0, :] = np.nan  # a whole line
    dataset.accuracy[1, 0] = np.nan  # all seeds of a point
    dataset.accuracy[2, 0, 1] = np.nan  # one seed of a point
    dataset.stopped_at[0] = dataset.stopped_at[1, 0] = dataset.stopped_at[2, 0, 1] = 1
    draw(dataset, tmp_path / "figure.png")
    lines = [np.asarray(line.get_ydata(), float) for line in figures[0].axes[0].get_lines()]
    assert np.isnan(lines[0]).all()
    assert np.isnan(lines[1]).tolist() == [True, False, False, False]
    assert np.isfinite(lines[2]).all()
    assert figures[0].get_supxlabel().endswith("; seeds that diverged are left out.")


@pytest.mark.parametrize("axes", [{}, {"devices": [5]}, SNR, {"participation": [0.01, 0.1, 1.0]}], ids=str)
def test_small_sweeps_are_drawn_too(axes: dict[str, list[Any]], tmp_path: Path) -> None:
    draw(results(axes, seeds=1, rounds=1), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


@pytest.mark.parametrize(("values", "scale"), [([1, 2, 3, 5, 10, 20, 50], "log"), ([1, 2, 3, 5, 10, 20, 49], "linear")])
def test_an_axis_that_spans_fifty_fold_is_logarithmic(
    values: list[int], scale: str, figures: list[Figure], tmp_path: Path
) -> None:
    draw(results({"devices": values}), tmp_path / "figure.png")
    assert figures[0].axes[0].get_xscale() == scale
    assert figures[0].axes[0].get_xlabel() == "Devices"


@pytest.mark.parametrize(
    ("values", "scale"), [([5.0, 20.0, 80.0], "log"), ([5.0, 20.0, 70.0], "linear"), ([5.0, 20.0], "linear")]
)
def test_an_axis_that_grows_by_one_factor_is_logarithmic(values: list[float], scale: str) -> None:
    panel = Figure().subplots()
    _ticks.of_numbers(panel, np.array(values), decibels=False)
    assert panel.get_xscale() == scale


def test_ticks_stand_at_the_points_of_a_short_sweep_and_not_of_a_long_one(
    figures: list[Figure], tmp_path: Path
) -> None:
    long = np.arange(-10.0, 21.0, 1.0)
    for values in ([-10.0, -3.0, 8.0], list(long)):
        draw(results({"snr_db": values}), tmp_path / "figure.png")
    assert figures[0].axes[0].get_xticks().tolist() == [-10, -3, 8]
    assert len(figures[1].axes[0].get_xticks()) < len(long)
