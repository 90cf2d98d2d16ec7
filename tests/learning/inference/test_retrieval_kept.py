"""What is learnt for queries comes back from the arrays it is kept as, and packets are as many as somebody takes."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

from overair.learning.inference.retrieval import quantised, ranking
from overair.learning.inference.retrieval.choice import Description
from overair.learning.inference.retrieval.evaluate import Labels, Rung
from overair.learning.inference.retrieval.packets import carrier
from overair.learning.inference.retrieval.queries import _ladder
from overair.ota.rates.capacity import Capacity
from overair.phy import Air, Grid, Rayleigh, keys

AIR = Air(Grid(16, 1), Rayleigh(), 1)
LABELS = Labels(np.arange(6) % 3, np.arange(3))


class Given(NamedTuple):
    """What a ladder needs to know of a job and of what is asked."""

    labels: Labels = LABELS
    air: Air = AIR
    elements: int = 16
    seed: int = 0

    @property
    def held_out(self) -> "Given":
        return self


def rungs() -> list[Rung]:
    """Fine, coarse and in between, of which each finds as much as it has bits."""
    ones = np.ones([6, 20]), np.ones(6)
    return [Rung(np.full(6, bits), ranking.Found(*(bits / 20 * one for one in ones))) for bits in (20.0, 5.0, 10.0)]


def itself(rung: Rung) -> Rung:
    """The same, when it is asked for."""
    return rung


def test_a_quantiser_is_all_in_its_arrays() -> None:
    features = np.random.default_rng(0).normal(size=[6, 4, 5]).astype(np.float32)
    made = quantised.train(features, 3, 0.01, 3, 7, keys.key(1))
    again = quantised.of_arrays([np.array(array) for array in made.arrays])
    np.testing.assert_array_equal(again.head(features[0]), made.head(features[0]))
    whole = made.rounded(features[:, 0])
    np.testing.assert_array_equal(again.rounded(features[:, 0]), whole)
    np.testing.assert_array_equal(again.bits(whole), made.bits(whole))
    assert again.encode(whole[0]) == made.encode(whole[0])


@pytest.mark.parametrize("count", [6, 100])
def test_no_packets_are_sent_that_no_query_takes(count: int) -> None:
    given: Any = Given()
    every = [Description(rung, partial(itself, rung)) for rung in rungs()]
    ready = _ladder.packets(given, given, every, Capacity(), (), count)
    (sent,) = ready.carriers
    assert sent.packets == 6 and sent is carrier(AIR, Capacity(), 16, 6)
    assert [one.bits for one in ready.descriptions] == [5.0, 10.0, 20.0]
    fewer = _ladder.packets(given, given, every, Capacity(), (), 4)
    ladder = ready.choice(0.0)[1]
    assert ladder == fewer.choice(0.0)[1]._replace(share=ladder.share)
    np.testing.assert_array_equal(ready.found(0.0, keys.key(1)).hits[:4], fewer.found(0.0, keys.key(1)).hits[:4])
