"""The figure of leakage: a line and a row of pictures for every uplink, in a panel for every number of devices."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import beside, draw, leakage
from tests.figures.reading import lines, points

DEVICES, SNRS = [5, 20], [0.0, 10.0, 20.0]
DIMS = ("uplink", "devices", "seed", "snr_db")


def results() -> xr.Dataset:
    """Numbers that say what they are of."""
    uplink, devices, seed, snr = np.meshgrid([0, 1], DEVICES, range(3), SNRS, indexing="ij")
    pictures = np.random.default_rng(0).random((2, 2, 3, 3, 2, 16))
    variables = {
        "psnr": (DIMS, 10.0 * uplink + devices + snr + seed / 10),
        "baseline": (DIMS[:3], np.full((2, 2, 3), 13.2)),
        "picture": ((*DIMS, "shown", "pixel"), pictures),
        "original": ((*DIMS[:3], "shown", "pixel"), np.random.default_rng(1).random((2, 2, 3, 2, 16))),
    }
    coordinates = {"uplink": ["ideal", "analog"], "devices": DEVICES, "seed": [0, 1, 2], "snr_db": SNRS}
    return xr.Dataset(variables, coordinates, {"study": "leakage"})


def test_lines_stand_above_pictures(figures: list[Figure], tmp_path: Path) -> None:
    made = results()
    draw(made, tmp_path / "figure.png")
    panels = figures[0].axes
    assert len(panels) == 2 + 2 * 2 and [panel.get_title() for panel in panels[:2]] == ["Devices 5", "Devices 20"]
    for panel, devices in zip(panels[:2], DEVICES, strict=True):
        for line, uplink in zip(lines(panel)[:2], (0, 1), strict=True):
            np.testing.assert_allclose(points(line), np.array([SNRS, np.add(SNRS, 10.0 * uplink + devices + 0.1)]))
        assert points(panel.get_lines()[-1])[1] == pytest.approx(13.2)
    for panel, (uplink, devices) in zip(panels[2:], [(0, 0), (0, 1), (1, 0), (1, 1)], strict=True):
        strip = np.asarray(panel.images[0].get_array())
        here = made.isel(uplink=uplink, devices=devices, seed=0, shown=0)
        shown = [here.original.values, *here.picture.values]
        for at, each in enumerate(shown):
            np.testing.assert_array_equal(strip[:, 5 * at : 5 * at + 4], each.reshape(4, 4)[..., None].repeat(3, 2))
        assert strip.shape == (4, 19, 3) and np.all(strip[:, 4::5] == 1)
        errors = np.mean((here.picture.values - here.original.values) ** 2, axis=1)
        above = ["original", "0 dB", "10 dB", "20 dB"] if uplink == 0 else []
        told = [text.get_text() for text in panel.texts]
        assert sorted(told) == sorted([*above, *(f"{-10 * np.log10(each):.1f}" for each in errors)])
    assert [panel.get_ylabel() for panel in panels[2::2]] == ["ideal", "analog"]


def test_pictures_that_the_figure_shows_are_not_shown_again() -> None:
    assert beside(results()) is None and beside(results().assign_attrs(study="images")) is not None


def test_rows_without_pictures_take_no_others_place(
    figures: list[Figure], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leakage, "MOST_ROWS", 1)
    made = results()
    pictures = ["picture", "original"]
    draw(made.assign(made[pictures].where(made.uplink != "ideal")), tmp_path / "figure.png")
    assert [panel.get_ylabel() for panel in figures[0].axes[2::2]] == ["analog"]


def test_without_pictures_there_are_lines_alone(figures: list[Figure], tmp_path: Path) -> None:
    made = results().drop_vars(["picture", "original", "shown", "pixel"], errors="ignore").isel(devices=0, drop=True)
    draw(made, tmp_path / "figure.png")
    assert len(figures[0].axes) == 1
