"""Deep leakage: what a server makes out of the pictures behind the updates it sees, by uplink, SNR and antennas."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from pydantic import Field

from ..reading.catalogue import Of, Scheme
from ..reading.tables import Grant, GridTable, Positive, Snrs, default, link
from ..results.measures import Measure
from ..running.units import Values, Work
from .base import Coordinates, Study

AIR = ("link", "grid", "grant")
OF_ONE = ("link.snr_db",)
OverRayleigh: Any = link("rayleigh")


class SeenLink(OverRayleigh, Snrs):
    """The link from all devices to the server."""


class Leakage(Study):
    """Everything that decides what pictures are made out.

        study = "leakage"
        data = "mnist"
        side = 28
        devices = 5
        uplink = ["ideal", "digital", "analog"]
        link = { channel = "rayleigh", antennas = [1, 4, 5, 8], snr_db = [0, 10, 20] }

    Every device sends the gradient of a batch of its own, once; the network is new. An ideal or a digital uplink shows
    each update, an analog one sums, or with as many antennas as send at once each update, by zero forcing.
    ``link.snr_db`` is a dimension of every result. A picture is compared with the best of those made out of what it is
    in that are said to be of its class; ``baseline`` is the mean picture of its class as a guess: what shows less has
    shown nothing of a picture.

    >>> from overair.scenarios.studies.leakage import Leakage
    >>> Leakage(study="leakage", uplink="analog", shown=2, side=2, link={"snr_db": [10]}).dimensions()
    {'link.snr_db': [10.0], 'shown': [0, 1], 'pixel': [0, 1, 2, 3]}
    """

    measures: ClassVar = (
        Measure("psnr", "dB", "mean PSNR of pictures made out", heading="PSNR/dB", over=OF_ONE),
        Measure("baseline", "dB", "mean PSNR of a class's mean picture as a guess", heading="guess/dB", over=()),
        Measure("recovered", "1", "share of pictures made out with 20 dB of PSNR", heading="recovered", over=OF_ONE),
        Measure("together", "1", "pictures behind one gradient that is seen", heading="together", over=()),
        Measure("picture", "1", "pixel of a picture made out", over=(*OF_ONE, "shown", "pixel"), pixels=True),
        Measure("original", "1", "pixel of a picture", over=("shown", "pixel"), pixels=True),
    )
    along: ClassVar = {"link.snr_db": "link.snr_db"}
    same_links: ClassVar = True
    fixed: ClassVar = {"side": "one number", "shown": "one number"}
    example: ClassVar = {"uplink": "analog", "devices": 2, "pictures": 4, "shown": 2, "link": {"antennas": 2}}

    study: Literal["leakage"] = Field(description="what is simulated")
    data: Annotated[Scheme, Of("data")] = default("digits", "whose training pictures devices hold")
    side: Annotated[int, Gt(0), Le(256)] = Field(
        default=8, description="side of the square pictures, in pixels; to which others are resized"
    )
    model: Annotated[Scheme, Of("models")] = default("softmax", "whose gradients devices send")
    attack: Annotated[Scheme, Of("attacks")] = default("dense", "how the server makes pictures out")
    devices: Annotated[int, Gt(0), Le(10_000)] = Field(default=5, description="number of devices; all send at once")
    batch_size: Positive = Field(default=1, description="pictures in the gradient of a device")
    pictures: Annotated[int, Gt(0), Le(10**6)] = Field(
        default=40, description="pictures that the server tries to make out; rounds follow from it"
    )
    shown: Annotated[int, Ge(0), Le(100)] = Field(default=4, description="pictures that are kept beside the results")
    uplink: Annotated[Scheme, Of("uplinks")] = Field(description="how gradients reach the server")
    link: SeenLink = default({}, "from the devices to the server")
    grid: GridTable = default({}, "OFDM numerology")
    grant: Grant = default({}, "resource elements of a round")

    def dimensions(self) -> Coordinates:
        """SNRs, and the pictures that are kept, and their pixels."""
        return super().dimensions() | {"shown": list(range(self.shown)), "pixel": list(range(self.side**2))}

    def identity(self) -> dict[str, Any]:
        """Without what an uplink without air leaves unused."""
        decides = super().identity()
        if self.uplink.source.traits["uses_air"]:
            return decides
        return {name: value for name, value in decides.items() if name not in AIR}

    def group(self, seed: int) -> str:
        """Equal for all seeds of a point."""
        return super().group(0)

    def steps(self) -> int:
        return len(self.link.snr_db) * -(-self.pictures // (self.devices * self.batch_size))

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _leakage

        return _leakage.prepare(self, shared)

    def begin(self, prepared: Any, work: Work) -> Any:
        from . import _leakage

        return _leakage.build(prepared)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _leakage

        return _leakage.measure(self, common, work)
