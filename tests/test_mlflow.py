"""Results in MLflow: what is logged of each point and seed is what the results say."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overair.mlflow import log
from overair.scenarios import ScenarioError, run

pytestmark = pytest.mark.filterwarnings("ignore")  # of MLflow's own libraries

RAW: dict[str, Any] = {
    "data": "digits", "model": "softmax", "devices": 3, "rounds": 4, "evaluate_every": 2, "seeds": [0, 7],
    "uplink": "ideal", "optimizer": {"name": "sgd", "learning_rate": [0.1, 1.0]}, "title": "Two steps",
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")  # as it is read when the library is imported
        mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed: pip install 'overair[mlflow]'")
        before, folder = mlflow.get_tracking_uri(), tmp_path_factory.mktemp("mlflow")
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.create_experiment("ours", artifact_location=(folder / "artifacts").as_uri())
        mlflow.set_experiment("ours")
        yield mlflow.MlflowClient()
        mlflow.set_tracking_uri(before)


def below(client: Any, whole: str) -> dict[tuple[str, str], Any]:
    """The runs of points and seeds, by learning rate and seed."""
    ours = client.get_experiment_by_name("ours").experiment_id
    runs = client.search_runs([ours], f"tags.mlflow.parentRunId = '{whole}'")
    return {(each.data.params["optimizer.learning_rate"], each.data.params["seed"]): each for each in runs}


def test_each_point_and_seed_has_its_scenario_and_its_measures_by_round(client: Any, tmp_path: Path) -> None:
    dataset = run(RAW, out=tmp_path / "run")
    (tmp_path / "run" / "figure.png").write_bytes(b"a figure")
    whole = log(tmp_path / "run")

    assert client.get_run(whole).info.run_name == "Two steps"
    files = {each.path for each in client.list_artifacts(whole)}
    assert files == {"figure.png", "results.nc", "curve.csv", "scenario.json"}
    runs = below(client, whole)
    assert runs.keys() == {(rate, seed) for rate in ("0.1", "1.0") for seed in ("0", "7")}
    for (rate, seed), each in runs.items():
        assert each.info.status == "FINISHED" and f"seed {seed}" in each.info.run_name
        assert each.data.params["uplink.kind"] == "ideal" and each.data.params["rounds"] == "4"
        unit = dataset.sel(learning_rate=float(rate), seed=int(seed))
        for name in ("accuracy", "loss", "bits"):
            history = sorted((told.step, told.value) for told in client.get_metric_history(each.info.run_id, name))
            assert history == list(zip([2, 4], unit[name].values.tolist(), strict=True))
        known = {str(name) for name, values in unit.data_vars.items() if not np.all(np.isnan(values.values))}
        assert each.data.metrics.keys() == known
        assert not any(map(math.isnan, each.data.metrics.values()))


def test_other_dimensions_stand_in_the_names(client: Any) -> None:
    study = {"study": "aggregation", "devices": 2, "entries": 8, "seeds": [0], "uplink": "analog", "rounds": 2}
    dataset = run(study | {"link": {"snr_db": [-5.0, 10.0]}})
    ours = client.get_experiment_by_name("ours").experiment_id
    (each,) = client.search_runs([ours], f"tags.mlflow.parentRunId = '{log(dataset)}'")
    assert each.data.metrics["nmse/snr_db -5.0"] == float(dataset["nmse"].sel(snr_db=-5.0).item())
    assert each.data.metrics["nmse/snr_db 10.0"] == float(dataset["nmse"].sel(snr_db=10.0).item())


def test_results_without_their_scenario_are_refused(client: Any) -> None:
    dataset = run(RAW | {"rounds": 1, "evaluate_every": 1, "seeds": [0]})
    dataset.attrs.pop("scenario")
    with pytest.raises(ScenarioError, match="expected some with their scenario, received some without"):
        log(dataset)
