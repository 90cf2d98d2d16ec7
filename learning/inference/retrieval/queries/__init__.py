"""Query schemes: ways of asking a gallery for drawings of the same character, as features or as bits."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import keras
import numpy as np

from .....phy import Air, keys
from .....phy.documented import documented
from .....phy.keys import Key
from ..drawings import Drawings
from ..evaluate import Labels, ReadyQueries

Arrays = Sequence[np.ndarray]
# From all that decides some arrays, and what makes them, to the arrays; made where they are not there yet
Keep = Callable[[tuple[object, ...], Callable[[], Arrays]], Arrays]


@documented
class Asked(NamedTuple):
    """Queries and a gallery, by different people.

    They are drawings of other characters than those learnt from.

    >>> from overair.learning.inference.retrieval.queries import Asked
    >>> Asked._fields[-3:]
    ('queries', 'gallery', 'told')
    """

    network: keras.Model  # that makes features of drawings, trained without a channel
    labels: Labels  # of queries and gallery
    drawings: Drawings  # of the queries
    queries: np.ndarray  # features, [Q, F]
    gallery: np.ndarray  # features, [G, F]
    told: tuple[object, ...]  # which they are


@documented
class Job(NamedTuple):
    """What a seed's queries are made with.

    What is trained follows from it and from a scheme's fields; ``keep`` has the same trained once.

    >>> from overair.learning.inference.retrieval.queries import Job
    >>> Job._fields[:4]
    ('drawings', 'features', 'air', 'elements')
    """

    drawings: Drawings  # of the characters to learn from
    features: np.ndarray  # the network's, of these drawings as varied, [4C, D, F]
    air: Air  # of one device
    elements: int  # of a query
    steps: int  # of a head, unless its scheme has its own
    seed: int  # of all that is trained
    keep: Keep  # arrays that are there already, or made and kept
    held_out: Asked  # characters that nothing learns from, by which ways are chosen

    @property
    def key(self) -> Key:
        """Of the training of all heads, which see the same characters in the same order."""
        return keys.key(self.seed, "heads")


@runtime_checkable
class QueryScheme(Protocol):
    """A way of sending queries, by which a gallery is asked for drawings of the same character.

    All stand on one network that was trained without a channel. A scheme is told what it learns from and what is asked,
    and gives what finds the answers at an SNR. What it trains it hands to ``Job.keep``, which has it trained once. One
    of your own is a frozen dataclass with these methods.

    >>> from overair.learning.inference.retrieval.queries import QueryScheme
    >>> from overair.learning.inference.retrieval.queries.ideal import IdealQuery
    >>> isinstance(IdealQuery(), QueryScheme)
    True
    """

    def check(self, air: Air) -> None:
        """Refuses in one line, before anything is trained, an air over which it cannot send."""
        ...

    def ready(self, job: Job, asked: Asked) -> ReadyQueries:
        """The queries, with all trained that they need."""
        ...


FAMILY = QueryScheme  # what each file of this folder is one of

__all__ = ["Asked", "Job", "Keep", "QueryScheme"]
