"""Figures mark where a rival is hardly heard, name what was free, and count pilots among channel uses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overair.figures import draw
from overair.figures._look import MARKERS, over_rounds
from overair.figures._resources import equal_elements
from tests.figures.reading import lines, points

SNRS = [-20.0, -10.0, 0.0, 10.0]
UNHEARD = {"analog": [0.0, 0.0, 0.0, 0.0], "digital": [1.0, 0.9, 0.8, 0.2]}
SILENT = {"analog": [0.0, 0.0, 0.0, 0.0], "digital": [1.0, 0.8, 0.1, 0.1]}


def results(study: str = "federated", **more: Any) -> xr.Dataset:
    main = {"federated": "accuracy", "aggregation": "nmse", "images": "psnr"}[study]
    inners: dict[str, dict[str, list[Any]]] = {"federated": {"round": [10]}, "images": {"ratio": [0.25]}}
    unheard = "lost" if study == "images" else "unheard"
    along: dict[str, list[Any]] = {
        "uplink": ["analog", "digital"],
        "snr_db": SNRS,
        "seed": [0, 1],
        **inners.get(study, {}),
    }
    shape = [len(values) for values in along.values()]
    spread = [*shape[:2], *[1] * (len(shape) - 2)]
    data = {main: np.random.default_rng(0).uniform(0.1, 0.9, shape)}
    data |= {
        unheard: np.array([*UNHEARD.values()]).reshape(spread),
        "silent": np.array([*SILENT.values()]).reshape(spread),
    }
    data |= {name: np.reshape(values, [2, *[1] * (len(shape) - 1)]) for name, values in more.items()}
    data |= {"theory": np.full(shape, np.nan)} if study == "aggregation" else {}
    made = {name: (list(along), np.broadcast_to(values, shape)) for name, values in data.items()}
    return xr.Dataset(made, along, {"study": study, "scenario": "{}"})


def marks(panel: Axes) -> dict[str, list[float]]:
    """Abscissas of open marks and of crosses."""
    found = {line.get_marker(): line for line in lines(panel) if line.get_linestyle() == "None"}
    return {
        "open": [x for marker, line in found.items() if marker != "x" for x in points(line)[0]],
        "crossed": [x for marker, line in found.items() if marker == "x" for x in points(line)[0]],
    }


@pytest.mark.parametrize("study", ["federated", "aggregation", "images"])
def test_points_are_open_where_most_others_are_silent_and_crossed_where_they_are_lost(
    study: str, figures: list[Figure], tmp_path: Path
) -> None:
    draw(results(study), tmp_path / "figure.png")
    (panel,) = (panel for panel in figures[0].axes if panel.lines)
    assert marks(panel) == {"open": [-20, -10], "crossed": [0]}
    (opened,) = (line for line in lines(panel) if line.get_linestyle() == "None" and line.get_marker() != "x")
    assert opened.get_marker() == MARKERS[1] and opened.get_markerfacecolor() == "white"
    told = " ".join(figures[0].get_supxlabel().split())
    assert "Open marks: fewer than half are heard; most others send nothing" in told
    assert "Crosses: fewer than half are heard; what most others send is lost." in told


def test_without_such_points_there_are_no_marks_and_no_words(figures: list[Figure], tmp_path: Path) -> None:
    draw(results().sel(uplink=["analog"]), tmp_path / "figure.png")
    assert marks(figures[0].axes[0]) == {"open": [], "crossed": []} and "half" not in figures[0].get_supxlabel()


def test_marks_over_rounds_are_those_of_each_round() -> None:
    panel = Figure().subplots()
    run = results().sel(uplink="digital", snr_db=-10).drop_vars("round").isel(round=0).expand_dims(round=[1, 2, 3])
    run["unheard"] = run.unheard * xr.DataArray([1.0, 0.1, 1.0], {"round": [1, 2, 3]}, ["round"])
    over_rounds(panel, run, 0, None)
    assert marks(panel)["open"] == [1, 3]


def test_what_is_free_of_elements_is_in_the_caption(figures: list[Figure], tmp_path: Path) -> None:
    draw(results(free_bits=[640, 0]), tmp_path / "figure.png")
    told = " ".join(figures[0].get_supxlabel().split())
    assert "Bits of a round that take no elements: " in told and told.endswith("; up to 640 (analog).")


def test_accuracy_over_elements_counts_those_of_pilots(figures: list[Figure], tmp_path: Path) -> None:
    grants = [100, 200, 300, 400, 500, 600, 700]
    dims, shape = ("uplink", "elements", "seed", "round"), (2, 7, 2, 1)
    data = {"accuracy": (dims, np.random.default_rng(1).random(shape))}
    data |= {"pilot_elements": (dims, np.broadcast_to(np.reshape([0.0, 56.0], (2, 1, 1, 1)), shape))}
    elements = ("elements", grants, {"path": "grant.elements", "long_name": "resource elements a round"})
    coordinates = {"uplink": ["ideal", "analog"], "elements": elements, "seed": [0, 1], "round": [10]}
    dataset = xr.Dataset(data, coordinates, {"study": "federated"})
    draw(dataset, tmp_path / "figure.png")
    ideal, analog = lines(figures[0].axes[0])
    np.testing.assert_array_equal(points(ideal)[0], grants)
    np.testing.assert_array_equal(points(analog)[0], np.array(grants) + 56)
    assert figures[0].axes[0].get_xlabel().endswith(", with pilots")
    draw(dataset.assign(pilot_elements=0.0 * dataset.pilot_elements), tmp_path / "figure.png")
    assert not figures[1].axes[0].get_xlabel().endswith("pilots")


def test_equal_elements_are_equal_with_pilots() -> None:
    run = xr.Dataset({"resource_elements": ("uplink", [100.0, 44.0]), "pilot_elements": ("uplink", [0.0, 56.0])})
    assert equal_elements(run) == 100
    assert equal_elements(run.assign(pilot_elements=("uplink", [np.nan] * 2)).isel(uplink=[0])) == 100
    with pytest.raises(ValueError, match="expected as many elements for every scheme, received 44 to 156"):
        equal_elements(run.assign(pilot_elements=("uplink", [56.0, 0.0])))
