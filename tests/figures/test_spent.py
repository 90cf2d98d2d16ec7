"""Figures against what rounds spent: every line stands where its own points paid, and those that pay nothing do not."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from overair import told
from overair.figures import curve
from overair.scenarios import ScenarioError
from overair.scenarios.results import reached


def results() -> xr.Dataset:
    dims, shape, random = ("uplink", "snr_db", "seed", "round"), (3, 2, 2, 3), np.random.default_rng(0)
    elements = np.broadcast_to(np.reshape([0.0, 100.0, 50.0], [3, 1, 1, 1]), shape)
    data = {"accuracy": random.random(shape), "resource_elements": elements, "pilot_elements": 0.1 * elements}
    data["bits"] = elements * np.reshape([1.0, 3.0], [1, 1, 2, 1])  # that differ from seed to seed
    data["airtime"] = np.full(shape, np.nan)
    names = {"accuracy": {"long_name": "test accuracy", "units": "1"}}
    made = {name: (dims, values, names.get(name, {})) for name, values in data.items()}
    axes = {"uplink": ["ideal", "analog", "digital"], "snr_db": [0.0, 10.0], "seed": [0, 1], "round": [5, 10, 30]}
    return xr.Dataset(made, axes, {"study": "federated"})


@pytest.mark.parametrize(("name", "each"), [("elements", (110, 55)), ("bits", (200, 100)), ("rounds", (1, 1, 1))])
def test_lines_stand_where_their_points_have_paid(
    name: str, each: tuple[int, ...], figures: list[Figure], tmp_path: Path
) -> None:
    dataset = results()
    curve.draw(dataset, tmp_path / "figure.png", reached.cost(name))
    panels = figures[-1].axes
    assert len(panels) == 2  # one an SNR, which is no abscissa
    drawn = [line.get_xdata() for line in panels[0].lines]
    there = [np.asarray(x) for x in drawn if np.isfinite(x).all()]
    assert len(drawn) == 3 and np.allclose(there, np.outer(each, [5, 10, 30]))
    labels = ["analog", "digital"] if name != "rounds" else ["ideal", "analog", "digital"]
    assert panels[0].get_legend_handles_labels()[1] == labels
    y = panels[1].lines[2].get_ydata()
    assert np.allclose(y, dataset.accuracy.sel(uplink="digital", snr_db=10.0).mean("seed"))
    assert panels[0].get_xlabel().lower().startswith({"elements": "res", "bits": "payload", "rounds": "round"}[name])


def test_the_command_draws_it(figures: list[Figure], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told.report(results(), tmp_path / "figure.png", x="elements")
    assert "figure: " in capsys.readouterr().out and figures[-1].axes[0].get_xlabel().startswith("Resource elements")
    with pytest.raises(ScenarioError, match="^--x: expected one of rounds, elements, bits, airtime, received speed$"):
        told.report(results(), tmp_path / "figure.png", x="speed")


def test_what_was_not_measured_is_not_drawn_against(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="^--x: expected what rounds spend, received airtime, of which none was"):
        curve.draw(results(), tmp_path / "figure.png", reached.cost("airtime"))
