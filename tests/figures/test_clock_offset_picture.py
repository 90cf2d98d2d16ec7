"""On the axes of the figure of clock offsets: lines are of their own offsets, theory is theory, points are points."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from overair.figures import clock_offset
from tests.figures.reading import interval, lines, points, reach

HIGHS = [0.0, 20.0, 40.0]
SEEN = {"seen by the transmitters": True, "not seen": False}
SETTING = clock_offset.Setting(subcarriers=64, prefix=16, symbols=62, devices=20, snr_db=20.0)


def errors(high: float, seen: bool, seed: int) -> tuple[float, float]:
    """A mean and its standard error, numbers that say what they are of."""
    return 3.0 + high + 100.0 * seen + seed, (1.0 + high + 3.0 * seen) * (1 + seed)


def sums() -> xr.Dataset:
    """Not in the order of the run."""
    names = (clock_offset.HIGH, clock_offset.SEEN, "seed", "snr_db")
    both = np.array([[[[errors(high, seen, seed)] for seed in (0, 1)] for seen in (True, False)] for high in HIGHS])
    along = dict(zip(names, (HIGHS, ["true", "false"], [0, 1], [20.0]), strict=True))
    found = xr.Dataset({"nmse": (names, both[..., 0]), "nmse_error": (names, both[..., 1])}, along)
    told = {"grid": {"subcarriers": 64, "prefix": 16}, "devices": 20, "entries": 7850, "rounds": 40}
    return found.assign_attrs(scenario=json.dumps(told))


def dataset(names: tuple[str, ...] = (clock_offset.SEEN, clock_offset.HIGH, "seed", "round")) -> xr.Dataset:
    values = np.random.default_rng(0).uniform(0.5, 0.9, [2, 3, 3, 4])
    along = dict(zip(names, (["false", "true"], HIGHS, [0, 1, 2], [1, 2, 3, 4]), strict=True))
    return xr.Dataset({"accuracy": (names, values, {"units": "1", "long_name": "test accuracy"})}, along)


@pytest.fixture
def panels(figures: list[Figure]) -> list[Axes]:
    figures.append(clock_offset.plot(dataset(), sums()))
    return figures[0].axes


def bars(panel: Axes) -> dict[str, ErrorbarContainer]:
    return {str(bar.get_label()): bar for bar in panel.containers if isinstance(bar, ErrorbarContainer)}


def test_points_are_means_over_seeds_with_bars_of_two_standard_errors(panels: list[Axes]) -> None:
    assert bars(panels[0]).keys() == SEEN.keys()
    for label, bar in bars(panels[0]).items():
        both = np.array([[errors(high, SEEN[label], seed) for seed in (0, 1)] for high in HIGHS])  # [offsets, seeds, 2]
        marks, _, (uprights,) = bar
        mean, half = both[..., 0].mean(axis=1), 2 * np.sqrt((both[..., 1] ** 2).sum(axis=1)) / 2
        np.testing.assert_allclose(points(marks), [HIGHS, mean])
        assert marks.get_linestyle() == "None"
        ends = np.array(uprights.get_segments())[:, :, 1]  # [offsets, both ends]
        np.testing.assert_allclose(ends.T, [mean - half, mean + half])


def test_lines_are_theory_in_the_colour_of_their_points(panels: list[Axes]) -> None:
    """What is seen and within the prefix leaves the noise, N0 / K; what is not seen has an error near 2."""
    floor = 10**-2 / 20
    drawn = {line.get_color(): points(line) for line in lines(panels[0]) if line.get_linestyle() == "-"}
    for label, bar in bars(panels[0]).items():
        x, y = drawn[bar[0].get_color()]
        np.testing.assert_array_equal(x, np.arange(41))
        theory = [clock_offset.theory(high, SEEN[label], SETTING) for high in range(41)]
        np.testing.assert_allclose(y - floor, theory, atol=1e-12)
        np.testing.assert_allclose(y[:17], floor) if SEEN[label] else np.testing.assert_array_less(1.0, y[1:])


def test_theory_is_told_by_the_scenario_of_the_sums() -> None:
    assert clock_offset.setting_of(sums()) == SETTING


def test_accuracies_below_have_the_colour_of_their_offsets_above(panels: list[Axes]) -> None:
    last = dataset().accuracy.isel(round=-1)
    drawn = {line.get_color(): (points(line), at) for at, line in enumerate(lines(panels[1]))}
    assert len(drawn) == 2
    for label, bar in bars(panels[0]).items():
        values = last.sel({clock_offset.SEEN: str(SEEN[label]).lower()}).transpose("seed", clock_offset.HIGH).values
        line, place = drawn[bar[0].get_color()]
        np.testing.assert_allclose(line, [HIGHS, values.mean(axis=0)])
        np.testing.assert_allclose(reach(panels[1], place), interval(values))


def test_axes_say_what_they_are_and_where_the_prefix_ends(panels: list[Axes]) -> None:
    assert [panel.get_ylabel() for panel in panels] == ["NMSE of the sum", "Test accuracy"]
    assert [panel.get_yscale() for panel in panels] == ["log", "linear"]
    assert panels[1].get_xlabel() == "Largest offset (samples)"
    for panel in panels:
        (ends,) = [line for line in panel.get_lines() if line.get_linestyle() == ":"]
        np.testing.assert_array_equal(ends.get_xdata(), 16)


def test_the_caption_says_what_was_averaged(panels: list[Axes]) -> None:
    told = panels[0].get_figure(root=True).get_supxlabel()  # type: ignore[union-attr]
    assert (
        told.startswith("20 devices, 20 dB")
        and "mean of 80 sums" in told
        and "after 4 rounds" in told
        and "Mean of 3 seeds" in told
    )


def test_results_without_offsets_are_refused(tmp_path: Path) -> None:
    other = dataset(("snr_db", "uplink", "seed", "round"))
    for results, preset in (((other, sums()), "clock_offset"), ((dataset(), other), "clock_offset_sums")):
        with pytest.raises(ValueError, match=f"results: expected the axes high .* of {preset}, "):
            clock_offset.plot(*results)
    assert not (tmp_path / "figure.png").exists()
