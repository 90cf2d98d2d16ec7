"""Sums over the air without training (AirComp): the error of a sum of vectors, by SNR, devices, antennas or CSI."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from pydantic import Field

from ..reading.catalogue import Of, Scheme
from ..reading.complaints import named
from ..reading.tables import Grant, GridTable, Million, Snrs, default, link
from ..results.measures import Measure
from ..running.units import Values, Work
from ._reports import PILOTS, REMARKED
from .base import Study

AIR = ("link", "grid", "grant")
OverRayleigh: Any = link("rayleigh")


class SumsLink(OverRayleigh, Snrs):
    """The link from all devices to the receiver."""


class Aggregation(Study):
    """Everything that decides the error of a sum.

        study = "aggregation"
        devices = [5, 20, 80]
        uplink = ["analog", { kind = "analog", rule = "truncated_inversion" }, "digital"]
        link = { channel = "rayleigh", snr_db = [0, 5, 10, 15, 20] }

    ``link.snr_db`` is a dimension of every result: what is compiled serves all SNRs and seeds. NMSE is the mean over
    rounds of a round's |estimate - sum|^2 / |sum|^2, the sum being the mean vector of all devices; ``theory`` is what
    that should be, given the rounds' vectors and gains, where a closed form is known.

    >>> from overair.scenarios.studies.aggregation import Aggregation
    >>> Aggregation(study="aggregation", uplink="analog", devices=5, link={"snr_db": [0, 10]}).dimensions()
    {'link.snr_db': [0.0, 10.0]}
    """

    measures: ClassVar = (
        Measure("nmse", "1", "normalised mean square error of the sum", heading="NMSE", better="low", scale="log"),
        Measure("nmse_error", "1", "standard error of the NMSE over rounds", heading="std. error"),
        Measure("theory", "1", "NMSE by theory, given the rounds' vectors and gains", heading="theory"),
        Measure("nmse_sent", "1", "normalised mean square error against what was sent"),
        Measure("gain", "1", "inner product of the estimate with the sum, over the sum's energy", heading="gain"),
        Measure(
            "resource_elements",
            "1",
            "resource elements that carry data in a round",
            heading="elements",
            part="elements",
        ),
        PILOTS,
        Measure(
            "energy", "1", "mean energy of a device for each granted element, over its budget P", heading="energy/P"
        ),
        Measure(
            "energy_max",
            "1",
            "largest energy of a device for each granted element in any round, over P",
            "max",
            part="energy",
        ),
        Measure("airtime", "s", "airtime of a round"),
        Measure("bits", "bit", "payload and side information of all devices in a round", heading="bits"),
        Measure("decoded", "1", "devices decoded in a round", heading="decoded"),
        *REMARKED,
    )
    along: ClassVar = {"link.snr_db": "link.snr_db"}
    same_links: ClassVar = True
    example: ClassVar = {"uplink": "analog", "devices": 10, "rounds": 20}

    study: Literal["aggregation"] = Field(description="what is simulated")
    devices: Million = Field(default=20, description="number of devices; all send in every round")
    entries: Annotated[int, Gt(0), Le(10**7)] = Field(default=256, description="size of a vector")
    vectors: str | None = Field(
        default=None, description="a .npy or .csv file of a row a device; drawn anew every round unless given"
    )
    correlation: Annotated[float, Ge(0), Le(1)] = Field(
        default=0.0, description="correlation between devices of vectors that are drawn, which are normal"
    )
    rounds: Annotated[int, Gt(0), Le(10**7)] = Field(default=100, description="sums that are averaged")
    uplink: Annotated[Scheme, Of("uplinks")] = Field(description="how vectors reach the server")
    link: SumsLink = default({}, "from the devices to the server")
    grid: GridTable = default({}, "OFDM numerology")
    grant: Grant = default({}, "resource elements of a round")

    def identity(self) -> dict[str, Any]:
        """With the content of a file instead of its name, and without what an uplink without air leaves unused."""
        decides = super().identity()
        if not self.uplink.source.traits["uses_air"]:
            decides = {name: value for name, value in decides.items() if name not in AIR}
        if self.vectors is not None:
            from . import _vectors

            with named():
                decides["vectors"] = _vectors.digest(self.vectors)
        return decides

    def group(self, seed: int) -> str:
        """Equal for all seeds of a point."""
        return super().group(0)

    def steps(self) -> int:
        return self.rounds * len(self.link.snr_db)

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _aggregation

        return _aggregation.prepare(self)

    def begin(self, prepared: Any, work: Work) -> Any:
        from . import _aggregation

        return _aggregation.build(prepared)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _aggregation

        return _aggregation.measure(self, common, work)
