"""Multiuser diversity: what the best channels of all gain over the mean, and what a wide band leaves of it."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import Field, ValidationInfo, field_validator

from ..reading.catalogue import Of, Scheme
from ..reading.tables import all_different, default
from ..results.measures import Measure
from ..running.units import Values, Work
from .base import Study

Bandwidth = Annotated[float, Gt(0), Le(1e9)]
Count = Annotated[int, Gt(0), Le(10_000)]
Links = Annotated[int, Ge(2), Le(10**7)]


class Diversity(Study):
    """Everything that decides gains of the best channels.

        study = "diversity"
        devices = 10
        senders = [1, 5]
        channel = { kind = "tdl", model = "A", delay_spread = 100e-9 }
        bandwidth = [0.96e6, 20e6]

    A device's gain is the mean of |h|^2 over the bandwidth, and those with the largest gains send. Over one coherence
    block of Rayleigh fading their mean gain is 1 + H_K - H_N with harmonic numbers H, 2.93 for one of ten; over sixteen
    it is 1.42. ``blocks`` are 1 over the variance of gains of mean 1; ``theory`` is the mean gain of the best of gains
    over as many independent blocks. All bandwidths see the same channels.

    >>> from overair.scenarios.studies.diversity import Diversity
    >>> Diversity(study="diversity", devices=10, senders=[1, 5], bandwidth=[1e6, 2e7]).dimensions()
    {'bandwidth': [1000000.0, 20000000.0], 'senders': [1, 5]}
    """

    measures: ClassVar = (
        Measure("gain", "1", "mean gain of those with the best channels, over that of all", heading="gain"),
        Measure("gain_error", "1", "standard error of the mean gain", heading="std. error"),
        Measure("theory", "1", "the same in theory, over as many independent blocks", heading="theory"),
        Measure("blocks", "1", "coherence blocks, 1 over the variance of gains", heading="blocks", over=("bandwidth",)),
    )
    along: ClassVar = {"bandwidth": "bandwidth", "senders": "senders"}
    example: ClassVar = {"links": 200, "senders": [1, 5], "bandwidth": [1e6, 2e7]}

    study: Literal["diversity"] = Field(description="what is simulated")
    devices: Count = Field(default=10, description="how many have a channel")
    senders: Annotated[list[Count], MinLen(1)] = Field(
        default=[1], description="those of the best channels that send; one number or several"
    )
    channel: Annotated[Scheme, Of("channels")] = default("tdl", "how signals scatter")
    antennas: Annotated[int, Gt(0), Le(1024)] = Field(default=1, description="of the receiver, whose gains add")
    bandwidth: Annotated[list[Bandwidth], MinLen(1)] = Field(
        default=[1.8e5, 5e5, 9.6e5, 2e6, 5e6, 1e7, 2e7, 5e7, 1e8],
        description="bandwidths over which gains are means, in Hz; one or several",
    )
    links: Links = Field(default=4000, description="times that all channels are drawn")

    _different = field_validator("bandwidth", "senders")(all_different)

    @field_validator("bandwidth", "senders", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("senders")
    @classmethod
    def _among_all(cls, senders: list[int], info: ValidationInfo) -> list[int]:
        if max(senders) > (most := info.data.get("devices", max(senders))):
            raise ValueError(f"expected at most all {most} devices, received {max(senders)}")
        return senders

    def group(self, seed: int) -> str:
        """Equal for all seeds of a point."""
        return super().group(0)

    def steps(self) -> int:
        return self.links

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _diversity

        return _diversity.prepare(self)

    def begin(self, prepared: Any, work: Work) -> Any:
        from . import _diversity

        return _diversity.build(self, prepared)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _diversity

        return _diversity.measure(self, common, work)
