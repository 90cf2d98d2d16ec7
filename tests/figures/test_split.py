"""On the axes of the figure of split networks, of a table and of the curve that is kept."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from overair.figures import draw, split
from overair.learning.costs import flops
from overair.learning.inference.split.cuts import cut as cut_at
from overair.learning.models.vgg_like import VggLike
from tests.checkout import kept
from tests.figures.reading import lines, points

CUTS, WAYS, SNRS = ["input", "block2_pool", "dense", "logits"], ["quantised", "bottleneck"], [-10.0, 0.0, 10.0]
COSTS: dict[
    tuple[str, str], Callable[[int], tuple[float, float, float]]
] = {  # accuracy, latency, energy by SNR's place
    ("quantised", "input"): lambda at: (0.8, 0.5 / (at + 1), 0.4 / (at + 1)),
    ("quantised", "logits"): lambda at: (0.795, 0.2, 0.1),
    ("bottleneck", "block2_pool"): lambda at: (0.78 + at / 100, 0.01, 0.3),
    ("quantised", "dense"): lambda at: (0.5, 1e-6, 1e-6),  # the cheapest, and not accurate enough
}


def of_cuts(panel: Axes) -> list[Line2D]:
    """All lines but that of the best cut."""
    return [line for line in lines(panel) if line.get_label() != "best cut"]


def results() -> xr.Dataset:
    """Two seeds whose mean these are; points that are not there are NaN."""
    values = np.full([3, len(CUTS), len(WAYS), 2, len(SNRS)], np.nan)
    for (way, cut), costs_of in COSTS.items():
        for at in range(len(SNRS)):
            mean = np.array(costs_of(at))
            values[:, CUTS.index(cut), WAYS.index(way), :, at] = np.stack([0.9 * mean, 1.1 * mean], axis=1)
    dims = ("cut", "features", "seed", "snr_db")
    variables: dict[str, Any] = dict(
        zip(("accuracy", "latency_s", "energy_j"), ((dims, part) for part in values), strict=True)
    )
    variables["whole"] = dims[:3], np.full([len(CUTS), len(WAYS), 2], 0.8)
    coordinates = {"cut": CUTS, "features": WAYS, "seed": [0, 1], "snr_db": SNRS}
    costs = {"device_flops": 5e9, "server_flops": 1e12, "compute_watts": 2.0, "transmit_watts": 1.3}
    made = xr.Dataset(variables, coordinates, {"study": "split", "scenario": json.dumps({"costs": costs})})
    made["snr_db"].attrs = {"units": "dB", "long_name": "SNR"}
    return made


@pytest.fixture
def panels(figures: list[Figure], tmp_path: Path) -> list[Axes]:
    draw(results(), tmp_path / "figure.png")
    return figures[0].axes


@pytest.mark.parametrize(("place", "cost", "label"), [(0, 2, "Energy of the device (mJ)"), (1, 1, "Latency (ms)")])
def test_costs_are_in_thousandths_a_line_a_cut(panels: list[Axes], place: int, cost: int, label: str) -> None:
    panel = panels[place]
    drawn = {str(line.get_label()): line for line in of_cuts(panel)}
    assert len(drawn) == len(COSTS)
    for (way, cut), costs in COSTS.items():
        line = drawn[f"{cut.replace('_', ' ')}, {way}"]
        np.testing.assert_allclose(points(line), [SNRS, [1000 * costs(at)[cost] for at in range(3)]])
        assert line.get_linestyle() == ("-" if way == "quantised" else "--")
        assert (line.get_markerfacecolor() == "white") == (way == "bottleneck")
    assert (panel.get_xlabel(), panel.get_ylabel(), panel.get_yscale()) == ("SNR (dB)", label, "log")


def test_accuracies_stand_beside_that_of_the_whole_network_and_a_point_below(panels: list[Axes]) -> None:
    panel = panels[2]
    own = {(line.get_color(), line.get_linestyle()): points(line) for line in of_cuts(panel)}
    assert len(own) == len(COSTS)
    for (way, cut), costs in COSTS.items():
        line = own[split.COLOURS[CUTS.index(cut)], "-" if way == "quantised" else "--"]
        np.testing.assert_allclose(line, [SNRS, [costs(at)[0] for at in range(3)]])
    (band,) = panel.patches
    edges = band.get_window_extent().transformed(panel.transData.inverted())
    np.testing.assert_allclose((edges.y0, edges.y1), (0.79, 0.80), atol=1e-9)


def test_the_best_cuts_are_the_cheapest_that_keep_the_accuracy(panels: list[Axes]) -> None:
    """Of energy the logits' until a raw image is cheaper still; of latency the analog cut's once it is accurate."""
    panel = panels[3]
    labels = [tick.get_text() for tick in panel.get_yticklabels()]
    curves = {str(line.get_label()): points(line) for line in lines(panel) if len(points(line)[0]) == 3}
    chosen = {name: [labels[round(y)] for y in values[1]] for name, values in curves.items() if "least" in name}
    assert chosen == {
        "least energy": ["logits", "logits", "logits"],
        "least latency": ["logits", "block2 pool", "block2 pool"],
    }
    marks = [line for line in lines(panel) if len(points(line)[0]) == 1]
    assert [line.get_markerfacecolor() == "white" for line in marks] == [False] * 4 + [True] * 2


@pytest.mark.parametrize(
    "axes", [{}, {"cut": "input"}, {"features": "quantised"}, {"cut": "input", "features": "quantised"}]
)
def test_any_axes_are_drawn(axes: dict[str, str], figures: list[Figure], tmp_path: Path) -> None:
    draw(results().sel(axes, drop=True), tmp_path / "figure.png")
    cuts = [cut for way, cut in COSTS if axes.items() <= {"cut": cut, "features": way}.items()]
    assert [len(of_cuts(panel)) for panel in figures[0].axes[:3]] == [len(cuts)] * 3


@pytest.fixture
def curve() -> xr.Dataset:
    return kept("split_inference")


def test_times_and_energies_of_the_curve_that_is_kept_follow_from_its_bits_and_the_link(curve: xr.Dataset) -> None:
    model = VggLike().build((32, 32, 3), 10, 0)
    for cut in curve.cut.values:
        for way in curve.features.values:
            at = curve.sel(cut=cut, features=way).isel(seed=0)
            if not np.isfinite(at.accuracy).all():
                continue
            snr, tries = 10 ** (at["snr_db"].values / 10), at.tries.values
            rate = np.log2(1 + snr * np.log(tries))  # tries = 1 / (1 - p)
            device, server = cut_at(model, cut)
            symbols = min(256, np.prod(device.output_shape[1:])) if way == "bottleneck" else 0
            elements = np.ceil(at.bits.values / rate) + np.ceil(symbols / 2)
            assert np.all(np.abs(elements - at.elements) <= 1 + 1e-4 * elements)  # tables have six digits
            airtime = np.ceil(at.elements.values / 1200) * 1284 / (1200 * 15e3) * tries
            # a bottleneck: two multiplications and additions more for each weight, and their outputs' bias
            more = 2 * symbols * np.prod(device.output_shape[1:])
            seconds = (flops(device) + more) / 5e9, (flops(server) + more) / 1e12
            np.testing.assert_allclose(at.latency_s, sum(seconds) + airtime, rtol=1e-4)
            np.testing.assert_allclose(at.energy_j, 2 * seconds[0] + 1.3 * airtime, rtol=1e-4)


def test_the_best_cut_is_the_cheapest_that_is_accurate_enough(curve: xr.Dataset, tmp_path: Path) -> None:
    drawn = split._lines(curve)
    for quantity in ("energy_j", "latency_s"):
        chosen = split.best(drawn, quantity)
        assert len(chosen) == curve.sizes["snr_db"]
        for at, line in enumerate(chosen):
            assert line is not None
            values = line.values.isel({"snr_db": at})
            assert line.lost[at] <= 0.01 + 1e-9
            assert all(
                other.lost[at] > 0.01 for other in drawn if float(other.values[quantity][at]) < float(values[quantity])
            )
    draw(curve, tmp_path / "split.png")
    assert (tmp_path / "split.png").stat().st_size > 10_000


def test_the_best_cut_is_chosen_on_images_kept_from_training_and_shown_with_test_accuracy(
    figures: list[Figure], tmp_path: Path
) -> None:
    """The cheapest cut does well on test images by luck, and badly on those kept from training: it is not taken."""
    given = results()
    given["validation"], given["whole_validation"] = given.accuracy.copy(), given.whole.copy()
    lucky = {"cut": "dense", "features": "quantised"}
    given.accuracy.loc[lucky] = 0.8
    assert {line.place for line in split.best(split._lines(given.drop_vars("validation")), "energy_j") if line} == {
        "dense"
    }
    chosen = split.best(split._lines(given), "energy_j")
    assert [line.place if line else None for line in chosen] == ["logits"] * 3
    draw(given, tmp_path / "figure.png")
    for place, (quantity, scale) in enumerate([("energy_j", 1000), ("latency_s", 1000), ("accuracy", 1)]):
        (best,) = [line for line in lines(figures[0].axes[place]) if line.get_label() == "best cut"]
        of = split.best(split._lines(given), "latency_s" if quantity == "latency_s" else "energy_j")
        expected = [scale * float(line.values[quantity][at]) for at, line in enumerate(of) if line]
        np.testing.assert_allclose(points(best), [SNRS, expected])


def test_what_two_ways_send_alike_is_one_line(figures: list[Figure], tmp_path: Path) -> None:
    given = results()
    twice = xr.concat([given, given.sel(features=["quantised"]).assign_coords(features=["picture"])], "features")
    twice["accuracy"].loc[{"features": "picture", "cut": "input"}] = 0.7
    draw(twice, tmp_path / "figure.png")
    labels = [str(line.get_label()) for line in of_cuts(figures[0].axes[0])]
    assert len(labels) == len(COSTS) + 1 and "input, picture" in labels
