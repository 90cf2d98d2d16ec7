"""The figure of sums: lines are means, bands reach over seeds, theory is dotted, and axes find their place."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import aggregation, draw
from tests.checkout import kept
from tests.figures.reading import interval, lines, points, reach

SNRS = [0.0, 10.0]


def dataset(snrs: list[float] = SNRS, **axes: list) -> xr.Dataset:
    """Random errors, and theory at all but the last value of the first axis."""
    dims, shape = [*axes, "seed", "snr_db"], [*map(len, axes.values()), 3, len(snrs)]
    nmse = np.random.default_rng(0).uniform(0.1, 2.0, shape)
    theory = nmse * 1.1
    theory[-1] = np.nan
    coordinates = {**axes, "seed": [0, 1, 2], "snr_db": snrs}
    made = xr.Dataset({"nmse": (dims, nmse), "theory": (dims, theory)}, coordinates, {"study": "aggregation"})
    made["snr_db"].attrs = {"units": "dB", "long_name": "SNR"}
    return made


def test_uplinks_are_lines_and_devices_panels_against_the_snr(figures: list[Figure], tmp_path: Path) -> None:
    found = dataset(devices=[5, 20], uplink=["analog", "digital"])
    draw(found, tmp_path / "figure.png")
    panels = [panel for panel in figures[0].axes if panel.get_visible()]
    assert [panel.get_title() for panel in panels] == ["Devices 5", "Devices 20"]
    for panel, devices in zip(panels, (5, 20), strict=True):
        drawn = [line for line in panel.lines if line.get_linestyle() != ":"]
        for at, (line, uplink) in enumerate(zip(drawn, ("analog", "digital"), strict=True)):
            values = found.nmse.sel(devices=devices, uplink=uplink).values
            np.testing.assert_allclose(points(line), [SNRS, values.mean(axis=0)])
            np.testing.assert_allclose(reach(panel, at), interval(values))
    dotted = [[line for line in panel.lines if line.get_linestyle() == ":"] for panel in panels]
    assert [len(each) for each in dotted] == [2, 0]
    expected = found.theory.sel(devices=5, uplink="digital").mean("seed").values
    np.testing.assert_allclose(points(dotted[0][1])[1], expected)
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == ["analog", "digital", "theory"]
    assert panels[0].get_yscale() == "log" and panels[0].get_xlabel() == "SNR (dB)"


def test_where_the_snr_is_one_the_first_axis_of_numbers_is_the_abscissa(figures: list[Figure]) -> None:
    found = dataset([7.0], devices=[1, 10, 100], seen=["true", "false"])
    figures.append(aggregation.plot(found))
    (panel,) = figures[0].axes
    assert aggregation.abscissa(found) == "devices" and panel.get_xscale() == "log"
    drawn = [line for line in lines(panel) if line.get_linestyle() != ":"]
    expected = found.nmse.sel(seen="false").squeeze("snr_db").transpose("seed", "devices").values
    np.testing.assert_allclose(points(drawn[1]), [[1, 10, 100], expected.mean(axis=0)])
    assert (found_legend := panel.get_legend()) is not None and found_legend.get_title().get_text() == "Seen"


def test_what_has_no_error_has_no_line_and_one_point_is_drawn(figures: list[Figure]) -> None:
    found = dataset(uplink=["ideal", "analog"])
    found.nmse[0] = found.theory[0] = 0.0
    figures.append(aggregation.plot(found))
    assert len(lines(figures[0].axes[0])) == 1
    figures.append(aggregation.plot(dataset([3.0]).isel({"snr_db": slice(1)})))
    assert len(figures) == 2


@pytest.mark.parametrize(("name", "points"), [("aggregation", 4 * 3 * 3 * 9), ("clock_offset_sums", 18)])
def test_kept_curves_agree_with_their_theory(name: str, points: int) -> None:
    curve = kept(name)
    assert curve.nmse.size == points
    assert (abs(curve.nmse - curve.theory) < 4.5 * curve.nmse_error).all()
    assert (curve.energy_max < 1 + 1e-4).all()
