"""Noiseless queries: the server has the features themselves, which bounds what any way of sending them can find."""

from typing import Literal

from .....phy import Air
from .....phy.strict import dataclass
from ..evaluate import IdealQueries
from . import Asked, Job
from ._heads import noiseless


@dataclass(frozen=True)
class IdealQuery:
    """Features that arrive as they are, which bounds what any way of sending them can find.

    The server has the features themselves: as many as the elements hold, by a last layer trained without noise, or all
    of the network's.

    >>> import numpy as np
    >>> from overair.learning.inference.retrieval.evaluate import Labels
    >>> from overair.learning.inference.retrieval.queries import Asked
    >>> from overair.learning.inference.retrieval.queries.ideal import IdealQuery
    >>> from overair.phy import keys
    >>> labels, features = Labels(queries=np.array([0, 1]), gallery=np.array([0, 1])), np.eye(2, dtype=np.float32)
    >>> asked = Asked(network=None, labels=labels, drawings=None, queries=features, gallery=features, told=())
    >>> found = IdealQuery(features="all").ready(None, asked).found(snr_db=0.0, key=keys.key(0))
    >>> found.hits[:, 0].tolist()  # at rank 1
    [1.0, 1.0]
    """

    features: Literal["sent", "all"] = "sent"
    """Which features; as many as the elements hold, by a last layer trained without noise, or all of the network."""

    def check(self, air: Air) -> None:
        pass

    def ready(self, job: Job, asked: Asked) -> IdealQueries:
        if self.features == "all":
            return IdealQueries(asked.labels, asked.queries, asked.gallery)
        head = noiseless(job)
        return IdealQueries(asked.labels, head(asked.queries).numpy(), head(asked.gallery).numpy())
