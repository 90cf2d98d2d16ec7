"""Any measure is drawn against any axis or cost, at any width, in grey too, and nothing that is written is cut."""

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import overair
from overair.figures import write
from overair.scenarios import ScenarioError
from tests.checkout import CURVES, needs_checkout
from tests.figures.reading import interval, lines, points, reach

ROUNDS = [2, 4, 8]
SNRS = [-5.0, 0.0, 5.0, 12.0]
SCHEMES = ["ideal", "analog random_linear", "digital position_coded"]
ELEMENTS = [0.0, 100.0, 300.0]  # of a round


def results(devices: tuple[int, ...] = (5, 10), schemes: list[str] = SCHEMES) -> xr.Dataset:
    along: dict[str, list[Any]] = {"uplink": schemes, "snr_db": SNRS, "devices": list(devices), "seed": [0, 1, 2]}
    along["round"] = ROUNDS
    random, shape = np.random.default_rng(0), [len(each) for each in along.values()]
    told = {"accuracy": "test accuracy", "loss": "test loss", "nmse": "normalised mean square error of the aggregate"}
    data: dict[str, Any] = {name: (list(along), random.random(shape), {"long_name": told[name]}) for name in told}
    elements = np.resize(ELEMENTS, len(schemes)).reshape([-1, *[1] * (len(shape) - 1)])
    data["resource_elements"] = (list(along), np.broadcast_to(elements, shape))
    data["pilot_elements"] = (list(along), np.broadcast_to(0.1 * elements, shape))
    about = {"snr_db": {"units": "dB", "long_name": "SNR", "path": "link.snr_db"}, "uplink": {"long_name": "uplink"}}
    coordinates = {name: (name, np.array(values), about.get(name, {})) for name, values in along.items()}
    return xr.Dataset(data, coordinates, {"study": "federated", "scenario": json.dumps({})})


@needs_checkout
def test_alone_the_figure_is_that_of_the_study_and_a_curve_where_anything_is_asked_for() -> None:
    made = overair.load(CURVES / "aggregation.csv")
    labels = [each.axes[0].get_ylabel() for each in (overair.plot(made), overair.plot(made, style="plain"))]
    whole = "Normalised mean square error of the sum"
    assert [each.replace("\n", " ") for each in labels] == ["NMSE of the sum", whole]


def visible(figure: Figure) -> list[Any]:
    return [panel for panel in figure.axes if panel.get_visible()]


def test_elements_are_summed_over_rounds_with_pilots() -> None:
    given = results(devices=(5,))
    figure = overair.plot(given, x="elements", panel="snr_db", lines="uplink")
    for snr, panel in zip(SNRS, visible(figure), strict=True):
        for at, line in enumerate(lines(panel)):
            own = given.accuracy.sel(snr_db=snr).isel(uplink=at + 1, devices=0).transpose("seed", "round").values
            spent = [1.1 * ELEMENTS[at + 1] * rounds for rounds in ROUNDS]
            np.testing.assert_allclose(points(line), [spent, own.mean(axis=0)])
            np.testing.assert_allclose(reach(panel, at), interval(own))
    assert visible(figure)[-1].get_xlabel() == "Resource elements so far, with pilots"


def test_what_costs_nothing_is_a_level_at_its_end() -> None:
    given = results(devices=(5,)).sel(snr_db=[0.0])
    (panel,) = visible(overair.plot(given, x="elements"))
    (level,) = [line for line in panel.get_lines() if line.get_transform() != panel.transData]
    ideal = given.accuracy.isel(uplink=0, round=-1).mean("seed").item()
    assert level.get_label() == "ideal, at no cost"
    np.testing.assert_allclose(np.asarray(level.get_ydata(), float), [ideal, ideal])


