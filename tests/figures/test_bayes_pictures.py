"""On the axes of the figure of recovery: accuracies, errors in decibels, and the gradient's own numbers."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from overair.figures import bayes_gradients as study
from overair.figures import bayes_recovery
from tests.figures.reading import lines, points, reach

SNRS, MOMENTS = [20.0, 0.0], (0, 100, 400)
KERNEL = np.random.default_rng(1).laplace(size=[25, 200])
NAMES = dict(zip([*study.SCHEMES, study.ORACLE], range(5), strict=True))  # amp, alone, spatial, lmmse, oracle


def nmse(scheme: str, gradient: str, moment: int, ratio: float, snr_db: float) -> float:
    """Numbers that say what they are of."""
    power = NAMES[scheme] + moment / 1000 + ratio / 10 + (5 if np.isinf(snr_db) else 0)
    return 10 ** -(power + {"real": 0.0, "shuffled": 20.0, "normal": 10.0}[gradient])


def errors() -> list[dict[str, str]]:
    cases = [("real", ratio) for ratio in study.RATIOS] + [(name, 0.25) for name in study.GRADIENTS[1:]]
    return [
        dict(
            zip(
                study.COLUMNS,
                (
                    scheme,
                    name,
                    f"{moment}",
                    f"{ratio:g}",
                    f"{snr:g}",
                    "2",
                    f"{nmse(scheme, name, moment, ratio, snr)}",
                    "9",
                ),
                strict=True,
            )
        )
        for scheme in NAMES
        for name, ratio in reversed(cases)
        for moment in MOMENTS
        for snr in study.SNRS
    ]


def dataset() -> xr.Dataset:
    uplinks = ["ideal", *(f"analog {name}" for name in study.SCHEMES)]
    values = np.random.default_rng(0).uniform(0.5, 0.9, [2, 5, 3, 4])
    names = ("link.snr_db", "uplink", "seed", "round")
    found = xr.Dataset(
        {"accuracy": (names, values, {"units": "1", "long_name": "test accuracy"})},
        dict(zip(names, (SNRS, uplinks, [0, 1, 2], [1, 2, 3, 4]), strict=True)),
    )
    found["link.snr_db"].attrs.update(units="dB", long_name="SNR")
    return found


@pytest.fixture
def panels(figures: list[Figure], tmp_path: Path) -> list[Axes]:
    bayes_recovery.draw(dataset(), errors(), KERNEL, tmp_path / "figure.png")
    return figures[0].axes


def colour(name: str) -> str:
    return bayes_recovery.LOOKS[name][0]


def test_accuracies_stand_in_the_panel_of_their_snr(panels: list[Axes]) -> None:
    assert [panel.get_title() for panel in panels[:2]] == ["SNR 20 dB", "SNR 0 dB"]
    assert (panels[0].get_xlabel(), panels[0].get_ylabel()) == ("Round", "Test accuracy")
    for panel, snr in zip(panels[:2], SNRS, strict=True):
        for at, uplink in enumerate(dataset()["uplink"].values):
            values = dataset().accuracy.sel({"link.snr_db": snr, "uplink": uplink}).values
            line = lines(panel)[at]
            np.testing.assert_allclose(points(line), [[1, 2, 3, 4], values.mean(axis=0)])
            np.testing.assert_allclose(reach(panel, at), [values.min(axis=0), values.max(axis=0)])
            assert line.get_color() == colour(str(uplink).removeprefix("analog "))


@pytest.mark.parametrize("place", [0, 1])
def test_errors_are_in_decibels_with_the_mean_and_range_over_moments(panels: list[Axes], place: int) -> None:
    panel, snr = panels[2 + place], study.SNRS[place]
    assert (panel.get_title(), panel.get_xlabel()) == (("Without noise", "SNR 20 dB")[place], "Share of entries kept")
    real = [line for line in lines(panel) if line.get_linestyle() == "-"]
    order = ["em_bg_amp spatial=true", "em_bg_amp spatial=false", "amp", "lmmse", *["oracle"] * place]
    assert [line.get_color() for line in real] == [colour(name) for name in order]
    for at, (line, name) in enumerate(zip(real, order, strict=True)):
        own = [[10 * np.log10(nmse(name, "real", moment, r, snr)) for moment in MOMENTS] for r in study.RATIOS]
        values = np.array(own)
        np.testing.assert_allclose(points(line), [study.RATIOS, values.mean(axis=1)], rtol=1e-6)
        np.testing.assert_allclose(reach(panel, at), [values.min(axis=1), values.max(axis=1)], rtol=1e-6)


@pytest.mark.parametrize("place", [0, 1])
def test_open_marks_are_normal_amplitudes_at_the_published_share(panels: list[Axes], place: int) -> None:
    marks = [line for line in lines(panels[2 + place]) if line.get_linestyle() == "None"]
    assert [line.get_color() for line in marks] == [colour(name) for name in bayes_recovery.NAMES][1:4]
    assert all(line.get_markerfacecolor() == "none" for line in marks)
    for line, name in zip(marks, ("em_bg_amp spatial=true", "em_bg_amp spatial=false", "amp"), strict=True):
        values = [10 * np.log10(nmse(name, "normal", moment, 0.25, study.SNRS[place])) for moment in MOMENTS]
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


def test_the_table_of_errors_has_means_and_deviations(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deviation of draws, and not that of their mean; the SNR and the oracle where they belong."""
    asked: list[tuple[int, float]] = []

    def simulate(x: np.ndarray, snr_db: float, draws: int) -> np.ndarray:
        asked.append((int(np.count_nonzero(x)), snr_db))
        return np.arange(5.0)[:, None] + np.array([[0.0, 1.0, 5.0]])[:, :draws]

    monkeypatch.setattr(study, "simulate", simulate)
    monkeypatch.setattr(study, "gradients", lambda moments: np.random.default_rng(0).normal(size=[1, 112_340]))
    head, *rows = study.rows((7,), 3)
    assert head == study.COLUMNS and len(rows) == 8 * 2 * 5
    assert asked == [(round(r * 112_340), snr) for r in (*study.RATIOS, 0.25, 0.25) for snr in (np.inf, 20.0)]
    for at, row in enumerate(rows):
        found = dict(zip(head, row, strict=True))
        assert found["scheme"] == [*study.SCHEMES, study.ORACLE][at % 5] and found["moment"] == "7"
        assert float(found["nmse"]) == at % 5 + 2 and found["draws"] == "3"
        assert float(found["deviation"]) == pytest.approx(7**0.5, rel=1e-5)
