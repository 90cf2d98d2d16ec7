"""On the axes of the figure of sensors, of a table and of the curve that is kept."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overair.figures import draw
from tests.checkout import kept
from tests.figures.reading import interval, legend, lines, points, reach

COUNTS, WAYS, SNRS = np.array([1, 2, 4, 8]), ["added", "one_by_one"], np.arange(-20.0, 11.0, 5.0)
DIMS = ("sensors", "way", "seed", "snr_db")


def sensed() -> np.ndarray:
    """A number that says what it is of, [K, ways, seeds, SNRs]."""
    count, way, seed, snr = np.meshgrid(COUNTS, [0, 1], range(3), SNRS, indexing="ij")
    return 0.3 * way + 0.05 * count + snr / 200 + seed / 100


def results() -> xr.Dataset:
    count, way, _, snr = np.meshgrid(COUNTS, [0, 1], range(3), SNRS, indexing="ij")
    error = way + 1 / count + snr**2
    variables = {"accuracy": (DIMS, sensed()), "error": (DIMS, error), "theory": (DIMS, 5 + error)}
    coordinates = {"sensors": COUNTS, "way": WAYS, "seed": [0, 1, 2], "snr_db": SNRS}
    made = xr.Dataset(variables, coordinates, {"study": "sensors", "scenario": json.dumps({"copies_noise": 0.25})})
    made["snr_db"].attrs = {"units": "dB", "long_name": "SNR"}
    return made


@pytest.fixture
def panels(figures: list[Figure], tmp_path: Path) -> list[Axes]:
    draw(results(), tmp_path / "figure.png")
    return figures[0].axes


def test_a_number_of_sensors_has_its_colour_and_a_way_its_dash(panels: list[Axes]) -> None:
    panel, shown = panels[0], legend(panels[0])
    told = panel.get_legend()
    assert told is not None and shown == [*(f"K = {k}" for k in (1, 2, 4, 8)), "added over the air", "one by one"]
    looks = dict(zip(shown, told.get_lines(), strict=True))
    drawn = [(k, way) for k in range(4) for way in range(2)]
    for place, (line, (count, way)) in enumerate(zip(lines(panel), drawn, strict=True)):
        values = sensed()[count, way]
        np.testing.assert_allclose(points(line), [SNRS, values.mean(axis=0)], atol=1e-12)
        np.testing.assert_allclose(reach(panel, place), interval(values), atol=1e-12)
        assert line.get_color() == looks[f"K = {COUNTS[count]}"].get_color()
        assert line.get_linestyle() == looks[("added over the air", "one by one")[way]].get_linestyle()
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("SNR (dB)", "Test accuracy")


def test_theory_is_drawn_as_lines_and_what_was_simulated_as_points(panels: list[Axes]) -> None:
    """At the SNR nearest to 0 dB; the floor is of K views with a variance of 1/4 each, by LMMSE."""
    panel = panels[1]
    *ways, floor = lines(panel)
    for way, (theory, found) in enumerate(zip(ways[::2], ways[1::2], strict=True)):
        assert (theory.get_linestyle(), theory.get_marker()) == ("--" if way else "-", "None")
        assert found.get_linestyle() == "None" and found.get_color() == theory.get_color()
        np.testing.assert_allclose(points(theory), [COUNTS, 5 + way + 1 / COUNTS])
        np.testing.assert_allclose(points(found), [COUNTS, way + 1 / COUNTS])
    np.testing.assert_allclose(points(floor), [COUNTS, 0.25 / (COUNTS + 0.25)])
    assert legend(panel) == ["added over the air", "one by one", "no channel noise"]


def test_of_one_number_of_sensors_errors_are_drawn_over_snrs(figures: list[Figure], tmp_path: Path) -> None:
    draw(results().isel(sensors=1, way=[0], drop=True), tmp_path / "figure.png")
    panel = figures[0].axes[1]
    assert panel.get_xlabel() == "SNR (dB)"
    theory, found = lines(panel)
    np.testing.assert_allclose(points(theory), [SNRS, 5 + 0.5 + SNRS**2])
    np.testing.assert_allclose(points(found), [SNRS, 0.5 + SNRS**2])


def test_the_curve_that_is_kept_has_the_errors_of_theory_and_is_drawn(tmp_path: Path) -> None:
    """s2/K + N0 (1 + s2)/K^3 where features add, and K^2 where they do not, with s2 = 1/4."""
    curve = kept("sensors")
    for power, way in ((3, "added"), (2, "one_by_one")):
        found = curve.sel(way=way).transpose("sensors", "snr_db", "seed")
        count, snr = np.meshgrid(found.sensors, 10 ** (found["snr_db"] / 10), indexing="ij")
        unbiased = (0.25 / count + 1.25 / snr / count**power)[..., None]
        expected = unbiased / (1 + unbiased)  # of a number of variance 1
        np.testing.assert_allclose(found.theory, np.broadcast_to(expected, found.theory.shape), rtol=1e-5)
        off = np.abs(found.error.values - expected)
        assert np.isfinite(off).any()
        assert np.nanmax(off / (4.5 * expected * np.sqrt(2 / (4 * 2**14)) + 2 / 2**14)) < 1
    draw(curve, tmp_path / "sensors.png")
    assert (tmp_path / "sensors.png").stat().st_size > 10_000


def test_what_capacity_allows_is_a_thin_line_for_ways_that_are_allowed_the_same(
    figures: list[Figure], tmp_path: Path
) -> None:
    allowed = results()
    two = xr.concat([allowed, allowed.isel(way=[1]).assign_coords(way=["digital"])], "way")
    two["bound"] = two.theory / 10
    draw(two, tmp_path / "figure.png")
    thin = [line for line in lines(figures[0].axes[1]) if line.get_linewidth() == 0.6]
    for way, line in enumerate(thin):
        np.testing.assert_allclose(points(line), [COUNTS, (5 + way + 1 / COUNTS) / 10])
    assert len(thin) == 2 and legend(figures[0].axes[1]).count("least at capacity") == 1