def test_what_costs_nothing_and_is_0_has_no_line_on_a_logarithmic_axis() -> None:
    given = results((5,)).isel(devices=0)
    given.nmse[SCHEMES.index("ideal")] = 0.0
    figure = overair.plot(given, "elements", "nmse", lines="uplink", panel="snr_db")
    assert {len(panel.get_lines()) for panel in figure.axes} == {2}
    assert "what is 0 has no line" in figure.get_supxlabel()


def test_measures_axes_lines_and_panels_are_as_told() -> None:
    given = results()
    figure = overair.plot(given, x="link.snr_db", y="loss", panel="uplink", lines="devices")
    panels = visible(figure)
    assert [panel.get_title() for panel in panels] == [name.replace("_", " ") for name in SCHEMES]
    for at, panel in enumerate(panels):
        for place, line in enumerate(lines(panel)):
            own = given.loss.isel(uplink=at, devices=place, round=-1).mean("seed").values
            np.testing.assert_allclose(points(line), [SNRS, own])
        assert panel.get_xticks().tolist() == SNRS
    assert panels[0].get_ylabel() == "Test loss" and panels[-1].get_xlabel() == "SNR (dB)"


@pytest.mark.parametrize(
    ("told", "panels", "count"),
    [
        ({}, 2, 3),
        ({"lines": "devices"}, 3, 2),
        ({"panel": "uplink"}, 3, 2),
        ({"panel": []}, 1, 6),
        ({"lines": ["devices", "uplink"]}, 1, 6),
        ({"lines": []}, 6, 1),
    ],
)
def test_axes_that_are_not_told_make_panels_or_else_lines(told: dict[str, Any], panels: int, count: int) -> None:
    shown = visible(overair.plot(results(), x="snr_db", **told))
    assert [len(lines(panel)) for panel in shown] == [count] * panels


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            {"x": "snr"},
            'x: expected one of uplink, snr_db, devices, round, elements, received "snr"; did you mean snr_db?',
        ),
        ({"x": "bits"}, "x: expected one of uplink, snr_db, devices, round, elements, received"),
        (
            {"x": "seconds"},
            'received "seconds", which this result has not measured; seconds and joules take a scenario',
        ),
        ({"y": "acuracy"}, "did you mean accuracy?"),
        ({"panel": "seed"}, "panel: expected one of uplink, devices, round, received"),
        (
            {"lines": "uplink", "panel": "uplink"},
            "panel: expected each axis once, in panel or in lines, received uplink",
        ),
        ({"panel": ["uplink", "uplink"]}, "panel: expected each axis once, in panel or in lines, received uplink"),
        ({"width": 0.5}, "width: expected from 2.4 to 50 inches in style plain, received 0.5"),
        ({"width": 3.5, "style": "slides"}, "width: expected from 5 to 50 inches in style slides, received 3.5"),
        ({"width": float("nan")}, "width: expected from 2.4 to 50 inches in style plain, received nan"),
        ({"style": "nature"}, "style: expected one of plain, ieee, slides, received nature"),
        (
            {"against": "ideal"},
            'against: expected none, as only what a search needs has differences, received "ideal"',
        ),
    ],
)
def test_what_is_not_there_is_refused_in_a_line(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError) as error:
        overair.plot(results(), **told)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_lines_differ_in_grey() -> None:
    """No two have mark and dash alike, among as many as there are marks and dashes together."""
    many = results(devices=(5,), schemes=[f"scheme {at}" for at in range(32)])
    (panel,) = visible(overair.plot(many, x="snr_db"))
    assert len({(line.get_marker(), line.get_linestyle()) for line in lines(panel)}) == 32
    first = lines(panel)[:4]
    assert len({line.get_linestyle() for line in first}) == len({line.get_marker() for line in first}) == 4


