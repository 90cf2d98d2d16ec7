"""What becomes of queries: every way of sending them over the same links, at every SNR, in one pass.

A way says what to expect of each query at an SNR under a key: found at once or at a later rank (``Found``). The key is
that of the draw and nothing else, so ways see the same channels, and a channel is the same at all SNRs.

    Ideal    the server has the features themselves
    Analog   features are symbols; what arrives is matched
    Packets  the best of several descriptions that fits into a packet; a lost one, or none that fits, is a guess
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import tensorflow as tf

from ....phy import keys
from ....phy.documented import documented
from ....phy.keys import Key
from ...over_air import OverAir
from . import ranking as retrieval
from .embedding import cosines
from .packets import Carrier
from .ranking import Found, Scores


@documented
class Labels(NamedTuple):
    """Classes of the queries [Q] and of the gallery [G].

    What is found is told by them alone: entries of the query's class.

    >>> import numpy as np
    >>> from overair.learning.inference.retrieval.evaluate import Labels
    >>> labels = Labels(queries=np.array([0, 1]), gallery=np.array([0, 0, 1]))
    >>> labels.guess().hits[:, 0].round(3).tolist()  # at rank 1
    [0.667, 0.333]
    """

    queries: np.ndarray  # int [Q]
    gallery: np.ndarray  # int [G]

    def match(self, queries: tf.Tensor, gallery: tf.Tensor) -> Found:
        """What cosines between embeddings [Q, n] and [G, n] find."""
        return retrieval.find(cosines(queries, gallery).numpy(), self.queries, self.gallery)

    def guess(self) -> Found:
        """What guesses find."""
        return retrieval.guess(self.queries, self.gallery)


class ReadyQueries(Protocol):
    """Queries that only want an SNR and a draw of the channel.

    What they expect does not depend on who else is asked; the key is that of the draw, so that all see the same
    channels.

    >>> import numpy as np
    >>> from overair.learning.inference.retrieval.evaluate import IdealQueries, Labels
    >>> from overair.phy import keys
    >>> queries = IdealQueries(Labels(np.array([0]), np.array([1, 0])), queries=np.eye(1, 2), gallery=np.eye(2)[::-1])
    >>> queries.found(snr_db=10.0, key=keys.key(0)).hits[:, :2].tolist()  # its own drawing is the nearest
    [[1.0, 1.0]]
    """

    def found(self, snr_db: float, key: Key) -> Found: ...

    def unheard(self, snr_db: float, key: Key) -> tuple[float, float]:
        """The share of queries of which nothing is sent, and that of those answered by a guess, which has it in it."""
        ...


class AllHeard:
    """Queries that all arrive, well or not."""

    def unheard(self, snr_db: float, key: Key) -> tuple[float, float]:
        return 0.0, 0.0


@dataclass(frozen=True)
class IdealQueries(AllHeard):
    """Embeddings of the queries and of the gallery, as exact as they are."""

    labels: Labels
    queries: np.ndarray  # [Q, n]
    gallery: np.ndarray  # [G, n]

    @cached_property
    def once(self) -> Found:
        return self.labels.match(self.queries, self.gallery)

    def found(self, snr_db: float, key: Key) -> Found:
        return self.once


@dataclass(frozen=True)
class AnalogQueries(AllHeard):
    """Embeddings of which those of the queries pass the air."""

    labels: Labels
    queries: np.ndarray
    gallery: np.ndarray
    layer: OverAir

    @cached_property
    def _send(self) -> tf.types.experimental.PolymorphicFunction:
        queries = tf.constant(self.queries)
        return tf.function(lambda snr_db, key: self.layer(queries, snr_db=snr_db, key=key), autograph=False)

    def found(self, snr_db: float, key: Key) -> Found:
        return self.labels.match(self._send(tf.constant(snr_db, tf.float32), key), self.gallery)


class Rung(NamedTuple):
    """A description of all queries: the bits of each [Q], and what it finds."""

    bits: np.ndarray
    found: Found


@dataclass(frozen=True)
class Packets:
    """Descriptions from the worst to the best; a query takes the best that fits into its packet and says which it is.

    Where the carrier has fewer packets than there are queries, queries take them in turn.
    """

    labels: Labels
    rungs: Sequence[Rung]
    carrier: Carrier

    def found(self, snr_db: float, key: Key) -> Found:
        return self.carried(*self._packets(snr_db, key))

    def unheard(self, snr_db: float, key: Key) -> tuple[float, float]:
        room, arrives = self._packets(snr_db, key)
        sent = np.any([rung.bits + self._which <= room for rung in self.rungs], axis=0)
        return 1.0 - float(sent.mean()), 1.0 - float((sent & arrives).mean())

    def carried(self, room: np.ndarray, arrives: np.ndarray) -> Found:
        """What is found where packets have room for so many bits [Q], and arrive or not [Q]."""
        found = self.labels.guess()
        for rung in self.rungs:
            fits = (rung.bits + self._which <= room) & arrives
            found = rung.found.mix(found, fits.astype(float))
        return found

    @property
    def _which(self) -> float:
        """Bits to say which description it is."""
        return naming(len(self.rungs))

    def _packets(self, snr_db: float, key: Key) -> tuple[np.ndarray, np.ndarray]:
        """The room of each query's packet, and whether it arrives, [Q] each."""
        room, arrives = self.carrier.carry(snr_db, key)
        turn = np.arange(len(self.labels.queries)) % len(room)
        return room[turn], arrives[turn]


def naming(count: int) -> float:
    """Bits to say which of so many descriptions it is."""
    return float(np.ceil(np.log2(max(count, 1))))


def evaluate(way: ReadyQueries, snrs_db: Iterable[float], draws: int, key: Key) -> list[Scores]:
    """Means over queries and draws of the channel, at each SNR."""
    scores = []
    for snr_db in snrs_db:
        of_draws = [keys.fold(key, "draw", draw) for draw in range(draws)]
        each = [way.found(snr_db, draw) for draw in of_draws]
        silent, unheard = np.mean([way.unheard(snr_db, draw) for draw in of_draws], axis=0).tolist()
        found = Found(*(np.concatenate(part) for part in zip(*each, strict=True))).scores()
        scores.append(found._replace(silent=silent, unheard=unheard))
    return scores
