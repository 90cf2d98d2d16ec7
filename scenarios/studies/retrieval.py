"""Retrieval at the edge: a device draws a character, and a server finds drawings of it by others; top-1 over SNR."""

import json
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import Field, ValidationInfo, field_validator

from ..reading.catalogue import Of, Scheme
from ..reading.tables import DeviceLink, GridTable, Positive, all_different, default
from ..results.measures import Measure
from ..running.units import Values, Work
from .base import Study

DRAWERS = 20  # of each character
Rank = Annotated[int, Ge(1), Le(DRAWERS)]


class Retrieval(Study):
    """Everything that decides what queries find.

        study = "retrieval"
        query = ["ideal", { kind = "analog", low_db = 10, high_db = 10 }, { kind = "quantised", rate = "ldpc" }]
        link = { channel = "rayleigh", snr_db = [-6, 0, 6, 12] }

    Omniglot: networks learn from 864 of 964 characters and are asked about 659 others; by the 100 kept from training
    the digital ways choose their prices, thresholds and losses. One network is trained for a seed, without a channel,
    and a last layer for each way of sending queries; all points and runs in a folder share them. ``link.snr_db`` and
    ``ranks`` are dimensions of every result. Gunduz et al., "Communicate to learn at the edge", IEEE Communications
    Magazine 2020, fig. 3, for the comparison.

    >>> from overair.scenarios.studies.retrieval import Retrieval
    >>> Retrieval(study="retrieval", query="analog", ranks=[1, 5], link={"snr_db": [0, 10]}).dimensions()
    {'link.snr_db': [0.0, 10.0], 'rank': [1, 5]}
    """

    measures: ClassVar = (
        Measure("accuracy", "1", "top-1 accuracy", heading="top-1", over=("link.snr_db",)),
        Measure("mean_average_precision", "1", "mean average precision", heading="mAP", over=("link.snr_db",)),
        Measure("top", "1", "share of queries with their character among the first of the gallery (CMC)"),
        Measure("silent", "1", "share of queries of which nothing is sent, as no description fits",
                part="silent", over=("link.snr_db",)),
        Measure("unheard", "1", "share of queries answered by a guess, silent ones included",
                part="unheard", over=("link.snr_db",)),
    )  # fmt: skip
    along: ClassVar = {"link.snr_db": "link.snr_db", "rank": "ranks"}
    same_links: ClassVar = True
    fixed: ClassVar = {"ranks": "a list of whole numbers (ranks are a dimension of every result)"}
    example: ClassVar = {
        "query": "analog", "network_steps": 20, "head_steps": 10, "train_characters": 40, "test_characters": 20,
        "validation_characters": 10,
    }  # fmt: skip

    study: Literal["retrieval"] = Field(description="what is simulated")
    query: Annotated[Scheme, Of("queries")] = Field(description="how queries are sent")
    elements: Annotated[int, Gt(0), Le(2**14)] = Field(
        default=64, description="resource elements of a query; complex symbols, at equal energy"
    )
    network_steps: Positive = Field(default=2400, description="training steps of the network that all queries share")
    head_steps: Positive = Field(default=600, description="training steps of a last layer")
    train_characters: Positive | None = Field(
        default=None, description="characters learnt from, from the first; all that are not kept apart unless given"
    )
    validation_characters: Positive = Field(
        default=100, description="characters kept from training, the last, by which digital ways are chosen"
    )
    test_characters: Positive | None = Field(
        default=None, description="characters asked for, from the first; all unless given"
    )
    gallery_drawers: Annotated[int, Gt(0), Le(DRAWERS - 1)] = Field(
        default=10, description="people whose drawings of each character make the gallery, from the first"
    )
    query_drawers: Annotated[int, Gt(0), Le(DRAWERS - 1)] = Field(
        default=4, description="people after these whose drawings are the queries"
    )
    draws: Positive = Field(default=1, description="channels drawn for each query at each SNR")
    ranks: Annotated[list[Rank], MinLen(1)] = Field(
        default=[1, 2, 3, 5, 10, 20], description="first entries of the gallery that are looked through"
    )
    link: DeviceLink = default({}, "from the device to the server")
    grid: GridTable = default({}, "OFDM numerology")

    _ranks_differ = field_validator("ranks")(all_different)

    @field_validator("query_drawers")
    @classmethod
    def _enough_drawers(cls, value: int, info: ValidationInfo) -> int:
        gallery = info.data.get("gallery_drawers", 0)
        if gallery + value > DRAWERS:
            left = f"expected at most {DRAWERS - gallery}, as {gallery} of {DRAWERS} drew the gallery"
            raise ValueError(f"{left}, received {value}")
        return value

    def group(self, seed: int) -> str:
        """Equal for units that share a network."""
        return json.dumps([self.train_characters, self.validation_characters, self.network_steps, seed])

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _retrieval

        return _retrieval.prepare(self, shared)

    def check(self, prepared: Any) -> None:
        from . import _retrieval

        _retrieval.parts(self)

    def begin(self, prepared: Any, work: Work) -> Any:
        from . import _retrieval

        return _retrieval.begin(self, prepared, work)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _retrieval

        return _retrieval.find(self, common, work)
