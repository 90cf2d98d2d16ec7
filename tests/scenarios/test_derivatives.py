"""Log-derivatives of metrics: what cannot move does not, what follows from a factor does, and means over seeds."""

import tomllib
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.figures import factor_table, write
from overair.scenarios import ScenarioError, run
from overair.scenarios.reading import files
from overair.scenarios.results.derivatives import METRICS, derivatives, metrics

BASE = "as it is"
COMPUTING, SENDING = ("T_C", "E_C"), ("T_T", "E_T", "reliability")
STILL = {
    "clock of processors": (*SENDING, "loss", "N_T"),
    "transmit power": COMPUTING,
    "gain of channels": COMPUTING,
    "bandwidth": COMPUTING,
    "bits of packets": COMPUTING,
}


def scenario() -> dict[str, Any]:
    """The preset, made short, with the factors of which some metric cannot move."""
    raw = tomllib.loads((files.PRESETS / "factor_table.toml").read_text())
    variants = {name: raw["variants"][name] for name in (BASE, *STILL)}
    return raw | {"model": "softmax", "rounds": 4, "evaluate_every": 1, "seeds": [0, 1], "variants": variants}


@pytest.fixture(scope="module")
def results() -> xr.Dataset:
    return run(scenario())


@pytest.mark.parametrize("factor", STILL)
def test_what_cannot_move_does_not(results: xr.Dataset, factor: str) -> None:
    found = metrics(results, 0.3)
    at = list(results.variant.values).index(factor)
    for name in STILL[factor]:
        np.testing.assert_allclose(found[name][at], found[name][0], rtol=2e-6, err_msg=name)


def test_what_follows_from_a_factor_does(results: xr.Dataset) -> None:
    """T_C = c n/f, E_C = kappa c n f^2; a packet of S bits takes S/R; the SNR of all power in half a band."""
    found = derivatives(results, 0.3)
    cells = {name: dict(zip(METRICS, row, strict=True)) for name, row in zip(found.factors, found.mean, strict=True)}
    clock, bits = cells["clock of processors"], cells["bits of packets"]
    assert clock["T_C"] == pytest.approx(-1, abs=1e-4) and clock["E_C"] == pytest.approx(2, abs=1e-4)
    assert bits["T_T"] == pytest.approx(1, abs=1e-4) == pytest.approx(bits["E_T"], abs=1e-4)
    power, gain = cells["transmit power"], cells["gain of channels"]
    assert power["T_T"] == gain["T_T"] < 0 and power["E_T"] == pytest.approx(gain["E_T"] + 1, abs=1e-4)
    assert -1 < cells["bandwidth"]["T_T"] < 0
    assert clock["loss in time"] != 0


def rounds(loss: np.ndarray, seconds: np.ndarray, accuracy: np.ndarray) -> xr.Dataset:
    """Results [V, S, R] of which nothing else moves."""
    ones = np.ones_like(loss)
    named = {"accuracy": accuracy, "loss": loss, "elapsed": np.cumsum(seconds, axis=2), "seconds": seconds}
    named |= {"airtime": 0.25 * ones, "radio_joules": ones, "compute_joules": ones, "unheard": 0.5 * ones}
    dims = ("variant", "seed", "round")
    coordinates = {"variant": ["a", "b"][: len(loss)], "seed": range(loss.shape[1]), "round": [1, 2, 3, 4]}
    return xr.Dataset({name: (dims, each) for name, each in named.items()}, coordinates, {"study": "federated"})


def test_means_and_errors_are_those_of_seeds_and_losses_those_of_their_time() -> None:
    ones = np.ones([1, 3, 4])
    loss = np.concatenate([ones * [4.0, 3.0, 2.0, 1.0], np.array([2.0, 4.0, 1.0])[:, None] * ones])
    seconds = np.concatenate([ones, 0.5 * ones])
    found = derivatives(rounds(loss, seconds, np.concatenate([ones, ones])), 0.5)
    cells = dict(zip(METRICS, zip(found.mean[0], found.error[0], strict=True), strict=True))
    powers = np.array([1.0, 2.0, 0.0])
    assert cells["loss"] == pytest.approx((powers.mean(), powers.std(ddof=1) / 3**0.5))
    assert cells["T_C"][0] == pytest.approx(np.log2(0.25 / 0.75)) and cells["E_C"] == (0, 0)
    assert cells["loss in time"][0] != cells["loss"][0] and cells["reliability"] == (0, 0)
    half = metrics(rounds(loss, seconds, loss), 0.5)["loss in time"]
    np.testing.assert_allclose(half[:, 0], [3.0, 2.0])  # after 2 s of 4


def test_seeds_that_never_get_there_are_left_out() -> None:
    accuracy = np.full([2, 3, 4], 0.9)
    accuracy[1, 0] = 0.1
    found = derivatives(rounds(accuracy, np.ones([2, 3, 4]), accuracy), 0.5)
    assert found.seeds[0].tolist() == [3, 3, 3, 3, 3, 3, 2, 3]
    never = derivatives(rounds(accuracy, np.ones([2, 3, 4]), np.zeros([2, 3, 4])), 0.5)
    assert np.isnan(never.mean[0, METRICS.index("N_T")])
    assert factor_table.cell(np.nan, np.nan) == "not reached" and factor_table.cell(0.0, 0.0) == "0"


def test_results_of_something_else_are_refused() -> None:
    ones = np.ones([2, 1, 4])
    with pytest.raises(ScenarioError, match="^results: expected variants that double a factor each, and hardware"):
        derivatives(rounds(ones, ones, ones).drop_vars("elapsed"), 0.5)


def test_a_table_is_drawn(results: xr.Dataset, tmp_path: Any) -> None:
    write(factor_table.plot(results), tmp_path / "table.png")
    assert (tmp_path / "table.png").stat().st_size > 10_000
