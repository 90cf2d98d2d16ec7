"""What a search found is drawn as tables tell it, with every seed, and differences to one scheme beneath."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from overair import cli
from overair.figures import draw, plot
from overair.figures._points import INTERVALS
from overair.figures._points import points as told_by
from overair.scenarios import ScenarioError
from overair.scenarios.results import dataset, intervals
from tests.figures.reading import points

INF = np.inf
FIND = '{"over": "SNR", "unit": "dB", "target": "accuracy >= 0.85"}'
SCENARIO = '{"find": {"low": -30, "high": 30}}'
NAMES = ["first", "second scheme", "third"]
NEEDED = np.array([[1.0, 2.0, 6.0], [5.0, INF, INF], [-INF, -INF, 3.0]])


def found(values: Any = NEEDED) -> xr.Dataset:
    values = np.asarray(values)
    told = {"units": "dB", "long_name": "SNR for accuracy >= 0.85"}
    places: dict[str, Any] = {
        "uplink": ("uplink", NAMES[: len(values)], {"long_name": "how updates reach the server"}),
        "devices": ("devices", [5, 20][: values.shape[1]] if values.ndim == 3 else [5], {"long_name": "devices"}),
        "seed": range(values.shape[-1]),
    }
    dims = ("uplink", "devices", "seed") if values.ndim == 3 else ("uplink", "seed")
    held = {"required": (dims, values, told), "fell": (dims, np.zeros(values.shape))}
    held |= {"probes": (dims, np.full(values.shape, 8.0))}
    kept = {name: place for name, place in places.items() if name in dims}
    return xr.Dataset(held, kept, {"study": "federated", "find": FIND, "scenario": SCENARIO})


def medians(panel: Axes) -> list[Line2D]:
    return [line for line in panel.get_lines() if line in INTERVALS]


def seeds(panel: Axes) -> list[float]:
    drawn = [np.asarray(line.get_ydata(), float) for line in panel.get_lines() if line.get_label() == "_seed"]
    return sorted(value for each in drawn for value in each if np.isfinite(value))


def at_edges(panel: Axes) -> dict[str, list[tuple[float, float]]]:
    """Abscissa and size of the open marks above and below, and their numbers."""
    low, high = panel.get_ylim()
    found: dict[str, list[tuple[float, float]]] = {"above": [], "below": []}
    for line in panel.get_lines():
        if line.get_markerfacecolor() == "white":
            (x,), (y,) = np.atleast_1d(line.get_xdata()), np.atleast_1d(line.get_ydata())
            found["above" if y > (low + high) / 2 else "below"].append((float(x), line.get_markersize()))
    return found


def test_without_a_number_more_schemes_stand_beside_each_other_with_all_seeds() -> None:
    upper, lower = plot(found()).axes
    assert [points(line)[1, 0] for line in medians(upper)][0] == 2.0
    assert np.isnan(points(medians(upper)[1])[1]).all() and np.isnan(points(medians(upper)[2])[1]).all()
    assert all(line.get_linestyle() == "None" for line in medians(upper))
    assert seeds(upper) == [1.0, 2.0, 3.0, 5.0, 6.0]
    assert [label.get_text() for label in lower.get_xticklabels()] == NAMES
    assert upper.get_ylabel() == "SNR for accuracy >= 0.85 (dB)" and lower.get_ylabel() == "More than first (dB)"


def test_seeds_out_of_reach_stand_at_the_upper_edge_with_their_number_and_those_of_the_lowest_below() -> None:
    upper, _ = plot(found()).axes
    edges = at_edges(upper)
    assert [x for x, _ in edges["above"]] == [1.0] and [x for x, _ in edges["below"]] == [2.0]
    assert [text.get_text() for text in upper.texts] == ["2", "2"]
    low, high = upper.get_ylim()
    assert low < 1.0 and high > 6.0 and all(low < tick < high for tick in upper.get_yticks())
    few = plot(found([[1.0, 2.0, 6.0], [5.0, 4.0, INF]])).axes[0]
    assert at_edges(few)["above"][0][1] < edges["above"][0][1]  # larger where the median is there, too


def test_differences_are_those_of_seeds_and_leave_the_reference_out() -> None:
    _, lower = plot(found([[1.0, 2.0, 6.0], [5.0, 4.0, 7.0], [1.0, 1.0, 1.0]])).axes
    assert [points(line)[1, 0] for line in medians(lower)] == [2.0, -1.0]
    assert [points(line)[0, 0] for line in medians(lower)] == [1.0, 2.0]
    assert seeds(lower) == [-5.0, -1.0, 0.0, 1.0, 2.0, 4.0]
    _, lower = plot(found([[1.0, 2.0, 6.0], [5.0, 4.0, 7.0]]), against="second scheme").axes
    assert [points(line)[1, 0] for line in medians(lower)] == [-2.0]
    assert lower.get_ylabel().replace("\n", " ") == "More than second scheme (dB)"


def test_one_axis_of_numbers_more_is_the_abscissa_and_schemes_are_lines(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(3, 2, 8))
    values[1, 1, :5] = INF
    figure = plot(found(values))
    upper, lower = figure.axes
    assert [line.get_label() for line in medians(upper)] == NAMES
    assert [line.get_label() for line in medians(lower)] == NAMES[1:]
    np.testing.assert_allclose(points(medians(upper)[0])[1], np.median(values[0], axis=-1))
    np.testing.assert_allclose(INTERVALS[medians(upper)[0]][:, 1], np.sort(values[0, 1])[[0, -1]])  # ranks 1 and 8
    assert np.isnan(points(medians(upper)[1])[1][1]) and at_edges(upper)["above"][0][0] == 20
    assert lower.get_xlabel() == "Devices"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == NAMES
    assert len({(str(line.get_marker()), str(line.get_linestyle())) for line in medians(upper)}) == 3  # read in grey
    tells = [point.text for point in told_by(figure)]
    assert any(text.startswith("first\nDevices: 5\nSNR for accuracy >= 0.85 (dB): ") for text in tells)


def test_further_axes_make_panels_that_share_their_ordinates() -> None:
    values = np.arange(48.0).reshape(3, 2, 8)
    axes = plot(found(values), x="uplink", panel="devices").axes
    assert [panel.get_title() for panel in axes if panel.get_title()] == ["Devices 5", "Devices 20"]
    assert len({panel.get_ylim() for panel in axes}) == 2
    upper, lower = plot(found(values), x="uplink", lines="devices").axes
    assert len(medians(upper)) == 6 and len(medians(lower)) == 3  # to the first of the lines


def test_numbers_alone_are_compared_with_the_first_of_them() -> None:
    upper, lower = plot(found([[[1.0, 2.0, 6.0], [3.0, 3.0, 4.0]]]).isel(uplink=0, drop=True)).axes
    assert points(medians(upper)[0]).tolist() == [[5, 20], [2, 3]] and points(medians(lower)[0])[1].tolist() == [0, 1]


def test_differences_may_be_to_a_panel() -> None:
    axes = plot(found(np.arange(12.0).reshape(2, 2, 3)), x="uplink", panel="devices", against="devices=20").axes
    assert [points(line)[1, 0] for line in medians(axes[2])] == [-3, -3]
    assert [points(line)[1, 0] for line in medians(axes[3])] == [0, 0]


def test_a_search_of_one_point_has_no_differences() -> None:
    (panel,) = plot(found([[1.0, 2.0, 6.0]]).isel(uplink=0, drop=True)).axes
    assert [points(line)[1, 0] for line in medians(panel)] == [2.0]
    assert len(plot(found([[1.0, 2.0]])).axes) == 1


def test_where_nothing_is_finite_seeds_stand_at_the_edges() -> None:
    upper, lower = plot(found([[INF, INF], [-INF, -INF]])).axes
    assert at_edges(upper)["above"] and at_edges(upper)["below"] and at_edges(lower)["below"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (NEEDED, "Median of 3 seeds, too few for a confidence interval; small: seeds; below: differences seed by seed"),
        (NEEDED, "open marks above: seeds for which the largest SNR (high 30) is not enough, and how many"),
        (NEEDED, "open marks below: seeds for which the least SNR (low -30) is enough, and how many"),
        (np.ones((2, 6)), "Median of 6 seeds, bars: 95 % confidence intervals by ranks"),
        ([[INF, 1.0], [INF, 2.0]], "differences of seeds for which neither is known (1) count at both ends"),
        ([[1.0], [2.0]], "One seed; below: differences."),
    ],
)
def test_the_caption_says_what_is_drawn_on_lines_that_fit(values: Any, words: str) -> None:
    figure = plot(found(values))
    caption = figure.get_supxlabel()
    assert words in caption.replace("\n", " ")
    assert max(map(len, caption.split("\n"))) <= 21 * figure.get_figwidth()


def test_results_of_a_search_are_drawn_so_and_other_measures_as_curves(figures: list[Figure], tmp_path: Path) -> None:
    draw(found(), tmp_path / "figure.png")
    assert len(figures[0].axes) == 2
    (panel,) = plot(found(), y="probes").axes
    assert panel.get_ylabel() == "Probes"


def test_the_command_draws_differences_to_the_scheme_that_it_names(figures: list[Figure], tmp_path: Path) -> None:
    dataset.write(found(), tmp_path / "results.nc")
    assert cli.main(["show", str(tmp_path / "results.nc"), "--against", "second scheme"]) == 0
    assert figures[0].axes[1].get_ylabel().replace("\n", " ") == "More than second scheme (dB)"
    told = ["--against", "second scheme", "--y", "probes"]  # the table's differences; probes have none in their figure
    assert cli.main(["show", str(tmp_path / "results.nc"), *told]) == 0
    assert figures[1].axes[0].get_ylabel() == "Probes"


@pytest.mark.parametrize("style", ["ieee", "slides"])
def test_styles_are_those_of_curves(style: str, tmp_path: Path) -> None:
    figure = plot(found(), style=style)
    assert figure.get_figwidth() == {"ieee": 3.5, "slides": 10.0}[style]
    assert plot(found(), style=style, width=5.0).get_figwidth() == 5.0


def test_words_below_a_narrow_panel_are_broken_or_stand_on_end() -> None:
    lower = plot(found(), style="ieee", width=2.5).axes[-1]
    assert [label.get_text() for label in lower.get_xticklabels()][1] == "second\nscheme"
    long = found().assign_coords(uplink=["first", "unbreakablyveryverylong", "third"])
    assert plot(long, style="ieee").axes[-1].get_xticklabels()[1].get_rotation() == 90


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"style": "nature"}, "style: expected one of plain, ieee, slides"),
        ({"width": 0.5}, "width: expected from 2.4 to 50 inches"),
        ({"against": "fourth"}, "--against: expected a value of one axis"),
        ({"x": "speed"}, "x: expected uplink, received"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match="^[^\n]*$") as caught:
        plot(found(), **told)
    assert words in str(caught.value)


def test_differences_that_nobody_knows_count_at_both_ends() -> None:
    """Of seven, one unknown: the ends are ranks 1 of seven with the least possible, and 7 with the largest."""
    known = np.array([3.0, 1.0, 2.0, 5.0, 4.0, 6.0])
    middle, low, high = intervals.paired(np.append(known, np.nan))
    assert np.isnan(middle) and (low, high) == (-INF, INF)  # the median is 3 or 4
    assert intervals.paired(np.append([2.0] * 6, np.nan)) == (2.0, -INF, INF)
    many = np.arange(19.0)
    assert intervals.paired(np.append(many, np.nan))[1:] == (4.0, 14.0)  # ranks 6 and 15 of 20, one below or above all
    assert intervals.paired(many) == intervals.median(many)
    assert all(map(np.isnan, intervals.paired(np.full(7, np.nan))))
