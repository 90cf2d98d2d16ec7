"""What a search found is drawn as the median that tables show; what is out of reach is not drawn as anything less."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import curve
from tests.figures.reading import lines, points

FIND = '{"over": "SNR", "unit": "dB", "target": "accuracy >= 0.85"}'


def found() -> xr.Dataset:
    values = [[1.0, 2.0, 6.0], [5.0, np.inf, np.inf], [-np.inf, -np.inf, 3.0]]
    told = {"units": "dB", "long_name": "SNR for accuracy >= 0.85"}
    places = {"uplink": ("uplink", ["a", "b", "c"], {"long_name": "how updates reach the server"}), "seed": range(3)}
    return xr.Dataset({"required": (("uplink", "seed"), values, told)}, places, {"study": "federated", "find": FIND})


def test_medians_stand_as_marks_where_they_are_finite(figures: list[Figure], tmp_path: Path) -> None:
    curve.draw(found(), tmp_path / "figure.png")
    (panel,) = figures[0].axes
    (line,) = lines(panel)
    np.testing.assert_array_equal(points(line)[1], [2.0, np.nan, np.nan])
    assert line.get_linestyle() == "None" and line.get_marker() == "o"
    assert panel.get_ylabel() == "SNR for accuracy >= 0.85 (dB)"


def test_the_caption_says_what_is_not_drawn_on_lines_that_fit(figures: list[Figure], tmp_path: Path) -> None:
    curve.draw(found(), tmp_path / "figure.png")
    caption = figures[0].get_supxlabel()
    assert caption.replace("\n", " ").startswith(
        "Median of 3 seeds, too few for a confidence interval; nothing is drawn where"
    )
    assert "\n" in caption and max(map(len, caption.split("\n"))) <= 21 * figures[0].get_figwidth()


def test_whole_abscissas_have_whole_ticks(figures: list[Figure], tmp_path: Path) -> None:
    places = {"seed": [0], "round": range(2, 22, 2)}
    run = xr.Dataset({"accuracy": (("seed", "round"), np.ones((1, 10)))}, places, {"study": "federated"})
    curve.draw(run, tmp_path / "figure.png")
    ticks = figures[0].axes[0].get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))
