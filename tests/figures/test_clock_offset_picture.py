"""On the axes of the figure of clock offsets: lines are of their own offsets, theory is theory, points are points."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from overair.figures import clock_offset
from tests.figures.reading import lines, points, reach

HIGHS, ROUNDS = [0.0, 20.0, 40.0], 5
SEEN = {"seen by the transmitters": True, "not seen": False}


def errors(high: int, seen: bool, rounds: int) -> np.ndarray:
    """In place of a simulation: numbers that say what they are of."""
    return 3.0 + high + 100.0 * seen + np.arange(rounds) ** 2 / 10


def dataset() -> xr.Dataset:
    names = (clock_offset.SEEN, clock_offset.HIGH, "seed", "round")  # not in the order of the preset
    values = np.random.default_rng(0).uniform(0.5, 0.9, [2, 3, 3, 4])
    along = dict(zip(names, (["false", "true"], HIGHS, [0, 1, 2], [1, 2, 3, 4]), strict=True))
    return xr.Dataset({"accuracy": (names, values, {"units": "1", "long_name": "test accuracy"})}, along)


@pytest.fixture
def panels(figures: list[Figure], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Axes]:
    monkeypatch.setattr(clock_offset, "simulate", errors)
    clock_offset.draw(dataset(), tmp_path / "figure.png", ROUNDS)
    return figures[0].axes


def bars(panel: Axes) -> dict[str, ErrorbarContainer]:
    return {str(bar.get_label()): bar for bar in panel.containers if isinstance(bar, ErrorbarContainer)}


def test_points_are_what_was_simulated_with_bars_of_two_standard_errors(panels: list[Axes]) -> None:
    assert bars(panels[0]).keys() == SEEN.keys()
    for label, bar in bars(panels[0]).items():
        draws = np.array([errors(int(high), SEEN[label], ROUNDS) for high in HIGHS])
        marks, _, (uprights,) = bar
        np.testing.assert_allclose(points(marks), [HIGHS, draws.mean(axis=1)])
        assert marks.get_linestyle() == "None"
        half = draws.std(axis=1, ddof=1) * 2 / ROUNDS**0.5
        ends = np.array(uprights.get_segments())[:, :, 1]  # [offsets, both ends]
        np.testing.assert_allclose(ends.T, [draws.mean(axis=1) - half, draws.mean(axis=1) + half])


def test_lines_are_theory_in_the_colour_of_their_points(panels: list[Axes]) -> None:
    """What is seen and within the prefix leaves the noise, N0 / K; what is not seen has an error near 2."""
    floor = 10**-2 / 20
    drawn = {line.get_color(): points(line) for line in lines(panels[0]) if line.get_linestyle() == "-"}
    for label, bar in bars(panels[0]).items():
        x, y = drawn[bar[0].get_color()]
        np.testing.assert_array_equal(x, np.arange(41))
        np.testing.assert_allclose(y - floor, [clock_offset.theory(high, SEEN[label]) for high in range(41)])
        np.testing.assert_allclose(y[:17], floor) if SEEN[label] else np.testing.assert_array_less(1.0, y[1:])


def test_accuracies_below_have_the_colour_of_their_offsets_above(panels: list[Axes]) -> None:
    last = dataset().accuracy.isel(round=-1)
    drawn = {line.get_color(): (points(line), at) for at, line in enumerate(lines(panels[1]))}
    assert len(drawn) == 2
    for label, bar in bars(panels[0]).items():
        values = last.sel({clock_offset.SEEN: str(SEEN[label]).lower()}).transpose("seed", clock_offset.HIGH).values
        line, place = drawn[bar[0].get_color()]
        np.testing.assert_allclose(line, [HIGHS, values.mean(axis=0)])
        np.testing.assert_allclose(reach(panels[1], place), [values.min(axis=0), values.max(axis=0)])


def test_axes_say_what_they_are_and_where_the_prefix_ends(panels: list[Axes]) -> None:
    assert [panel.get_ylabel() for panel in panels] == ["NMSE of the sum", "Test accuracy"]
    assert [panel.get_yscale() for panel in panels] == ["log", "linear"]
    assert panels[1].get_xlabel() == "Largest offset (samples)"
    for panel in panels:
        (ends,) = [line for line in panel.get_lines() if line.get_linestyle() == ":"]
        np.testing.assert_array_equal(ends.get_xdata(), 16)
