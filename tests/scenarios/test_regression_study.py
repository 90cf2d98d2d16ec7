"""The study of regression: what it measures, that coordinates do not depend on each other, and what is refused."""

from typing import Any

import numpy as np
import pytest

from overair.learning.regression import descend, problem
from overair.ota import Qcs
from overair.scenarios import ScenarioError, run

RAW: dict[str, Any] = {
    "study": "regression",
    "compressor": ["random_k", "qcs"],
    "gain": [1, 8],
    "step_sizes": [0.05, 0.2],
    "iterations": [0, 12],
    "inputs": 16,
    "outputs": 4,
    "batch_size": 8,
    "runs": 5,
    "seeds": [3],
}


def test_losses_are_summarised_over_runs() -> None:
    found = run(RAW)
    assert found.log10_excess.dims == ("compressor", "gain", "seed", "step_size", "iteration")
    (path,) = descend(problem(16, 4, 0), Qcs(), 32 * 64 / 8, [0.2], 12, 8, 5, 3)
    here, logs = found.sel(compressor="qcs", gain=8, seed=3, step_size=0.2, iteration=12), np.log10(path.excess[12])
    np.testing.assert_allclose(here.log10_excess, logs.mean(), rtol=1e-6)
    np.testing.assert_allclose(here.deviation, logs.std(ddof=1), rtol=1e-5)
    np.testing.assert_allclose(here.converged, np.mean(logs <= -1))
    np.testing.assert_allclose(here.bits, path.bits[12].mean() / 12, rtol=1e-6)
    start = found.sel(iteration=0)
    assert (start.log10_excess == 0).all() and (start.converged == 0).all() and np.isnan(start.bits).all()


def test_random_k_at_gain_1_sends_gradients_as_they_are() -> None:
    """Then W - W* of every run shrinks as without compression: by a mean of (1 - mu x x')."""
    found = run(RAW | {"compressor": "random_k", "gain": 1, "batch_size": 4000, "runs": 2, "iterations": [1]})
    root, target = problem(16, 4, 0)
    r = root @ root.T
    for step in (0.05, 0.2):
        after = target @ (np.eye(16) - step * r)
        expected = np.log10(np.trace(after @ r @ after.T) / np.trace(target @ r @ target.T))
        # the gradient of 4,000 samples errs by the deviation of a mean, 16 directions over: within 3 %
        assert abs(float(found.log10_excess.sel(step_size=step).squeeze()) - expected) < 0.03
    assert (found.bits == 32 * 64).all()


def test_a_unit_is_the_same_alone_with_others_and_grown(tmp_path: Any) -> None:
    some = {"compressor": "qcs", "gain": 8, "step_sizes": [0.2], "iterations": [5]}
    alone, whole = run(RAW | some, out=tmp_path), run(RAW | {"iterations": [0, 12, 5]})
    grown = run(RAW | {"iterations": [0, 12, 5]}, out=tmp_path)
    for name in ("log10_excess", "deviation", "converged", "bits"):
        np.testing.assert_array_equal(grown[name], whole[name])
        here = whole[name].sel(compressor="qcs", gain=8, step_size=[0.2], iteration=[5])
        np.testing.assert_array_equal(here, alone[name])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"inputs": 4096, "batch_size": 60_000}, "batch_size: expected at most [0-9]+ with so many inputs and runs"),
        ({"inputs": 4096, "outputs": 4096, "runs": 1000}, "outputs: expected at most"),
        ({"step_sizes": [0.1, 0.1]}, "step_sizes: expected different values"),
        ({"iterations": [-1]}, "iterations"),
        ({"gain": 0}, "gain"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ScenarioError, match=f"scenario field {told}"):
        run(RAW | changes)
