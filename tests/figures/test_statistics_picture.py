"""On the axes of the figure of gradient statistics: kurtosis over epochs, distances and tests by layer, as they are."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import draw, gradient_statistics
from overair.scenarios.studies.gradient_statistics import GradientStatistics
from tests.figures.reading import legend, lines, points

EPOCHS, LAYERS = [1, 2, 5], [2, 4]


def dataset(axes: dict[str, list]) -> xr.Dataset:
    rng, along = np.random.default_rng(0), axes | {"seed": [0, 1], "epoch": EPOCHS, "layer": LAYERS}
    shape = [len(values) for values in along.values()]
    variables = {each.name: (tuple(along), rng.uniform(size=shape)) for each in GradientStatistics.measures}
    found = xr.Dataset(variables, along, {"study": "gradient_statistics"})
    for name in ("ks_passed", "spearman_passed"):
        found[name] = found[name].where(found["epoch"] > 1)  # before which there is none
    return found


AXES: dict[str, list] = {"gradient": ["last", "mean"], "entries": [100, 3000]}


def test_kurtosis_is_over_epochs_with_a_line_for_each_layer_and_way(figures: list[Figure]) -> None:
    results = dataset(AXES)
    figures.append(gradient_statistics.plot(results))
    panel = figures[0].axes[0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("Epoch", "Excess kurtosis")
    drawn = lines(panel)
    assert len(drawn) == 4 and legend(panel) == ["layer 2", "layer 4", "last", "mean"]
    for at, (gradient, layer) in enumerate((g, each) for g in AXES["gradient"] for each in LAYERS):
        expected = results.kurtosis.sel(gradient=gradient, entries=100, layer=layer).mean("seed")
        np.testing.assert_allclose(points(drawn[at]), np.array([EPOCHS, expected.values]))


def test_distances_stand_by_layer_beside_their_floor(figures: list[Figure]) -> None:
    results = dataset(AXES)
    figures.append(gradient_statistics.plot(results))
    panel = figures[0].axes[1]
    assert [text.get_text() for text in panel.get_xticklabels()] == ["2", "4"]
    assert legend(panel) == ["normal", "Laplace", "GenNorm", "dWeibull", "last", "mean"]
    for at, gradient in enumerate(AXES["gradient"]):
        here = results.sel(gradient=gradient, entries=3000).mean(["seed", "epoch"])
        names = ("floor_gennorm", "w2_normal", "w2_laplace", "w2_gennorm", "w2_weibull")
        for line, name in zip(lines(panel)[5 * at :], names, strict=False):
            np.testing.assert_allclose(points(line), np.array([[0, 1], here[name].values]))


@pytest.mark.parametrize(("place", "test"), [(2, "ks"), (3, "spearman")])
def test_tests_stand_by_layer_beside_their_null(figures: list[Figure], place: int, test: str) -> None:
    results = dataset(AXES)
    figures.append(gradient_statistics.plot(results))
    panel, over = figures[0].axes[place], results.mean("seed").mean("epoch")
    ways = [(g, n) for g in AXES["gradient"] for n in AXES["entries"]]
    assert legend(panel) == [f"{gradient}, {entries} entries" for gradient, entries in ways]
    for at, (gradient, entries) in enumerate(ways):
        here = over.sel(gradient=gradient, entries=entries)
        null, own = lines(panel)[2 * at : 2 * at + 2]
        np.testing.assert_allclose(points(null)[1], here[f"{test}_null_passed"])
        np.testing.assert_allclose(points(own)[1], here[f"{test}_passed"])


def test_one_point_and_results_of_its_study_are_drawn(figures: list[Figure], tmp_path: Path) -> None:
    draw(dataset({}), tmp_path / "figure.png")
    assert len(lines(figures[0].axes[0])) == 2 and figures[0].axes[2].get_legend() is None
    told = figures[0].get_supxlabel().replace("\n", " ")
    assert told.startswith("Mean of 2 seeds; means over 3 epochs by layer. Grey:")


def test_of_a_single_layer_everything_is_over_epochs(figures: list[Figure], tmp_path: Path) -> None:
    results = dataset({"student": [4, 16], "activation": ["erf", "relu"]}).isel(layer=[0])
    draw(results, tmp_path / "figure.png")
    means, panels = results.isel(layer=0).mean("seed"), figures[0].axes
    assert {panel.get_xlabel() for panel in panels} == {"Epoch"}
    assert (
        legend(panels[0]) == legend(panels[2]) == [f"student {n}, {each}" for n in (4, 16) for each in ("erf", "relu")]
    )
    assert len({line.get_color() for line in lines(panels[0])}) == 4
    for panel, name in ((panels[0], "kurtosis"), (panels[3], "spearman_passed")):
        step = 1 if name == "kurtosis" else 2  # beside their null
        for at, (n, each) in enumerate((n, each) for n in (4, 16) for each in ("erf", "relu")):
            expected = means[name].sel(student=n, activation=each)
            np.testing.assert_allclose(points(lines(panel)[step * at + step - 1]), np.array([EPOCHS, expected.values]))
    assert figures[0].get_supxlabel().startswith("Mean of 2 seeds. Grey:")


def test_a_test_that_was_never_made_is_no_trouble(figures: list[Figure], tmp_path: Path) -> None:
    """Of epoch 1 alone."""
    draw(dataset({}).isel(epoch=[0]), tmp_path / "figure.png")
    assert np.isnan(points(lines(figures[0].axes[2])[1])[1]).all()
