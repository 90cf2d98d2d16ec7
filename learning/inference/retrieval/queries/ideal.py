"""Noiseless queries: the server has the features themselves, which bounds what any way of sending them can find."""

from typing import Literal

from .....phy import Air
from .....phy.strict import dataclass
from ..evaluate import IdealQueries
from . import Asked, Job
from ._heads import noiseless


@dataclass(frozen=True)
class IdealQuery:
    """Features that arrive as they are."""

    features: Literal["sent", "all"] = "sent"
    """Which features; as many as the elements hold, by a last layer trained without noise, or all of the network."""

    def check(self, air: Air) -> None:
        pass

    def ready(self, job: Job, asked: Asked) -> IdealQueries:
        if self.features == "all":
            return IdealQueries(asked.labels, asked.queries, asked.gallery)
        head = noiseless(job)
        return IdealQueries(asked.labels, head(asked.queries).numpy(), head(asked.gallery).numpy())
