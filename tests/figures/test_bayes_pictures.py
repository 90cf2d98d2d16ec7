"""On the axes of the figure of recovery: accuracies, errors in decibels, and the gradient's own numbers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overair.figures import bayes_recovery
from overair.ota.recovery.amp import transition
from tests.figures.reading import interval, lines, points, reach

SNRS, MOMENTS = [20.0, 0.0], [0, 100, 400]
RATIOS, NOISES = [0.05, 0.1, 0.15, 0.2, 0.25, 0.35], [300.0, 20.0]
KERNEL = np.random.default_rng(1).laplace(size=[25, 200])
RECOVERIES = ["amp", "em_bg_amp spatial=false", "em_bg_amp spatial=true", "lmmse"]
ENTRIES = {"real": 0.0, "shuffled": 20.0, "normal": 10.0}


def nmse(scheme: str, entries: str, moment: int, ratio: float, snr_db: float) -> float:
    """Numbers that say what they are of."""
    power = [*RECOVERIES, "oracle"].index(scheme) + moment / 1000 + ratio / 10 + (5 if snr_db == 300 else 0)
    return 10 ** -(power + ENTRIES[entries])


def errors() -> xr.Dataset:
    """Of which shuffled and normal entries are at one share of entries only."""
    names = ("recovery", "entries", "seed", "moment", "share", "snr_db")
    values: tuple[list[Any], ...] = (RECOVERIES, [*ENTRIES], [0], MOMENTS, RATIOS, NOISES)
    along = dict(zip(names, values, strict=True))
    made = xr.Dataset({name: xr.DataArray(np.nan, along, names) for name in ("nmse", "oracle")})
    for place in np.ndindex(*made.nmse.shape):
        scheme, entries, _, moment, ratio, snr = (each[at] for each, at in zip(values, place, strict=True))
        if entries == "real" or ratio == 0.25:
            made.nmse[place] = nmse(scheme, entries, moment, ratio, snr)
            made.oracle[place] = nmse("oracle", entries, moment, ratio, snr)
    blank = xr.full_like(made.nmse.isel(moment=0, share=0, snr_db=0, drop=True), 0.5 * transition(0.5))
    return made.assign(transition=blank).assign_attrs(scenario=json.dumps({"draws": 2}))


def gradient(values: np.ndarray = KERNEL) -> xr.Dataset:
    names = ("seed", "moment", "entry")
    along = dict(zip(names, ([0], [100], 1390 + np.arange(values.size)), strict=True))
    return xr.Dataset({"gradient": (names, values.reshape(1, 1, -1))}, along)


def dataset(axis: str = "uplink") -> xr.Dataset:
    uplinks = ["ideal", *(f"analog {name}" for name in RECOVERIES)]
    values = np.random.default_rng(0).uniform(0.5, 0.9, [2, 5, 3, 4])
    names = ("snr_db", axis, "seed", "round")
    found = xr.Dataset(
        {"accuracy": (names, values, {"units": "1", "long_name": "test accuracy"})},
        dict(zip(names, (SNRS, uplinks, [0, 1, 2], [1, 2, 3, 4]), strict=True)),
    )
    found["snr_db"].attrs.update(units="dB", long_name="SNR")
    return found


@pytest.fixture
def panels(figures: list[Figure]) -> list[Axes]:
    figures.append(bayes_recovery.plot(dataset(), errors(), gradient()))
    return figures[0].axes


def colour(name: str) -> str:
    return bayes_recovery.LOOKS[name][0]


def test_accuracies_stand_in_the_panel_of_their_snr(panels: list[Axes]) -> None:
    assert [panel.get_title() for panel in panels[:2]] == ["SNR 20 dB", "SNR 0 dB"]
    assert (panels[0].get_xlabel(), panels[0].get_ylabel()) == ("Round", "Test accuracy")
    for panel, snr in zip(panels[:2], SNRS, strict=True):
        for at, uplink in enumerate(dataset()["uplink"].values):
            values = dataset().accuracy.sel({"snr_db": snr, "uplink": uplink}).values
            line = lines(panel)[at]
            np.testing.assert_allclose(points(line), [[1, 2, 3, 4], values.mean(axis=0)])
            np.testing.assert_allclose(reach(panel, at), interval(values))
            assert line.get_color() == colour(str(uplink).removeprefix("analog "))


@pytest.mark.parametrize("place", [0, 1])
def test_errors_are_in_decibels_with_the_mean_and_range_over_moments(panels: list[Axes], place: int) -> None:
    panel, snr = panels[2 + place], NOISES[place]
    assert (panel.get_title(), panel.get_xlabel()) == (("Without noise", "SNR 20 dB")[place], "Share of entries kept")
    real = [line for line in lines(panel) if line.get_linestyle() == "-"]
    order = ["em_bg_amp spatial=true", "em_bg_amp spatial=false", "amp", "lmmse", *["oracle"] * place]
    assert [line.get_color() for line in real] == [colour(name) for name in order]
    for at, (line, name) in enumerate(zip(real, order, strict=True)):
        own = [[10 * np.log10(nmse(name, "real", moment, r, snr)) for moment in MOMENTS] for r in RATIOS]
        values = np.array(own)
        np.testing.assert_allclose(points(line), [RATIOS, values.mean(axis=1)], rtol=1e-6)
        np.testing.assert_allclose(reach(panel, at), [values.min(axis=1), values.max(axis=1)], rtol=1e-6)


@pytest.mark.parametrize("place", [0, 1])
def test_open_marks_are_normal_amplitudes_where_they_were_simulated(panels: list[Axes], place: int) -> None:
    marks = [line for line in lines(panels[2 + place]) if line.get_linestyle() == "None"]
    assert [line.get_color() for line in marks] == [colour(name) for name in bayes_recovery.NAMES][1:4]
    assert all(line.get_markerfacecolor() == "none" for line in marks)
    for line, name in zip(marks, ("em_bg_amp spatial=true", "em_bg_amp spatial=false", "amp"), strict=True):
        values = [10 * np.log10(nmse(name, "normal", moment, 0.25, NOISES[place])) for moment in MOMENTS]
        np.testing.assert_allclose(points(line), [[0.25], [np.mean(values)]], rtol=1e-6)


def test_the_transition_is_marked_where_the_soft_threshold_has_it(panels: list[Axes]) -> None:
    """At half as many sums as entries it recovers 0.386 nonzeros a sum (Donoho, Maleki, Montanari, 2009)."""
    for panel in panels[2:4]:
        (mark,) = [line for line in panel.get_lines() if line.get_linestyle() == ":"]
        assert abs(float(np.asarray(mark.get_xdata())[0]) - 0.5 * 0.3856) < 5e-4
    assert panels[2].get_ylabel() == "NMSE (dB)"


def test_the_gradient_its_largest_entries_and_the_correlation_of_its_rows_are_shown(panels: list[Axes]) -> None:
    shown = [np.asarray(panel.get_images()[0].get_array()) for panel in panels if panel.get_images()]
    whole, sparse, correlation = shown
    np.testing.assert_allclose(whole, KERNEL / np.abs(KERNEL).max())
    kept = sparse != 0
    assert np.count_nonzero(kept) == 250  # a twentieth of 5,000
    np.testing.assert_allclose(sparse[kept], whole[kept])
    assert np.abs(whole[kept]).min() > np.abs(whole[~kept]).max()
    rows = KERNEL - KERNEL.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(correlation, rows @ rows.T, atol=1e-12)


def test_the_caption_says_what_was_averaged(panels: list[Axes]) -> None:
    told = panels[0].get_figure(root=True).get_supxlabel()  # type: ignore[union-attr]
    assert "Mean of 3 seeds" in told and "gradients after 0, 100 and 400 steps of training" in told
    assert "2 matrices each" in told and "a gradient after 100 steps" in told


def test_the_kernel_is_a_matrix_of_places_by_depth_and_filter() -> None:
    found = bayes_recovery.kernel_of(gradient(np.arange(5000.0)))
    assert found.shape == (25, 200)
    for h, w, depth, f in ((0, 0, 0, 0), (1, 0, 0, 0), (2, 3, 4, 5), (4, 4, 9, 19)):
        assert found[5 * h + w, 20 * depth + f] == np.ravel_multi_index((h, w, depth, f), (5, 5, 10, 20))


def test_other_results_are_refused(tmp_path: Path) -> None:
    wrong = dataset().assign_coords(uplink=list("abcde"))
    for results, told in (
        ((dataset("scheme"), errors(), gradient()), "expected the axes uplink and snr_db of bayes_recovery"),
        ((wrong, errors(), gradient()), "expected the uplinks of bayes_recovery"),
        ((dataset(), errors().isel(entries=0), gradient()), "expected the axes recovery and entries of bayes_errors"),
        ((dataset(), errors(), gradient(KERNEL[:5])), "expected the 5,000 entries of bayes_gradient, received 1,000"),
    ):
        with pytest.raises(ValueError, match=f"results: {told}"):
            bayes_recovery.plot(*results)
    assert not (tmp_path / "figure.png").exists()
