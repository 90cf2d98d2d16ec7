"""Sensors that see one thing: features added over the air, sent one by one, or told in bits; accuracy by SNR."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt
from pydantic import Field, ValidationInfo, field_validator

from ..reading.catalogue import Of, Scheme
from ..reading.tables import DeviceLink, GridTable, Positive, SnrDb, default
from ..results.measures import Measure
from ..running.units import Values, Work
from .base import Study


class Sensors(Study):
    """Everything that decides a result of sensors.

        study = "sensors"
        data = "fashion_mnist"
        sensors = [1, 2, 4, 8]
        way = ["added", "one_by_one", "digital"]
        link.snr_db = [-20, -10, 0, 10]

    All sensors have the same elements together, and a sensor the same energy whatever the way. Each sees a window of
    the image and noise. Beside it stands a number that is seen in K noisy copies and estimated as well as can be
    linearly, over AWGN, in theory, through the air, and what no way can do better. ``link.snr_db`` is a dimension of
    every result.

    >>> from overair.scenarios.studies.sensors import Sensors
    >>> Sensors(study="sensors", data="digits", sensors=4, link={"snr_db": [0, 10]}).dimensions()
    {'link.snr_db': [0.0, 10.0]}
    """

    measures: ClassVar = (
        Measure("accuracy", "1", "test accuracy", heading="accuracy"),
        Measure(
            "error",
            "1",
            "squared error of a number from K noisy copies over AWGN (LMMSE)",
            heading="error",
        ),
        Measure(
            "theory",
            "1",
            "squared error of a number from K noisy copies in theory (LMMSE)",
            heading="in theory",
        ),
        Measure("bound", "1", "least squared error at capacity: of one array if added, of Gaussian CEO otherwise"),
    )
    along: ClassVar = {"link.snr_db": "link.snr_db"}
    example: ClassVar = {"data": "digits", "sensors": 2, "window": 5, "training_steps": 50}

    study: Literal["sensors"] = Field(description="what is simulated")
    data: Annotated[Scheme, Of("data")] = Field(description="what is seen")
    sensors: Positive = Field(description="sensors that see an image")
    way: Literal["added", "one_by_one", "digital"] = Field(
        default="added", description="how features share the elements"
    )
    elements: Positive = Field(default=16, description="resource elements of all sensors together")
    rule: Annotated[Scheme, Of("power")] | None = Field(
        default=None, description="power rule by which features that add arrive aligned; none over AWGN"
    )
    window: Positive = Field(default=14, description="side of what a sensor sees of an image, in pixels")
    noise: Annotated[float, Ge(0)] = Field(default=0.3, description="standard deviation of noise on every pixel")
    hidden: Positive = Field(default=128, description="units of the hidden layers of encoder and head")
    training_steps: Positive = Field(default=500, description="steps of the training, of 64 images each")
    learning_rate: Annotated[float, Gt(0)] = Field(default=2e-3, description="of Adam, at its start")
    low_db: SnrDb = Field(default=-20.0, description="least SNR of the training, in dB")
    high_db: SnrDb = Field(default=10.0, description="largest SNR of the training, in dB")
    tested: Positive = Field(default=5000, description="first test images that are seen, or all there are")
    copies_noise: Annotated[float, Ge(0)] = Field(default=0.25, description="variance of the noise of copies")
    link: DeviceLink = default({}, "from the sensors to the server")
    grid: GridTable = default({}, "OFDM numerology")

    @field_validator("high_db")
    @classmethod
    def _in_order(cls, high: float, info: ValidationInfo) -> float:
        if high < (low := info.data.get("low_db", high)):
            raise ValueError(f"expected at least low_db = {low:g}, received {high:g}")
        return high

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _sensors

        return _sensors.prepare(self, shared)

    def begin(self, prepared: Any, work: Work) -> Any:
        from . import _sensors

        return _sensors.begin(self, prepared, work)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _sensors

        return _sensors.send(self, common, work)
