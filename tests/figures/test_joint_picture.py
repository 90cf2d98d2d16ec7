"""A figure of several runs has the lines of each run's own figure, as they were, and says what was alike."""

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import overair
from overair import figures
from overair.figures._look import COLOURS
from overair.scenarios import ScenarioError
from tests.checkout import kept, needs_checkout
from tests.figures.reading import lines, points, reach

SNRS = [-5.0, 0.0, 5.0, 12.0]


def results(
    schemes: list[str], snrs: list[float], seeds: int = 3, start: int = 0, heard: float = 1.0, **scenario: Any
) -> xr.Dataset:
    along: dict[str, list[Any]] = {"uplink": schemes, "snr_db": snrs, "seed": [*range(seeds)], "round": [2, 4, 8]}
    shape = [len(each) for each in along.values()]
    data: dict[str, Any] = {"accuracy": (list(along), np.random.default_rng(start).random(shape))}
    data["resource_elements"] = (list(along), np.full(shape, 100.0 * (1 + start)))
    data["unheard"] = (list(along), np.full(shape, 1 - heard))
    data["silent"] = (list(along), np.full(shape, 1 - heard))
    paths = {"snr_db": {"units": "dB", "long_name": "SNR", "path": "link.snr_db"}}
    coordinates = {name: (name, np.array(values), paths.get(name, {})) for name, values in along.items()}
    told = {"uplink": [{"kind": name} for name in schemes], "link": {"snr_db": snrs}, "devices": 5, **scenario}
    attributes = {"study": "federated", "scenario": json.dumps(told), "versions": json.dumps({"overair": "1"})}
    return xr.Dataset(data, coordinates, attributes)


def drawn(figure: Figure) -> dict[str, np.ndarray]:
    """The points and the ends of the band of every line, by panel and label."""
    return {
        f"{panel.get_title()}|{line.get_label()}": np.concatenate([points(line), reach(panel, at)])
        for panel in figure.axes
        if panel.get_visible()
        for at, line in enumerate(lines(panel))
    }


@pytest.mark.parametrize("asked", [{}, {"x": "snr_db"}, {"x": "elements", "panel": "snr_db"}, {"x": "round"}], ids=str)
def test_the_lines_of_runs_are_those_of_their_own_figures(asked: dict[str, Any]) -> None:
    """Also where one has points between those of another, and schemes that the other has not."""
    a, b = results(["ideal", "mine"], [-5.0, 12.0]), results(["ideal", "digital"], SNRS, start=1)
    both, each = drawn(overair.plot({"a": a, "b": b}, **asked)), {}
    for name, one in (("a", a), ("b", b)):
        for label, line in drawn(overair.plot(one, **asked)).items():
            title, _, scheme = label.partition("|")
            each[f"{title}|{name}, {scheme}"] = line
    assert both.keys() == each.keys() and each
    for label, line in each.items():
        np.testing.assert_allclose(both[label], line)


def test_runs_have_lines_or_panels_as_told() -> None:
    both = overair.join({"a": results(["x"], SNRS), "b": results(["x", "y"], SNRS, start=1)})
    assert {*drawn(overair.plot(both, lines="run"))} == {"x|a", "x|b", "y|b"}
    assert {*drawn(overair.plot(both, panel="run"))} == {"a|x", "b|x", "b|y"}
    beside = overair.plot(both, x="run", lines="snr_db", panel="uplink").axes
    assert [[text.get_text() for text in panel.get_xticklabels()] for panel in beside] == [["a", "b"]] * 2
    assert [np.isfinite(points(lines(panel)[0])[1]).tolist() for panel in beside] == [[True, True], [False, True]]


def test_lines_look_the_same_in_all_panels() -> None:
    """The second line of the second panel is the third of all, as the first run has no such place."""
    both = overair.join({"a": results(["x"], SNRS), "b": results(["x", "y"], SNRS, start=1)})
    shown = [lines(panel) for panel in overair.plot(both, x="snr_db", lines="run").axes if panel.get_visible()]
    assert [line.get_color() for line in shown[0]][1] == shown[1][0].get_color()


