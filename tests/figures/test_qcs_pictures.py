"""The figure of compressors: what its tables hold, and that lines, bands and bounds on its axes are those of tables."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overair.figures import qcs_errors, qcs_regression, qcs_variance
from overair.figures._tables import Rows
from tests.figures.reading import lines, points, reach

GAINS, MOMENTS = (2.0, 4.0, 8.0), (0, 50)
STEPS = ("0.05", "0.1", "0.2")
AT = np.array([0, 10, 20])


def numbers(*places: int) -> tuple[float, float]:
    """A mean and a deviation that say what they are of."""
    scheme, moment, gain = places
    return 10.0 ** (gain - scheme) * (1 + moment / 5), 0.1 * 10.0 ** (gain - scheme) * (1 + moment / 9)


def errors() -> Rows:
    rows = []
    for scheme, name in enumerate(qcs_errors.schemes(8)):
        for moment, steps in enumerate(MOMENTS):
            for at, gain in enumerate(GAINS):
                mean, deviation = numbers(scheme, moment, at)
                told = (f"{steps}", f"{gain}", f"{1.25 * gain}", "20", f"{mean}", f"{deviation}", f"{3 * mean}")
                rows.append(dict(zip(qcs_errors.COLUMNS, (name, *told), strict=True)))
    return rows


def runs() -> Rows:
    """Excess losses fall tenfold faster the later a scheme stands; shares of runs fall with the step."""
    rows = []
    for scheme, name in enumerate(qcs_regression.SCHEMES):
        bits = 32 * qcs_regression.SIZE / (10 + scheme)
        for step, text in enumerate(STEPS):
            for at, iteration in enumerate(AT):
                share = 1 - step * 0.5 if iteration == AT[-1] else 0.0
                told = (text, f"{iteration}", "12", f"{bits}", f"{share}", f"{-at * (scheme + step)}", f"{0.1 * at}")
                rows.append(dict(zip(qcs_regression.COLUMNS, (name, *told), strict=True)))
    return rows


@pytest.fixture
def panels(figures: list[Figure], tmp_path: Path) -> dict[str, Axes]:
    qcs_variance.draw(errors(), runs(), tmp_path / "figure.png")
    return {str(panel.get_label()): panel for panel in figures[0].axes}


def colour(name: str) -> str:
    return qcs_variance.LOOKS[name][0]


def test_errors_are_means_over_moments_with_their_whole_deviation_and_bounds_dotted(panels: dict[str, Axes]) -> None:
    """A deviation over draws and moments: the mean of variances and the variance of means."""
    left, right = panels["a"], panels["b"]
    solid = [line for line in lines(left) if line.get_linestyle() == "-"]
    dotted = [line for line in lines(left) if line.get_linestyle() == ":"]
    for at, name in enumerate(qcs_errors.schemes(8)):
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


def test_shares_of_runs_are_those_of_the_last_iteration_in_percent(panels: dict[str, Axes]) -> None:
    for line, name in zip(lines(panels["c"]), qcs_regression.SCHEMES, strict=True):
        np.testing.assert_allclose(points(line), [[0.05, 0.1, 0.2], [100.0, 50.0, 0.0]])
        assert line.get_color() == colour(name)
    assert panels["c"].get_ylabel() == "Runs that converge (%)"


@pytest.mark.parametrize(("panel", "step"), [("d", 0), ("e", 1)])
def test_losses_are_those_of_the_step_in_the_title(panels: dict[str, Axes], panel: str, step: int) -> None:
    assert panels[panel].get_title() == f"Step size $\\mu$ = {STEPS[step]}"
    for scheme, (line, name) in enumerate(zip(lines(panels[panel]), qcs_regression.SCHEMES, strict=True)):
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


def test_the_table_of_errors_has_means_deviations_and_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deviation of draws, and not that of their mean."""

    def simulate(compressor: object, gradient: np.ndarray, gains: list[float], draws: int) -> tuple:
        each = np.array(gains)[:, None] * np.array([[1.0, 2.0, 6.0]])
        return each, 1.25 * np.array(gains)[:, None] * np.ones([1, draws])

    monkeypatch.setattr(qcs_errors, "simulate", simulate)
    monkeypatch.setattr(qcs_errors, "gradients", lambda moments: np.ones([len(moments), 2**16]))
    head, *rows = qcs_errors.rows((50,), 3)
    assert head == qcs_errors.COLUMNS
    found = [dict(zip(head, row, strict=True)) for row in rows]
    for row in found:
        target = float(row["target_gain"])
        told = [float(row[name]) for name in ("gain", "draws", "error", "deviation")]
        np.testing.assert_allclose(told, [1.25 * target, 3, 3 * target, 7**0.5 * target], rtol=1e-5)
        assert row["moment"] == "50"
        if row["scheme"] == "random-k":
            once = float(row["bound"]) + 1  # d/k of k = floor(d/gain)
            assert target * (1 - 1e-5) < once < target / (1 - target / 2**16) * (1 + 1e-5)
    fixed = [float(row["target_gain"]) for row in found if row["scheme"] == "QSGD fixed length"]
    assert max(fixed) == pytest.approx(32 / np.log2(3), rel=2e-4)  # no fewer than three levels


def test_the_bound_of_fixed_length_qsgd_is_that_of_its_levels() -> None:
    """At 4 bits an entry there are 16 = 2s + 1 levels: min(d/s^2, sqrt(d)/s), of which either may be the smaller."""
    s = 15 / 2
    assert qcs_errors.bound("QSGD fixed length", 10_000, 8.0) == pytest.approx(100 / s)
    assert qcs_errors.bound("QSGD fixed length", 25, 8.0) == pytest.approx(25 / s**2)
    assert qcs_errors.bound("random-k", 1000, 8.0) == 7.0
    assert qcs_errors.bound("QSGD entropy coded", 1000, 8.0) == np.inf


def test_the_table_of_losses_has_logarithms_their_deviations_and_the_share_that_converged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = np.array([[[1.0, 0.01], [1.0, 1.0], [1.0, 0.1]], [[1.0, 1e2], [1.0, 1e4], [1.0, 1e6]]])  # [steps, runs, 2]
    monkeypatch.setattr(qcs_regression, "simulate", lambda scheme, steps, runs: (paths, 77.0))
    head, *rows = qcs_regression.rows(3, (0.05, 0.1))
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert len(found) == 6 * 2 * 2 and {row["bits"] for row in found} == {"77"}
    for row in found:
        told = [float(row[name]) for name in ("converged", "log10_excess", "deviation")]
        share = {"0": (0, 0, 0), "10": (2 / 3, -1, 1) if row["step_size"] == "0.05" else (0, 4, 2)}
        np.testing.assert_allclose(told, share[row["iteration"]], rtol=1e-5)
