"""Error of compressors over compression gains, on gradients of a network that learns or on vectors of a file."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Gt, Le, Lt, MinLen
from pydantic import Field, field_validator

from ..reading.catalogue import Of, Scheme
from ..reading.tables import all_different
from ..results.measures import Measure
from ..running.units import Values, Work
from ._gradients import OfGradients

Gain = Annotated[float, Gt(0), Le(1e9)]
Draws = Annotated[int, Gt(0), Lt(2**20)]


class Compression(OfGradients):
    """Everything that decides an error of compression.

        study = "compression"
        data = "mnist"
        model = "lenet"
        compressor = ["qcs", "qsgd", { kind = "top_k", value_bits = 4 }]
        gains = [8, 16, 32, 64]

    A gradient of d entries may take 32 d bits over the gain. Nothing is trained with what is decoded. The error of a
    compressor for which the bits do not suffice is 1, that of silence. ``least`` is Shannon's lower bound for
    independent entries from the generalised normal laws that are fitted to the layers, at the bits granted; of a
    gradient whose entries tell of each other, less is possible.

    >>> from overair.scenarios.studies.compression import Compression
    >>> Compression(study="compression", compressor="qcs", gains=[8, 16], moments=[0]).dimensions()
    {'moment': [0], 'target_gain': [8.0, 16.0]}
    """

    measures: ClassVar = (
        Measure("error", "1", "relative error", heading="error", better="low", scale="log"),
        Measure("deviation", "1", "standard deviation of the relative error over draws", heading="deviation"),
        Measure("gain", "1", "compression gain, 32 d over the bits used", heading="gain"),
        Measure("bits", "bit", "bits used", heading="bits"),
        Measure("bound", "1", "bound on the mean relative error, for any gradient", heading="bound"),
        Measure("least", "1", "least relative error that these bits allow with the laws fitted to layers",
                heading="least"),
    )  # fmt: skip
    along: ClassVar = OfGradients.along | {"target_gain": "gains"}
    fixed: ClassVar = OfGradients.fixed | {"gains": "a list of numbers (gains are a dimension of every result)"}

    example: ClassVar = {
        "data": "digits", "model": "softmax", "moments": [0, 20], "compressor": "qcs", "gains": [8.0, 16.0],
    }  # fmt: skip

    study: Literal["compression"] = Field(description="what is simulated")
    compressor: Annotated[Scheme, Of("compressors")] = Field(
        description="compressor; how a gradient becomes bits, and back"
    )
    gains: Annotated[list[Gain], MinLen(1)] = Field(
        default=[4.0, 8.0, 16.0, 32.0, 64.0], description="compression gain allowed; 32 d over the bits granted"
    )
    draws: Draws = Field(default=20, description="how often each gradient is compressed, with keys of its own")

    _gains_differ = field_validator("gains")(all_different)

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _compression

        return _compression.prepare(self, shared)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _compression

        return _compression.errors(self, common, work)
