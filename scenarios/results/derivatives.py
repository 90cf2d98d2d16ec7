"""Log-derivatives: by which power of a factor each metric changes, where every variant but the first doubles one.

A cell is log2 of a metric with the factor doubled over the metric without, seed by seed: 1 is in proportion, -1
inverse, 0 not at all. Metrics are those of wireless federated learning: the training loss after all rounds, and after
half the seconds of the first variant; seconds and joules of a round's sending (T_T, E_T) and computing (T_C, E_C);
rounds to an accuracy (N_T); and reliability, the share of those that send that is decoded.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from ..reading.errors import ScenarioError
from .reached import goal, reached

FACTOR = "variant"
METRICS = ("loss", "loss in time", "T_T", "E_T", "T_C", "E_C", "N_T", "reliability")
EXACT = 1e-5  # of a log-derivative of numbers of six digits: what is below has not moved


class Derivatives(NamedTuple):
    """Of all factors [V] and metrics [M]."""

    factors: list[str]
    mean: np.ndarray  # over seeds, NaN where a metric is not known of any
    error: np.ndarray  # standard error of it
    seeds: np.ndarray  # of which both are known, int


def metrics(dataset: xr.Dataset, accuracy: float) -> dict[str, np.ndarray]:
    """Of each variant and seed, [V, S]."""
    if FACTOR not in dataset.dims or not bool(np.isfinite(dataset.get("elapsed", np.nan)).any()):
        raise ScenarioError(
            "results: expected variants that double a factor each, and hardware, received none of one of them; "
            "overair run factor_table makes such"
        )
    rows, mean = dataset.transpose(FACTOR, "seed", "round"), dataset.mean("round")
    seconds = float(rows.elapsed[0, :, -1].min()) / 2
    in_time = [
        [np.interp(seconds, *each, right=np.nan) for each in zip(*pair, strict=True)]
        for pair in zip(rows.elapsed.values, rows.loss.values, strict=True)
    ]
    found = {
        "loss": dataset.loss.isel(round=-1),
        "T_T": mean.airtime,
        "E_T": mean.radio_joules,
        "T_C": mean.seconds - mean.airtime,
        "E_C": mean.compute_joules,
        "N_T": reached(dataset, goal(dataset, f"accuracy={accuracy}")).rounds,
        "reliability": 1 - mean.unheard,
    }
    values = {name: each.transpose(FACTOR, "seed").values for name, each in found.items()}
    return {name: values.get(name, np.array(in_time)) for name in METRICS}


def derivatives(dataset: xr.Dataset, accuracy: float) -> Derivatives:
    """Of a result whose first variant is the others' base."""
    values = np.stack([*metrics(dataset, accuracy).values()], axis=1)  # [V, M, S]
    with np.errstate(invalid="ignore", divide="ignore"):
        powers = np.ma.masked_invalid(np.log2(values[1:] / values[:1]))
    seeds = powers.count(axis=2)
    mean = powers.mean(axis=2).filled(np.nan)
    error = np.ma.filled(powers.std(axis=2, ddof=1), np.nan) / np.sqrt(np.maximum(seeds, 1))
    mean = np.where(np.abs(powers).max(axis=2).filled(np.inf) < EXACT, 0.0, mean)
    return Derivatives([str(each) for each in dataset[FACTOR].values[1:]], mean, error, seeds)
