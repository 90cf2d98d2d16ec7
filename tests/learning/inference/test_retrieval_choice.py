"""What is chosen on characters kept from training: descriptions worth their bits, and packets lost seldom enough."""

import itertools
from functools import partial
from typing import Any

import numpy as np
import pytest

from overair.learning.inference.retrieval import ranking
from overair.learning.inference.retrieval.choice import ChosenPackets, Description, ladder, worthwhile
from overair.learning.inference.retrieval.evaluate import Labels, Packets, Rung
from overair.learning.inference.retrieval.packets import Carrier, PacketsCarried
from overair.learning.inference.retrieval.queries import _ladder
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.ldpc import Ldpc
from overair.ota.rates.mcs import Mcs
from overair.phy import Air, Awgn, Grid, keys

QUERIES = 60
LABELS = Labels(np.arange(QUERIES) % 30, np.arange(30))
AIR = Air(Grid(16, 1), Awgn(), 1)


def rung(bits: Any, share: float) -> Rung:
    found = ranking.Found(np.full([QUERIES, 20], share), np.full(QUERIES, share))
    return Rung(np.broadcast_to(np.asarray(bits, float), [QUERIES]), found)


def described(*rungs: Rung) -> list[Description]:
    return [Description(one, partial(itself, one)) for one in rungs]


def itself(rung: Rung) -> Rung:
    return rung


def test_what_others_beat_with_fewer_bits_is_left_out() -> None:
    given = described(rung(30, 0.6), rung(10, 0.5), rung(20, 0.4), rung(40, 0.6), rung(5, 0.1), rung(10, 0.3))
    assert [(one.bits, round(one.accuracy, 6)) for one in worthwhile(given)] == [(5, 0.1), (10, 0.5), (30, 0.6)]


def test_a_ladder_is_as_good_as_the_best_of_all_and_pays_for_names() -> None:
    """Of 5 descriptions with bits that differ from query to query, against a search of all 31 sets by the packets."""
    rng = np.random.default_rng(0)
    rungs = [
        rung(np.clip(rng.normal(mean, 6, QUERIES), 1, None), share)
        for mean, share in zip((8, 15, 22, 30, 45), (0.1, 0.3, 0.45, 0.6, 0.7), strict=True)
    ]
    room, arrives = rng.uniform(10, 40, QUERIES), rng.random(QUERIES) < 0.9
    found = ladder(rungs, room, arrives, LABELS.guess())
    nothing: Any = None

    def share(places: tuple[int, ...]) -> float:
        way = Packets(LABELS, [rungs[place] for place in places], nothing)
        return float(way.carried(room, arrives).hits[:, 0].mean())

    every = [places for size in range(1, 6) for places in itertools.combinations(range(5), size)]
    assert found.share == pytest.approx(share(found.places))
    assert found.share >= max(map(share, every)) - 0.01  # put together one by one
    assert ladder(rungs, np.full(QUERIES, 1e3), arrives, LABELS.guess()).places == (4,)


class Given(Carrier):
    """Packets of so many bits, of which a share is lost."""

    def __init__(self, bits: float, lost: float) -> None:
        super().__init__(AIR, Capacity(), 16, QUERIES)
        object.__setattr__(self, "bits_lost", (bits, lost))

    def carry(self, snr_db: float, key: Any) -> PacketsCarried:
        bits, lost = self.bits_lost  # type: ignore[attr-defined]
        draws = np.random.default_rng(int(key.numpy()[0]) % 2**32).permutation(QUERIES) / QUERIES
        return PacketsCarried(np.full(QUERIES, bits), draws >= lost)


def test_a_loss_that_costs_more_than_its_bits_buy_is_not_taken() -> None:
    """A tenth of the packets lost for two bits more, which no description needs, against a hundredth."""
    given, key = described(rung(20, 0.5), rung(40, 0.7)), keys.key(1)
    often, seldom = Given(44.0, 0.1), Given(42.0, 0.0)
    ready = ChosenPackets(LABELS, LABELS, given, [often, seldom], key)
    assert ready.choice(9.0)[0] is seldom and ready.choice(9.0)[1].places == (1,)
    assert ready.found(9.0, keys.key(2)).hits[:, 0].mean() == pytest.approx(0.7)
    short = ChosenPackets(LABELS, LABELS, given, [often, Given(39.0, 0.0)], key)
    assert short.choice(9.0)[0] is often  # where it buys the better description it is taken
    assert short.choice(9.0)[1].share == pytest.approx(0.9 * 0.7 + 0.1 / 30)


def test_a_choice_sees_nothing_of_the_queries_that_are_asked() -> None:
    """Of those the cheap description is the better one; it is not taken, as it was not on those held out."""
    asked = [rung(20, 0.9), rung(40, 0.2)]
    given = [
        Description(one, partial(itself, other))
        for one, other in zip([rung(20, 0.5), rung(40, 0.7)], asked, strict=True)
    ]
    ready = ChosenPackets(LABELS, LABELS, given, [Given(42.0, 0.0)], keys.key(1))
    assert ready.found(9.0, keys.key(2)).hits[:, 0].mean() == pytest.approx(0.2)


def test_what_is_not_chosen_is_not_described_for_those_who_ask() -> None:
    def never() -> Rung:
        raise AssertionError("described")

    given = [Description(rung(20, 0.5), never), Description(rung(40, 0.7), lambda: rung(40, 0.7))]
    ready = ChosenPackets(LABELS, LABELS, given, [Given(50.0, 0.0)], keys.key(1))
    assert ready.found(9.0, keys.key(2)).precision.mean() == pytest.approx(0.7)


def test_at_nine_db_real_codes_are_lost_less_than_a_tenth_of_the_time_by_choice() -> None:
    """A loss of 0.1 costs a tenth of what is found; words of 64 elements have room to spare there."""
    targets = (0.1, 0.01)
    carriers = [Carrier(Air(Grid(64, 1), Awgn(), 1), rate, 64, 40) for rate in _ladder.aimed(Ldpc(), targets)]
    given = described(rung(30, 0.5), rung(60, 0.7))
    chosen = ChosenPackets(LABELS, LABELS, given, carriers, keys.key(1)).choice(9.0)
    assert chosen[0].rate == Ldpc(target_bler=0.01) and chosen[1].places == (1,)


def test_targets_are_those_of_rates_that_have_one() -> None:
    assert _ladder.aimed(Ldpc(), (0.2, 0.01)) == [Ldpc(target_bler=0.2), Ldpc(target_bler=0.01)]
    assert _ladder.aimed(Ldpc(target_bler=0.2), ()) == [Ldpc(target_bler=0.2)]
    assert [_ladder.aimed(rate, (0.2,)) for rate in (Capacity(), Mcs())] == [[Capacity()], [Mcs(target_bler=0.2)]]
