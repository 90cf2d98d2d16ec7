"""Results of any study are drawn: something numeric on the abscissa, everything else on lines and panels."""

from typing import Any, ClassVar

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import curve
from overair.scenarios import studies
from overair.scenarios.results.measures import Measure
from overair.scenarios.studies.base import Study
from tests.figures.reading import interval, lines, points, reach

SNRS = [-5.0, 0.0, 5.0]


class _Errors(Study):
    """A study of error rates over SNR and rank."""

    measures: ClassVar = (Measure("ber", "1", "bit error rate", heading="BER", scale="log"),)
    along: ClassVar = {"link.snr_db": "link.snr_db", "rank": "ranks"}


@pytest.fixture(autouse=True)
def _a_study(monkeypatch: pytest.MonkeyPatch) -> None:
    real = studies.load
    monkeypatch.setattr(studies, "load", lambda name: _Errors if name == "errors" else real(name))


def results(axes: dict[str, list[Any]], inner: dict[str, list[Any]]) -> xr.Dataset:
    along = axes | {"seed": [0, 1, 2]} | inner
    values = 10 ** np.random.default_rng(0).uniform(-5, -1, [len(each) for each in along.values()])
    told = {"units": "1", "long_name": "bit error rate"}
    coordinates = {
        name: (name, np.array(each), {"units": "dB" if "db" in name else "1", "long_name": name})
        for name, each in along.items()
    }
    return xr.Dataset({"ber": ([*along], values, told)}, coordinates, {"study": "errors"})


@pytest.mark.parametrize(
    ("axes", "inner", "x"),
    [
        ({}, {"snr_db": SNRS, "rank": [1, 2]}, "snr_db"),
        ({"scheme": ["a", "b"]}, {"snr_db": [5.0], "rank": [1, 2]}, "rank"),
        ({"devices": [1, 2, 3]}, {"snr_db": [5.0], "rank": [1, 2]}, "devices"),
        ({"devices": [1, 2]}, {"snr_db": [5.0], "rank": [1, 2]}, "rank"),
        ({"scheme": ["a", "b"], "link.channel": ["c", "d"]}, {}, "scheme"),
        ({}, {}, "point"),
    ],
)
def test_the_abscissa_is_snr_or_else_the_longest_numeric_axis(
    axes: dict[str, list[Any]], inner: dict[str, list[Any]], x: str, figures: list[Figure]
) -> None:
    given = results(axes, inner)
    assert curve.abscissa(given) == x
    figures.append(curve.plot(given))
    panels = [panel for panel in figures[0].axes if panel.get_visible()]
    assert sum(points(line).shape[1] for panel in panels for line in lines(panel)) == given.ber.size / 3


def test_lines_are_the_means_of_their_label_on_a_logarithmic_scale(figures: list[Figure]) -> None:
    given = results({"scheme": ["first", "second"]}, {"snr_db": SNRS, "rank": [1, 2]})
    figures.append(curve.plot(given))
    panels = figures[0].axes
    assert [panel.get_title() for panel in panels] == ["Rank 1", "Rank 2"]
    for rank, panel in zip((1, 2), panels, strict=True):
        assert (panel.get_yscale(), panel.get_xscale(), panel.get_xlabel()) == ("log", "linear", "Snr_db (dB)")
        for at, line in enumerate(lines(panel)):
            own = given.ber.sel(rank=rank).isel(scheme=at).transpose("seed", "snr_db").values
            np.testing.assert_allclose(points(line), [SNRS, own.mean(axis=0)])
            np.testing.assert_allclose(reach(panel, at), interval(own))
    assert panels[0].get_ylabel() == "Bit error rate"
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == ["first", "second"]


def test_words_stand_beside_each_other(figures: list[Figure]) -> None:
    figures.append(curve.plot(results({"scheme": ["first", "second"]}, {})))
    (panel,) = figures[0].axes
    assert [text.get_text() for text in panel.get_xticklabels()] == ["first", "second"]
    assert points(lines(panel)[0])[0].tolist() == [0, 1] and figures[0].get_supxlabel().startswith("Mean of 3 seeds")
