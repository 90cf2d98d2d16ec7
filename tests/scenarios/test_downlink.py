"""A scenario with a noisy downlink is checked, goes on where it stopped, and does worse where the noise is stronger."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.learning import Federation
from overair.scenarios import ScenarioError, run
from overair.scenarios.running import store

MODULE = importlib.import_module("overair.scenarios.studies._rounds")
RAW: dict[str, Any] = {
    "data": "digits",
    "model": "softmax",
    "devices": 5,
    "rounds": 6,
    "evaluate_every": 3,
    "seeds": [3],
    "uplink": "ideal",
    "link": {"channel": "rayleigh"},
    "downlink": {"snr_db": 0.0},
}
CODED = {"kind": "analog", "codec": {"kind": "random_linear", "compression": 2.0}}


@pytest.mark.parametrize(("uplink", "sends"), [("digital", "estimate"), (CODED, "received")], ids=["digital", "coded"])
def test_a_stopped_run_goes_on_bit_for_bit(
    uplink: Any, sends: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    raw = RAW | {"uplink": uplink, "downlink": {"snr_db": 0.0, "sends": sends}, "participation": 0.5, "batch_size": 8}
    whole = run(raw)
    monkeypatch.setattr(MODULE, "CHECKPOINT_SECONDS", -1.0)
    step, steps = Federation.step, []

    def stopping(*arguments: Any) -> Any:
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(Federation, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        run(raw, out=tmp_path)
    (half,) = (tmp_path / "records").glob("*.npz")
    (drift,) = (part for part in store.read(half.read_bytes()).state if part.shape == (5, 650))
    assert np.all(drift != 0)
    xr.testing.assert_identical(run(raw, out=tmp_path), whole)
    assert len(steps) == 5 + 6 - 3


def test_a_weak_downlink_hurts_and_a_strong_one_is_ideal() -> None:
    raw = RAW | {"rounds": 40, "seeds": [0, 1], "optimizer": {"name": "sgd", "learning_rate": 0.5}}
    results = run(raw | {"downlink": ["ideal", {"snr_db": 300.0}, {"snr_db": 10.0}, {"snr_db": -20.0}]})
    ideal, noiseless, fair, weak = results.accuracy.isel(round=-1).values
    np.testing.assert_allclose(noiseless, ideal, rtol=1e-6)
    assert np.all(np.abs(fair - ideal) < 0.05) and np.all(weak < ideal - 0.2)
    assert np.all(results.airtime[0] == 0) and np.all(results.airtime[1:] > 0)


def test_under_an_ideal_uplink_a_broadcast_runs_once_for_all_links_and_for_each_grid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps, step = [], Federation.step

    def counted(*arguments: Any) -> Any:
        steps.append(1)
        return step(*arguments)

    monkeypatch.setattr(Federation, "step", counted)
    link = {"snr_db": [0.0, 10.0], "channel": "awgn"}
    results = run(RAW | {"link": link, "grid": {"subcarriers": [16, 64]}, "rounds": 1, "evaluate_every": 1})
    assert len(steps) == 2
    few, many = results.airtime.isel({"snr_db": 0, "seed": 0, "round": 0}).values
    np.testing.assert_allclose([few, many], [2 * 14 * 32 / (16 * 15e3), 14 * 80 / (64 * 15e3)], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("downlink.snr_db=ten", "downlink.snr_db: expected "),
        ("downlink.snr=10", "downlink.snr: expected one of snr_db, offsets_db, sends, received"),
        ("downlink.sends=symbols", "downlink.sends: expected one of estimate, received, received"),
        ("downlink.sends=received", "downlink.sends: expected estimate for an uplink that is not analog"),
        ("downlink.offsets_db=[[1,2,3,4,5,6]]", "downlink.offsets_db: expected one for each of 5 devices"),
        ("optimizer={name='adam',learning_rate=0.1}", "optimizer: expected plain sgd with a downlink"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(change: str, said: str) -> None:
    with pytest.raises(ScenarioError) as error:
        run(RAW, [change])
    assert str(error.value).startswith(f"scenario field {said}") and "\n" not in str(error.value)
