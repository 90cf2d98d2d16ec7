"""Training where dense gradients travel as their quantised factors (ISGQ), or directly: accuracy, error, bits."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import Field, field_validator

from ..reading.catalogue import Of, Scheme
from ..reading.tables import all_different, default
from ..results.measures import Measure
from ..running.units import Values, Work
from .base import Study

Moment = Annotated[int, Ge(0), Lt(2**31)]
Layer = Annotated[int, Gt(0), Le(1000)]
Count = Annotated[int, Gt(0), Le(2**16)]


class Factors(Study):
    """Everything that decides a result of training by factors.

        study = "factors"
        data = "mnist"
        model = "lenet"
        factors = ["naive", "mse", "dithered"]
        devices = [2, 4, 8]                  # of 512 samples a step

    Without ``factors`` all gradients go directly, through ``compressor`` if given, else as float32; with them
    convolutions do. Every device sends the factors of its own samples, and the server takes a step of SGD by the mean
    of the products. With ``path = "exact"`` steps follow the gradients themselves, so that all see the same factors.
    Links lose nothing.

    >>> from overair.scenarios.studies.factors import Factors
    >>> scenario = Factors(study="factors", data="digits", model="fc", factors="dithered", layers=[1, 2], moments=[0])
    >>> scenario.dimensions()
    {'moment': [0], 'layer': [1, 2]}
    """

    measures: ClassVar = (
        Measure("accuracy", "1", "test accuracy", heading="accuracy", over=("moment",)),
        Measure("error", "1", "relative error of a device's gradient of a layer", heading="error", better="low",
                scale="log"),
        Measure("foretold", "1", "mean relative error over dithers, foretold from the factors", heading="foretold"),
        Measure("bits", "bit", "bits that a device sends in the step", heading="bits", over=("moment",)),
        Measure("gain", "1", "compression gain, 32 d over the bits of the step", heading="gain", over=("moment",)),
        Measure("sent", "bit", "bits that a device has sent before the step", over=("moment",)),
    )  # fmt: skip
    along: ClassVar = {"moment": "moments", "layer": "layers"}
    fixed: ClassVar = {
        "moments": "a list of whole numbers (moments are a dimension of every result)",
        "layers": "a list of whole numbers (layers are a dimension of every result)",
    }
    shown_last: ClassVar = "moment"

    example: ClassVar = {
        "data": "digits", "model": {"kind": "fc", "hidden": [40, 30, 20]}, "factors": "dithered", "devices": 2,
        "samples": 64, "moments": [0, 20], "layers": [1, 2],
    }  # fmt: skip

    study: Literal["factors"] = Field(description="what is simulated")
    data: Annotated[Scheme, Of("data")] = Field(description="what is learnt from")
    model: Annotated[Scheme, Of("models")] = Field(description="what is trained; Sequential")
    factors: Annotated[Scheme, Of("factors")] | None = default(
        None, "how dense layers' factors are sent; without it their gradients go directly"
    )
    compressor: Annotated[Scheme, Of("compressors")] | None = default(
        None, "how gradients that go directly become bits, and back; float32 unless given"
    )
    gain: Annotated[float, Gt(0), Le(1e9)] = Field(
        default=20.0, description="compression gain of what goes directly; 32 d over the bits granted"
    )
    devices: Count = Field(default=8, description="devices; each with as many samples of a step")
    samples: Count = Field(default=512, description="samples of a step, of all devices together")
    moments: Annotated[list[Moment], MinLen(1)] = Field(
        default=[0, 100, 200, 300], description="steps of training; before which results are kept"
    )
    layers: Annotated[list[Layer], MinLen(1)] = Field(
        default=[1], description="dense layers whose errors are kept; the first is 1"
    )
    learning_rate: Annotated[float, Gt(0), Le(1e6)] = Field(default=0.05, description="the size of a step, of SGD")
    path: Literal["decoded", "exact"] = Field(
        default="decoded", description="whether steps follow what the server decodes, or the gradients themselves"
    )

    _differ = field_validator("moments", "layers")(all_different)

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _factors

        return _factors.prepare(self, shared)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _factors

        return _factors.trained(self, common, work)
