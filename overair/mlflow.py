"""Results in MLflow: a run for each point and seed, with the scenario's parameters and the measures by round.

    import mlflow
    from overair.mlflow import log

    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    log("runs/a")

They stand below a run of the whole, which has the folder's figure, results, curve and scenario. Where it goes is
MLflow's matter: its tracking address and experiment are those that are set. It needs the extra:
``pip install 'overair[mlflow]'``.
"""

import itertools
import json
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

FILES = "figure.png", "results.nc", "curve.csv", "scenario.json"
ROUND = "round"
BATCH = 1000  # measures that MLflow takes at a time
LONGEST = 500  # characters of a parameter


def log(results: "str | Path | xr.Dataset") -> str:
    """Log the results of a folder, a ``results.nc`` or a Dataset; returns the id of the run of the whole."""
    mlflow = _mlflow()
    from .scenarios.results import saved
    from .scenarios.running.again import plan_of

    path = Path(results) if isinstance(results, str | Path) else None
    dataset: Any = saved.load(path) if path else results
    plan, _ = plan_of(dataset)
    places = itertools.product(*(range(len(labels)) for labels in plan.axes.values()))
    axes = list(dataset[next(iter(dataset.data_vars))].dims[: len(plan.axes)])
    with mlflow.start_run(run_name=dataset.attrs.get("title") or (path.name if path else "overair")) as whole:
        mlflow.set_tags({"overair.versions": dataset.attrs.get("versions", "")})
        for name in FILES:
            if path and (path / name).is_file():
                mlflow.log_artifact(str(path / name))
        for point, place in zip(plan.points, places, strict=True):
            told = point.scenario.model_dump(mode="json", exclude={"seeds", "title"})
            words = ", ".join(f"{axis} = {label}" for axis, label in point.coordinates.items())
            for seed in dataset["seed"].values.tolist():
                with mlflow.start_run(run_name=", ".join(filter(None, [words, f"seed {seed}"])), nested=True):
                    mlflow.log_params(dict(_flat(told)) | {"seed": seed})
                    _measures(mlflow, dataset.isel(dict(zip(axes, place, strict=True))).sel(seed=seed))
    return str(whole.info.run_id)


def _mlflow() -> Any:
    try:
        import mlflow
    except ImportError:
        raise ImportError("overair.mlflow: expected MLflow to be installed; pip install 'overair[mlflow]'") from None
    return mlflow


def _measures(mlflow: Any, unit: "xr.Dataset") -> None:
    """All numbers of a point with one seed, by round; other dimensions are in the names. NaN is left out."""
    now, every = int(1000 * time.time()), list[Any]()
    for name, values in unit.data_vars.items():
        for place in np.ndindex(values.shape):
            if math.isnan(value := float(values.values[place])):
                continue
            at = {dim: values[dim].values[k].item() for dim, k in zip(values.dims, place, strict=True)}
            step = int(at.pop(ROUND, 0))
            key = "/".join([str(name), *(f"{dim} {label}" for dim, label in at.items())])
            every.append(mlflow.entities.Metric(key, value, now, step))
    run = mlflow.active_run().info.run_id
    for first in range(0, len(every), BATCH):
        mlflow.MlflowClient().log_batch(run, every[first : first + BATCH])


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Fields by dotted path, as texts; what is not set is left out."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        elif value is not None:
            yield f"{above}{name}", (value if isinstance(value, str) else json.dumps(value))[:LONGEST]


__all__ = ["log"]