def test_names_of_runs_are_no_formulas_and_nothing_that_no_font_has() -> None:
    figure = overair.plot({"a$^{": results(["x"], SNRS), "b$\x1b": results(["x"], SNRS, seeds=2)})
    assert r"3 seeds of a\$^{, 2 seeds of b\$\x1b, band" in " ".join(figure.get_supxlabel().split())


def test_looks_are_not_spent_on_places_that_a_run_does_not_have() -> None:
    (panel,) = overair.plot([results(["x"], SNRS), results(["x", "y"], SNRS, start=1)]).axes
    assert [line.get_color() for line in lines(panel)] == COLOURS[:3]


def caption(*each: xr.Dataset, **asked: Any) -> str:
    return overair.plot(list(each), **asked).get_supxlabel().replace("\n", " ")


def test_the_caption_says_what_was_alike_from_run_to_run() -> None:
    a, b = results(["mine"], SNRS), results(["digital"], SNRS, start=1)
    b["resource_elements"] = a.resource_elements.mean() + 0 * b.resource_elements
    assert "Compared alike: same links, same elements, 3 seeds." in caption(a, b)
    assert "Compared alike: same links" in caption(a, b, x="run", lines=[])  # wherever runs stand
    more = results(["mine"], SNRS, seeds=5, start=1, devices=6)
    told = caption(a, more)
    assert told.startswith("Mean of 3 seeds of run 1, 5 seeds of run 2, band: 95 % confidence interval, after 8 rounds")
    assert "runs differ in devices." in told
    assert "Not compared alike: links, by devices; elements, 100 to 200; seeds, 3 and 5." in told


def test_what_is_hardly_heard_is_marked_in_the_run_where_it_is() -> None:
    figure = overair.plot([results(["x"], SNRS), results(["x"], SNRS, start=1, heard=0.2)])
    (panel,) = [panel for panel in figure.axes if panel.get_visible()]
    (marks,) = [line for line in panel.get_lines() if line.get_label() == "_mark"]
    np.testing.assert_allclose(points(marks), points(lines(panel)[1]))
    assert "Open marks: fewer than half are heard" in figure.get_supxlabel()


@needs_checkout
def test_results_of_other_studies_are_drawn_as_curves() -> None:
    whole = kept("aggregation")
    both = overair.join({"few": whole.isel(devices=[0]), "many": whole.isel(devices=[1, 2])})
    assert figures._own(both).__name__.endswith("figures.curve")
    assert [panel.get_title() for panel in overair.plot(both).axes] == [
        f"Number of devices {count}" for count in (5, 20, 80)
    ]


@needs_checkout
def test_searches_are_drawn_below_each_other_with_differences_that_are_known() -> None:
    needed = kept("required_snr")
    same = overair.plot({"mine": needed.isel(variant=[1]), "rival": needed.isel(variant=[1, 2])})
    assert [panel.get_ylabel() for panel in same.axes][1] == "More than mine (dB)"
    told = [figure.get_supxlabel().replace("\n", " ") for figure in (same, overair.plot(needed))]
    assert ["differences seed by seed, each on the same links" in each for each in told] == [False, True]
    apart = overair.plot({"mine": needed.isel(variant=[1]), "rival": needed.isel(variant=[3])})
    assert [panel.get_ylabel() for panel in apart.axes] == ["SNR for accuracy >= 0.85 (dB)"]
    (panel,) = apart.axes
    labels = [line.get_label() for line in panel.get_lines() if not str(line.get_label()).startswith("_")]
    assert labels == ["mine, MSE-optimal", "rival, digital, all"]


def test_what_cannot_be_joined_is_not_drawn() -> None:
    with pytest.raises(ScenarioError, match="runs: expected two results or more, received 1"):
        overair.plot([results(["x"], SNRS)])
