"""The figure of compressors: lines, bands and bounds on its axes are those of its results."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overair.figures import qcs_variance
from overair.scenarios import ScenarioError
from tests.figures.reading import lines, points, reach

GAINS, MOMENTS = [2.0, 4.0, 8.0], [0, 50]
STEPS = [0.05, 0.1, 0.2]
AT = np.array([0, 10, 20])
COMPRESSED, REGRESSED = list(qcs_variance.COMPRESSED), list(qcs_variance.REGRESSED)


def numbers(*places: int) -> tuple[float, float]:
    """A mean and a deviation that say what they are of."""
    scheme, moment, gain = places
    return 10.0 ** (gain - scheme) * (1 + moment / 5), 0.1 * 10.0 ** (gain - scheme) * (1 + moment / 9)


def errors(silent_from: float = np.inf) -> xr.Dataset:
    """In another order than that of the figure; from a target on there are no bits enough."""
    both = np.array(
        [[[numbers(scheme, moment, gain) for gain in range(3)] for moment in range(2)] for scheme in range(4)]
    )  # [C, M, G, 2]
    names, gain = (
        ("compressor", "seed", "moment", "target_gain"),
        np.where(np.array(GAINS) < silent_from, GAINS, np.inf),
    )
    values = {"error": both[..., 0], "deviation": both[..., 1], "gain": np.tile(1.25 * gain, [4, 2, 1])}
    along = dict(zip(names, ([*qcs_variance.COMPRESSED.values()], [0], MOMENTS, GAINS), strict=True))
    made = xr.Dataset({name: (names, each[:, None]) for name, each in values.items()}, along)
    made = made.assign(bound=3 * made.error).isel(compressor=[2, 0, 3, 1])
    return made.assign_attrs(scenario=json.dumps({"draws": 20}))


def runs() -> xr.Dataset:
    """Excess losses fall tenfold faster the later a scheme stands; shares of runs fall with the step."""
    names = ("variant", "seed", "step_size", "iteration")
    along = dict(zip(names, (REGRESSED[::-1], [0], STEPS, AT), strict=True))
    blank = xr.DataArray(np.nan, along, names)
    made = xr.Dataset({name: blank.copy() for name in ("log10_excess", "deviation", "converged", "bits")})
    for scheme, name in enumerate(REGRESSED):
        for step, size in enumerate(STEPS):
            for at, iteration in enumerate(AT):
                here = dict(zip(names, (name, 0, size, iteration), strict=True))
                made.log10_excess.loc[here], made.deviation.loc[here] = -at * (scheme + step), 0.1 * at
                made.converged.loc[here] = 1 - step * 0.5 if iteration == AT[-1] else 0.0
                made.bits.loc[here] = 32 * 3200 / (10 + scheme)
    told = {"inputs": 64, "outputs": 50, "batch_size": 32, "runs": 12}
    return made.assign_attrs(scenario=json.dumps(told))


@pytest.fixture
def panels(figures: list[Figure]) -> dict[str, Axes]:
    figures.append(qcs_variance.plot(errors(), runs()))
    return {str(panel.get_label()): panel for panel in figures[0].axes}


def colour(name: str) -> str:
    return qcs_variance.LOOKS[name][0]


def test_errors_are_means_over_moments_with_their_whole_deviation_and_bounds_dotted(panels: dict[str, Axes]) -> None:
    """A deviation over draws and moments: the mean of variances and the variance of means."""
    left, right = panels["a"], panels["b"]
    solid = [line for line in lines(left) if line.get_linestyle() == "-"]
    dotted = [line for line in lines(left) if line.get_linestyle() == ":"]
    for at, name in enumerate(COMPRESSED):
        every = np.array([[numbers(at, moment, gain) for gain in range(3)] for moment in range(2)])  # [M, G, 2]
        mean = every[:, :, 0].mean(axis=0)
        spread = np.sqrt((every[:, :, 1] ** 2).mean(axis=0) + every[:, :, 0].var(axis=0))
        gains = 1.25 * np.array(GAINS)
        assert {solid[at].get_color(), dotted[at].get_color(), lines(right)[at].get_color()} == {colour(name)}
        assert solid[at].get_label() == name
        np.testing.assert_allclose(points(solid[at]), np.stack([gains, mean]))
        np.testing.assert_allclose(points(dotted[at])[1], 3 * mean)
        np.testing.assert_allclose(reach(left, at), [np.maximum(mean - spread, mean / 10), mean + spread])
        np.testing.assert_allclose(points(lines(right)[at]), np.stack([gains, spread / mean]))
    assert (left.get_xlabel(), left.get_ylabel()) == ("Compression gain", "Relative error")
    assert right.get_ylabel() == "Deviation / mean of error"
    assert {left.get_xscale(), left.get_yscale(), right.get_xscale(), right.get_yscale()} == {"log"}


def test_gains_for_which_there_are_no_bits_enough_are_left_out(figures: list[Figure]) -> None:
    figures.append(qcs_variance.plot(errors(silent_from=8.0), runs()))
    for line in lines(figures[0].axes[0]):
        np.testing.assert_allclose(points(line)[0], [2.5, 5.0])


def test_shares_of_runs_are_those_of_the_last_iteration_in_percent(panels: dict[str, Axes]) -> None:
    for line, name in zip(lines(panels["c"]), REGRESSED, strict=True):
        np.testing.assert_allclose(points(line), [[0.05, 0.1, 0.2], [100.0, 50.0, 0.0]])
        assert line.get_color() == colour(name)
    assert panels["c"].get_ylabel() == "Runs that converge (%)"


@pytest.mark.parametrize(("panel", "step"), [("d", 0), ("e", 1)])
def test_losses_are_those_of_the_step_in_the_title(panels: dict[str, Axes], panel: str, step: int) -> None:
    assert panels[panel].get_title() == f"Step size $\\mu$ = {STEPS[step]}"
    for scheme, (line, name) in enumerate(zip(lines(panels[panel]), REGRESSED, strict=True)):
        logs, wide = -np.arange(3.0) * (scheme + step), 1.5 * 0.1 * np.arange(3)
        np.testing.assert_allclose(points(line), np.stack([AT, 10**logs]))
        np.testing.assert_allclose(reach(panels[panel], scheme), [10 ** (logs - wide), 10 ** (logs + wide)])
        assert line.get_color() == colour(name) and line.get_label() == name
    assert panels[panel].get_yscale() == "log" and panels[panel].get_xlabel() == "Iteration"


def test_the_legend_has_every_scheme_and_the_caption_the_gains_of_each(panels: dict[str, Axes]) -> None:
    (figure,) = {panel.get_figure() for panel in panels.values()}
    assert isinstance(figure, Figure)
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == list(qcs_variance.LOOKS)
    handles = figure.legends[0].legend_handles
    assert [getattr(each, "_color", None) for each in handles] == [colour(name) for name in shown]
    gains = "gains of 11 (QCS), 12 (fewer bits), 13 (QSGD fixed length),\n14 (entropy coded) and 15 (top-k)"
    assert gains in figure.get_supxlabel()
    assert "at 2 moments of its training, 20 draws each" in figure.get_supxlabel()
    assert "3,200 weights, batches of 32, 12 runs" in figure.get_supxlabel()


def test_groups_are_pooled_to_the_deviation_of_all_their_draws() -> None:
    draws = np.random.default_rng(0).normal([[[1.0]], [[3.0]]], 2.0, [2, 1, 500])  # [M, S, draws]
    means, deviations = (xr.DataArray(each, dims=("moment", "seed")) for each in (draws.mean(-1), draws.std(-1)))
    mean, scatter = qcs_variance.pooled(means, deviations, ["moment", "seed"])
    np.testing.assert_allclose([mean, scatter], [draws.mean(), draws.std()])


def test_other_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="results: expected the compressors of qcs_variance, qcs, qsgd_fixed, "):
        qcs_variance.plot(errors().isel(compressor=[0]), runs())
    with pytest.raises(ValueError, match="results: expected the variants of qcs_regression, baseline, QCS, "):
        qcs_variance.plot(errors(), errors())
    with pytest.raises(ScenarioError, match="results: expected the scenario among their attributes"):
        qcs_variance.plot(errors().drop_attrs(), runs())
    assert not (tmp_path / "figure.png").exists()
