"""Schedules by time: who ends before a deadline, who joins while it pays, and whose update would arrive."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from overair.learning import Sight
from overair.learning.federated.clock import last
from overair.learning.federated.schedulers.deadline import Deadline
from overair.learning.federated.schedulers.deliverable_update import DeliverableUpdate
from overair.learning.federated.schedulers.joint import Joint
from overair.learning.federated.sight import Eyes
from overair.ota import Terms
from overair.ota.compressors.sign import Sign
from overair.ota.quality import rates
from overair.ota.round import Round
from overair.phy import Air, Awgn, Grid, keys

KEY = keys.key(3)


def sight(ready: Any, rates: Any, airtime: float, besides: float = 0.0) -> Sight:
    """Of devices with equal shares of the data."""
    devices = len(ready)
    rates = tf.constant(rates, tf.float64)
    return Sight(tf.fill([devices], 1.0 / devices), lambda: rates, lambda works: tf.zeros([devices]),
                 lambda: tf.constant(ready, tf.float64), airtime, besides)  # fmt: skip


def greedy(ready: Any, upload: Any, deadline: float) -> tuple[list[int], float]:
    """FedCS once more: who sends, in this order, and when the last of them has."""
    order: list[int] = []
    end = 0.0
    while left := [k for k in range(len(ready)) if k not in order]:
        best = min(left, key=lambda k: max(end, ready[k]) + upload[k])
        if max(end, ready[best]) + upload[best] >= deadline:
            break
        end = max(end, ready[best]) + upload[best]
        order.append(best)
    return order, end


def planned(scheduler: Any, seen: Sight) -> Any:
    return scheduler.plan((), seen, KEY)[0]


@pytest.mark.parametrize("besides", [0.0, 0.75])
def test_those_who_end_in_time_send_in_turn(besides: float) -> None:
    ready: Any = (2.0, 5.0, 1.0, 8.0, 3.0)
    upload: Any = (4.0, 1.0, 3.0, 2.0, 2.0)
    plan = planned(Deadline(12.0 + besides), sight(ready, [0.5 / each for each in upload], 0.5, besides))
    assert [int(np.flatnonzero(plan.turn == turn)[0]) for turn in range(4)] == [2, 1, 4, 3] and plan.turn[0] == -1
    np.testing.assert_allclose(plan.weights, [0, 0.25, 0.25, 0.25, 0.25])
    assert last(tf.constant(ready, tf.float64), tf.constant(upload, tf.float64), plan) == 10.0
    rng = np.random.default_rng(int(besides))
    for _ in range(20):
        ready, upload = rng.uniform(0.5, 9, 7), rng.uniform(0.2, 5, 7)
        order, end = greedy(ready, upload, 11.0)
        plan = planned(Deadline(11.0 + besides), sight(ready, 2.0 / upload, 2.0, besides))
        assert [int(turn) for turn in plan.turn.numpy()] == [order.index(k) if k in order else -1 for k in range(7)]
        np.testing.assert_allclose(last(tf.constant(ready), tf.constant(upload), plan), end, rtol=1e-12)


def test_a_deadline_with_a_fixed_grant_is_for_computing() -> None:
    plan = planned(Deadline(2.0), sight((1.0, 1.7, 1.4), [1.0, 1.0, 1.0], 0.0, 0.5))
    np.testing.assert_array_equal(plan.works, [True, False, True])


def test_nobody_in_time_waits_for_the_deadline() -> None:
    plan = planned(Deadline(2.0), sight((3.0, 4.0), [1.0, 1.0], 1.0))
    assert not np.any(plan.works) and plan.wait == 2.0 and not np.any(plan.weights)


def split(ready: np.ndarray, snr: np.ndarray, size: float) -> tuple[float, np.ndarray]:
    """When all end together, and their shares, by roots found here: share after share, and then the end."""

    def share(k: int, end: float) -> float:
        def excess(b: float) -> float:
            return b * math.log2(1 + snr[k] / b) - size / (end - ready[k])

        most = 1e6
        return scipy.optimize.brentq(excess, 1e-12, most) if excess(most) > 0 else most

    def over(end: float) -> float:
        return sum(share(k, end) for k in range(len(ready))) - 1.0

    end = scipy.optimize.brentq(over, ready.max() + 1e-9, ready.max() + 1e4, xtol=1e-13)
    return end, np.array([share(k, end) for k in range(len(ready))])


def joined(ready: np.ndarray, snr: np.ndarray, size: float, besides: float, diversity: float) -> list[int]:
    """Who sends: the one that lengthens the round least joins, while seconds times rounds fall."""
    inside: list[int] = []
    devices, best = len(ready), math.inf
    while len(inside) < devices:
        ends = {k: split(ready[[*inside, k]], snr[[*inside, k]], size)[0] for k in range(devices) if k not in inside}
        k = min(ends, key=lambda k: ends[k])
        n = len(inside) + 1
        time = (ends[k] + besides) * (1 + diversity * (devices - n) / (n * (devices - 1)))
        if time >= best:
            break
        inside, best = [*inside, k], time
    return inside


def test_all_end_together_by_unequal_shares() -> None:
    plan = planned(Joint(1e9), sight((0.1, 0.1, 0.3), np.log2([11.0, 2.0, 4.0]), 1.0))
    np.testing.assert_allclose(plan.shares, [0.134434, 0.579618, 0.285948], atol=1e-6)


@pytest.mark.parametrize("diversity", [0.0, 0.7, 5.0])
def test_devices_join_while_it_pays(diversity: float) -> None:
    rng = np.random.default_rng(int(10 * diversity))
    sizes: set[int] = set()
    for _ in range(3):
        ready, snr, size = rng.uniform(0.1, 2.0, 5), rng.uniform(0.5, 20.0, 5), rng.uniform(0.2, 2.0)
        plan = planned(Joint(diversity), sight(ready, np.log2(1 + snr), size, 0.3))
        inside = joined(ready, snr, size, 0.3, diversity)
        assert {*np.flatnonzero(plan.works)} == {*inside}
        order = sorted(inside)
        np.testing.assert_allclose(plan.shares.numpy()[order], split(ready[order], snr[order], size)[1], rtol=1e-6)
        sizes.add(len(inside))
    assert max(sizes) == 1 if diversity == 0.0 else max(sizes) > 1


class Given:
    """Updates that are there."""

    def __init__(self, updates: np.ndarray) -> None:
        self.updates = tf.constant(updates, tf.float32)

    def norms(self, works: tf.Tensor, of: Any) -> tf.Tensor:
        return of(tf.range(len(self.updates)), self.updates)


def test_what_arrives_of_an_update_counts() -> None:
    """Of the sign compressor that is |u|_1 / sqrt(d), so a spike is worth less than its norm; of no bits it is none."""
    updates = np.array([[9.0, 0, 0, 0], [3, 3, 3, -3], [4, -4, 4, 4], [2, 2, -2, 2]])
    air = Air(Grid(16, 2), Awgn(), 4, power_offsets_db=(0.0, 0.0, -300.0, 0.0))
    terms, shares = Terms(air, 4, 200), tf.fill([4], 0.25)
    link = air.draw(air.init(KEY), KEY, 0.0, terms.slots, 10.0)
    seen: Any = Given(updates)
    looks = Eyes(terms, shares, Sign(), 0.0).open(KEY, link, seen, None)
    norms = looks.delivered(tf.ones([4], tf.bool), 0.5)
    expected = np.abs(updates).sum(axis=1) / 2.0
    expected[2] = 0.0  # whose link carries nothing
    np.testing.assert_allclose(norms, expected, rtol=1e-6)
    plan = DeliverableUpdate(2).plan((), looks, KEY)[0]
    np.testing.assert_array_equal(plan.weights > 0, [True, True, False, False])
    np.testing.assert_allclose(rates(Round(terms, KEY, shares, link))[0], math.log2(11.0), rtol=1e-5)