@pytest.mark.parametrize(
    ("style", "width"),
    [("plain", None), ("plain", 3.5), ("ieee", None), ("ieee", 7.16), ("slides", None), ("slides", 7.16)],
)
@pytest.mark.parametrize("told", [{}, {"x": "elements", "y": "nmse"}, {"x": "snr_db", "panel": []}], ids=str)
def test_all_that_is_written_lies_within_the_figure(style: str, width: float | None, told: dict[str, Any]) -> None:
    figure = overair.plot(results(), width=width, style=style, **told)
    figure.draw_without_rendering()
    drawn, (wide, high) = figure.get_tightbbox(), figure.get_size_inches()
    assert drawn.x0 > -0.01 and drawn.x1 < wide + 0.01 and drawn.y0 > -0.01 and drawn.y1 < high + 0.01
    assert len(figure.get_supxlabel()) > 20
    if width is not None:
        assert figure.get_figwidth() == width


def test_files_hold_fonts_that_publishers_take(tmp_path: Path) -> None:
    """Also those of a figure that the user saves."""
    figure = overair.plot(results(), style="ieee")
    write(figure, tmp_path / "a.pdf")
    figure.savefig(tmp_path / "b.pdf")
    for name in ("a.pdf", "b.pdf"):
        content = (tmp_path / name).read_bytes()
        assert b"/CIDFontType2" in content and b"/Type3" not in content and b"STIXGeneral" in content
    write(figure, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    png = figure._repr_png_()
    assert png.startswith(b"\x89PNG") and zlib.crc32(png)


def test_intervals_wider_than_all_seeds_widen_no_axis() -> None:
    """Of three seeds they are 2.48 standard deviations: 0.1, 0.5 and 0.9 reach below 0 and above 1."""
    values = np.array([0.1, 0.5, 0.9])[:, None] * np.ones(4)
    given = xr.Dataset({"accuracy": (("seed", "snr_db"), values)}, {"seed": range(3), "snr_db": SNRS})
    (panel,) = visible(overair.plot(given.expand_dims(round=[1]).assign_attrs(study="federated")))
    np.testing.assert_allclose(reach(panel, 0)[:, 0], 0.5 + np.array([-1, 1]) * 2.484 * 0.4, rtol=1e-3)
    np.testing.assert_allclose(panel.get_ylim(), [0.06, 0.94])


def test_the_sentence_of_fairness_stands_below_a_figure() -> None:
    """The second sends three times the elements of the first."""
    told = overair.plot(results(devices=(5,)), x="snr_db").get_supxlabel().replace("\n", " ")
    assert "Not compared alike: elements, 110 to 330." in told
    apart = overair.plot(results(devices=(5,)), x="snr_db", panel="uplink").get_supxlabel().replace("\n", " ")
    assert "Not compared alike: elements, 110 to 330." in apart  # also where each scheme has a panel of its own
    alike = results(devices=(5,), schemes=["ideal", "analog"])
    assert (
        "Compared alike: same elements (110, with pilots), 3 seeds." in overair.plot(alike, x="snr_db").get_supxlabel()
    )


def test_what_is_no_result_is_refused_in_a_line() -> None:
    for wrong, received in (("runs/a", "in a list, received str"), ([3, 4], "gives them, received int for run 1")):
        with pytest.raises(ScenarioError, match=f"expected results, as run or overair.load .*{received}"):
            overair.plot(wrong)


def test_whole_abscissas_have_whole_ticks() -> None:
    places = {"seed": [0], "round": range(2, 22, 2)}
    run = xr.Dataset({"accuracy": (("seed", "round"), np.ones((1, 10)))}, places, {"study": "federated"})
    ticks = overair.plot(run).axes[0].get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))


def test_titles_of_panels_fit_above_them_and_say_numbers_as_one_reads_them() -> None:
    """At any width: no title is wider than its panel, so that none runs into the next."""
    words = "how many devices there are that hold data and send updates"
    given = results(devices=(1000, 1_000_000))
    given.devices.attrs["long_name"] = words
    for width in (3.5, 7.0, None):
        panels = visible(overair.plot(given, x="snr_db", panel="devices", width=width))
        assert [panel.get_title().split()[-1] for panel in panels] == ["1,000", "1,000,000"]
        for panel in panels:
            assert panel.title.get_window_extent().width <= panel.get_window_extent().width
