"""Measures are declared once: a federation gives them all, rounds are summarised as they say, and files hold them."""

import importlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overair.learning import Metrics
from overair.scenarios import run
from overair.scenarios.results import curves, saved
from overair.scenarios.results.dataset import save
from overair.scenarios.results.measures import Measure, over_rounds
from overair.scenarios.studies.federated import COSTS, Federated
from tests.scenarios import fake

FEDERATION = importlib.import_module("overair.scenarios.studies._federation")
CURVES = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parents[2])) / "docs" / "curves"
RAW: dict[str, Any] = {
    "data": "digits",
    "model": "softmax",
    "devices": 5,
    "rounds": 7,
    "seeds": [0, 5],
    "uplink": "analog",
    "link": {"channel": "awgn"},
}


def test_rounds_become_one_number_as_each_measure_says() -> None:
    kinds: Any = ("mean", "sum", "max", "last")
    measures = [Measure(kind, "1", kind, kind) for kind in kinds] + [Measure("none", "1", "none")]
    rounds = np.array([[1, 1, 1, 1, np.nan], [np.nan, np.nan, 7, 8, np.nan], [4, 5, 6, 3, np.nan]])
    np.testing.assert_array_equal(over_rounds(measures, rounds), [2.5, 6, 7, 3, np.nan])


def test_a_federation_gives_every_cost_by_its_name() -> None:
    others = {"train_loss", "finite"}  # what a run does not keep
    assert {measure.name for measure in COSTS} == {*Metrics._fields} - others
    assert sum(measure.heading is not None for measure in Federated.measures) == 16


def test_a_run_summarises_the_rounds_since_the_last_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest energy is the largest of all rounds, not the mean of largest ones."""
    made = fake.Federations()
    monkeypatch.setattr(FEDERATION, "prepare", made.prepare)
    monkeypatch.setattr(FEDERATION, "build", made.build)
    each, some = (run(RAW, [f"evaluate_every={every}"]) for every in (1, 3))
    parts = {3: slice(0, 3), 6: slice(3, 6), 7: slice(6, 7)}
    for round, part in parts.items():
        for measure in COSTS:
            rounds = each[measure.name].isel(round=part)
            expected = {"max": rounds.max("round"), "mean": rounds.mean("round"), "last": rounds.isel(round=-1)}
            np.testing.assert_allclose(some[measure.name].sel(round=round), expected[measure.over_rounds], rtol=1e-12)
    assert np.all(some.energy_max.sel(round=3) > some.energy.sel(round=3))  # the same numbers in the fake, a round


def test_pilots_are_in_the_results_and_in_their_curve(tmp_path: Path) -> None:
    known = ["link.csit=estimated", "link.csir=estimated", "rounds=1", "seeds=[0]"]
    dataset = run(RAW, [*known, "grid.subcarriers=32", "grid.symbols=4"])
    assert dataset.pilot_elements.values.tolist() == [[4 * 32]]  # five devices, four a symbol: two symbols of a slot
    curves.save(dataset, tmp_path / "curve.csv")
    np.testing.assert_array_equal(curves.load(tmp_path / "curve.csv").pilot_elements, 128)


def test_what_an_older_file_did_not_measure_is_not_known(tmp_path: Path) -> None:
    curves.save(curves.load(CURVES / "quickstart.csv").drop_vars("pilot_elements"), tmp_path / "old.csv")
    old = curves.load(tmp_path / "old.csv")
    assert old.pilot_elements.isnull().all() and old.accuracy.notnull().all()
    save(old.drop_vars("pilot_elements"), tmp_path)
    again = saved.load(tmp_path)
    assert again.pilot_elements.isnull().all() and again.pilot_elements.attrs == old.pilot_elements.attrs
    curves.save(again, tmp_path / "curve.csv")
    assert "pilot_elements" not in (tmp_path / "curve.csv").read_text()
