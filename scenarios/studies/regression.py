"""Linear regression by compressed gradients: which steps converge, and how fast the loss falls."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import Field, field_validator

from ..reading.catalogue import Of, Scheme
from ..reading.tables import Seed, all_different
from ..results.measures import Measure
from ..running.units import Values, Work
from .base import Study

Gain = Annotated[float, Gt(0), Le(1e9)]
Step = Annotated[float, Gt(0), Le(1e6)]
Iteration = Annotated[int, Ge(0), Le(10**6)]
Side = Annotated[int, Gt(0), Le(4096)]
Count = Annotated[int, Gt(0), Le(2**16)]


class Regression(Study):
    """Everything that decides a result of linear regression.

        study = "regression"
        compressor = ["qcs", "qsgd", "random_k"]
        gain = [10, 20]
        step_sizes = [0.05, 0.1]

    ``random_k`` at gain 1 sends gradients as they are. Seeds repeat batches and compression on one and the same
    regression.

    >>> from overair.scenarios.studies.regression import Regression
    >>> Regression(study="regression", compressor="qcs").dimensions()
    {'step_size': [0.05, 0.1], 'iteration': [0, 50, 100, 150, 200]}
    """

    measures: ClassVar = (
        Measure("log10_excess", "1", "log10 of the excess loss over that of the start",
                heading="log10 of excess loss", better="low"),
        Measure("deviation", "1", "standard deviation of the logarithm over runs", heading="deviation"),
        Measure("converged", "1", "share of runs whose excess loss is at most a tenth of that of the start",
                heading="converged"),
        Measure("bits", "bit", "bits of a gradient, mean over iterations and runs", heading="bits"),
    )  # fmt: skip
    along: ClassVar = {"step_size": "step_sizes", "iteration": "iterations"}
    fixed: ClassVar = {
        "step_sizes": "a list of numbers (step sizes are a dimension of every result)",
        "iterations": "a list of whole numbers (iterations are a dimension of every result)",
    }
    shown_last: ClassVar = "iteration"

    example: ClassVar = {
        "compressor": "qcs", "gain": 16.0, "step_sizes": [0.05, 0.1], "iterations": [0, 20], "inputs": 16,
        "outputs": 8, "runs": 4,
    }  # fmt: skip

    study: Literal["regression"] = Field(description="what is simulated")
    compressor: Annotated[Scheme, Of("compressors")] = Field(
        description="compressor; how a gradient becomes bits, and back"
    )
    gain: Gain = Field(default=20.0, description="compression gain allowed; 32 d over the bits granted")
    step_sizes: Annotated[list[Step], MinLen(1)] = Field(default=[0.05, 0.1], description="step size")
    iterations: Annotated[list[Iteration], MinLen(1)] = Field(
        default=[0, 50, 100, 150, 200], description="iteration; at which losses are kept"
    )
    inputs: Side = Field(default=64, description="inputs of the regression")
    outputs: Side = Field(default=50, description="outputs of the regression")
    batch_size: Count = Field(default=32, description="samples of a gradient")
    runs: Count = Field(default=12, description="how often it is done, with batches and keys of its own")
    seeds: Annotated[list[Seed], MinLen(1)] = Field(default=[0], description="independent batches and draws")

    _differ = field_validator("step_sizes", "iterations")(all_different)

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _regression

        return _regression.prepare(self)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _regression

        return _regression.losses(self, common, work)
