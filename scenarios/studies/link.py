"""Error rates of a link: bits and blocks, uncoded or in 5G LDPC codes, over any channel, with intervals (BER, BLER)."""

import json
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Gt, Le, MinLen
from pydantic import BeforeValidator, Field

from ..reading.catalogue import without_labels
from ..reading.fractions import number_of
from ..reading.tables import DeviceLink, GridTable, Positive, Seed, default
from ..results.measures import Measure
from ..running.units import Values, Work
from .base import TOLD, Study

Modulation = Literal["bpsk", "qpsk", "16-qam", "64-qam", "256-qam"]
CodeRate = Annotated[float, Gt(0), Le(1), BeforeValidator(number_of)]


class Link(Study):
    """Everything that decides error rates of a link.

        study = "link"
        modulation = ["bpsk", "qpsk", "16-qam"]
        code_rate = [1, "1/2"]                            # 1 sends bits as they are
        link = { channel = "awgn", snr_db = [0, 2, 4, 6, 8, 10] }

    ``link.snr_db`` is a dimension of every result. At each SNR blocks are sent until ``errors`` of them are wrong, or
    ``most`` were sent. SNR is Es/N0; Eb/N0 is lower by 10 log10 of the information bits of a symbol. Every block has a
    link of its own. Bits of a block fail together, so the intervals of 95 % count blocks, those of bit error rates too.

    >>> from overair.scenarios.studies.link import Link
    >>> Link(study="link", modulation="16-qam", code_rate="1/2", link={"snr_db": [0, 10]}).dimensions()
    {'link.snr_db': [0.0, 10.0]}
    """

    measures: ClassVar = (
        Measure(
            "ber", "1", "bit error rate", heading="BER", better="low", interval=("ber_low", "ber_high"), scale="log"
        ),
        Measure("ber_low", "1", "lower end of the 95 % interval of the bit error rate"),
        Measure("ber_high", "1", "upper end of the 95 % interval of the bit error rate"),
        Measure("bler", "1", "block error rate", heading="BLER", interval=("bler_low", "bler_high"), scale="log"),
        Measure("bler_low", "1", "lower end of the 95 % interval of the block error rate"),
        Measure("bler_high", "1", "upper end of the 95 % interval of the block error rate"),
        Measure("blocks", "1", "blocks sent", heading="blocks"),
        Measure("bits", "bit", "information bits sent"),
        Measure("theory", "1", "bit error rate in closed form, where there is one", heading="theory"),
    )
    along: ClassVar = {"link.snr_db": "link.snr_db"}
    example: ClassVar = {"modulation": "16-qam", "errors": 20, "most": 200}

    study: Literal["link"] = Field(description="what is simulated")
    modulation: Modulation = default("qpsk", "modulation; with Gray labels")
    code_rate: CodeRate = default(1.0, 'code rate; of 5G LDPC codes, as 0.5 or "1/2"; 1 for no code')
    block: Annotated[Positive, Le(100_000)] = Field(
        default=1008, description="block length, in bits; information bits of a block"
    )
    errors: Positive = Field(default=100, description="wrong blocks after which an SNR is done")
    most: Positive = Field(default=10_000, description="blocks at most for each SNR")
    seeds: Annotated[list[Seed], MinLen(1)] = Field(default=[0], description="independent repetitions")
    link: DeviceLink = default({}, "from the device to the receiver")
    grid: GridTable = default({}, "OFDM numerology")

    def group(self, seed: int) -> str:
        """Equal for units that one compiled link serves, whatever their seeds and errors."""
        told: Any = {**dict.fromkeys((*TOLD, "errors"), True), "link": {"snr_db"}}
        return json.dumps(without_labels(self.model_dump(mode="json", exclude=told)), sort_keys=True)

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _link

        return _link.prepare(self)

    def begin(self, prepared: Any, work: Work) -> Any:
        from . import _link

        return _link.build(prepared)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _link

        return _link.send(self, common, work)
