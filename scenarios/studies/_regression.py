"""The losses of a regression by gradients of one compressor."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..reading.errors import ScenarioError, fault
from ..running.units import Work
from ._statistics import deviation

if TYPE_CHECKING:
    from ...learning.regression import Problem
    from ...ota import Compressor

PROBLEM_SEED = 0
DONE = 0.1  # of the excess loss at the start
MOST = 2**27  # numbers of a batch or of the weights, over all runs


class RegressionParts(NamedTuple):
    """What a point is made of."""

    compressor: "Compressor"
    problem: "Problem"


def prepare(study: Any) -> RegressionParts:
    """The compressor, and what is regressed."""
    from ...learning.regression import problem

    for path, other in (("batch_size", study.batch_size), ("outputs", study.outputs)):
        if study.runs * study.inputs * other > MOST:
            wanted = f"at most {MOST // study.runs // study.inputs} with so many inputs and runs"
            raise ScenarioError(fault(path, wanted, other))
    compressor = catalogue.build(study.compressor, "compressor")
    return RegressionParts(compressor, problem(study.inputs, study.outputs, PROBLEM_SEED))


def losses(study: Any, parts: RegressionParts, work: Work) -> dict[str, np.ndarray]:
    """The measures of one compressor with one seed, each [step sizes, iterations]."""
    from ...learning.regression import descend

    kept = np.array(work.wanted["iteration"])
    paths = descend(
        parts.problem, parts.compressor, 32.0 * parts.problem.size / study.gain, work.wanted["step_size"],
        int(kept.max()), study.batch_size, study.runs, work.seed, work.progress,
    )  # fmt: skip
    excess = np.stack([path.excess[kept] for path in paths])  # [step sizes, iterations, runs]
    bits = np.stack([path.bits[kept] for path in paths]).mean(axis=-1)
    with np.errstate(divide="ignore"):
        logs = np.log10(excess)
    return {
        "log10_excess": logs.mean(axis=-1),
        "deviation": deviation(logs),
        "converged": np.mean(excess <= DONE, axis=-1),
        "bits": np.where(kept > 0, bits / np.maximum(kept, 1), np.nan),
    }
