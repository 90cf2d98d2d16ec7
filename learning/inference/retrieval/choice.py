"""Which descriptions queries are sent in and how often packets may be lost, chosen on characters kept from training.

A description is the bits that each query takes in it, and what is found by them. Those that others beat with fewer bits
are left out. At every SNR, and for every target of lost packets, queries of the characters kept apart take packets over
links of their own, and the descriptions that together find most of them at rank 1 are put together one by one: a query
takes the most accurate one that fits, and says which, so that each further one has to be worth its name. Target and
descriptions of the largest share found are those of the queries that are asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ....phy.keys import Key
from .evaluate import Labels, Packets, Rung, naming
from .packets import Carrier
from .ranking import Found

MOST = 8  # descriptions of a ladder


class Description(NamedTuple):
    """What it takes and finds, of queries held out and of those that are asked, which are described when needed."""

    held_out: Rung
    asked: Callable[[], Rung]

    @property
    def accuracy(self) -> float:
        return float(self.held_out.found.hits[:, 0].mean())

    @property
    def bits(self) -> float:
        return float(self.held_out.bits.mean())


class Ladder(NamedTuple):
    """Places of descriptions, the most accurate last, and the share that they find."""

    places: tuple[int, ...]
    share: float


def worthwhile(descriptions: Sequence[Description]) -> list[Description]:
    """Those that are more accurate than all of fewer bits, in order."""
    best: list[Description] = []
    for one in sorted(descriptions, key=lambda one: (one.bits, -one.accuracy)):
        if not best or one.accuracy > best[-1].accuracy:
            best.append(one)
    return best


def ladder(rungs: Sequence[Rung], room: np.ndarray, arrives: np.ndarray, guess: Found) -> Ladder:
    """Of rungs from the least accurate on, those that together find most in packets [Q]."""
    hits, bits = np.stack([rung.found.hits[:, 0] for rung in rungs]), np.stack([rung.bits for rung in rungs])  # [R, Q]

    def share(places: tuple[int, ...]) -> float:
        fits = (bits[list(places)] + naming(len(places)) <= room) & arrives  # [P, Q]
        last = len(places) - 1 - fits[::-1].argmax(axis=0)
        found = np.take_along_axis(hits[list(places)], last[None], 0)[0]
        return float(np.where(fits.any(axis=0), found, guess.hits[:, 0]).mean())

    grown = [Ladder((), -1.0)]
    while len(grown[-1].places) < min(MOST, len(rungs)):
        now = grown[-1].places
        more = [tuple(sorted((*now, place))) for place in range(len(rungs)) if place not in now]
        grown.append(max((Ladder(places, share(places)) for places in more), key=lambda one: one.share))
    return max(grown, key=lambda one: one.share)


@dataclass(frozen=True)
class ChosenPackets:
    """Queries in packets whose target and descriptions are chosen at every SNR; see above."""

    held_out: Labels
    asked: Labels
    descriptions: Sequence[Description]  # worthwhile
    carriers: Sequence[Carrier]  # one a target
    key: Key  # of the links over which choices are made
    chosen: dict[float, tuple[Carrier, Ladder]] = field(default_factory=dict, compare=False)

    def found(self, snr_db: float, key: Key) -> Found:
        return self._packets(snr_db).found(snr_db, key)

    def unheard(self, snr_db: float, key: Key) -> tuple[float, float]:
        return self._packets(snr_db).unheard(snr_db, key)

    def choice(self, snr_db: float) -> tuple[Carrier, Ladder]:
        """The packets and the descriptions of an SNR."""
        if snr_db not in self.chosen:
            tried = [(carrier, self._ladder(carrier, snr_db)) for carrier in self.carriers]
            self.chosen[snr_db] = max(tried, key=lambda one: one[1].share)
        return self.chosen[snr_db]

    def _packets(self, snr_db: float) -> Packets:
        carrier, taken = self.choice(snr_db)
        return Packets(self.asked, [self.descriptions[place].asked() for place in taken.places], carrier)

    def _ladder(self, carrier: Carrier, snr_db: float) -> Ladder:
        carried = carrier.carry(snr_db, self.key)
        turn = np.arange(len(self.held_out.queries)) % len(carried.bits_available)
        rungs = [one.held_out for one in self.descriptions]
        return ladder(rungs, carried.bits_available[turn], carried.crc_ok[turn], self.held_out.guess())
