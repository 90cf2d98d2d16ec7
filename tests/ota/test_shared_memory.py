"""What device and server share (EF21, DIANA), and updates averaged over rounds: fixed points, lost packets, biases."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Digital, RandomK, Round, Subchannel, Terms, TopK, apply
from overair.phy import Air, Awgn, Grid, keys
from overair.phy.keys import Key
from tests.ota.shrunk import Shrunk

GRID = Grid(subcarriers=32, symbols=4, prefix=8)


@dataclass(frozen=True)
class Losing:
    """So many bits, and packets of some rounds are lost: those that stand in ``lost``, counted by calls."""

    size: float
    lost: tuple[int, ...] = ()
    calls: list[int] = field(default_factory=list)

    def bits(self, share: Subchannel) -> tf.Tensor:
        return tf.fill([tf.shape(share.mask)[0]], self.size)

    def crc_ok(self, share: Subchannel, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        self.calls.append(len(self.calls))
        return tf.fill(tf.shape(devices), self.calls[-1] not in self.lost)


def played(
    uplink: Digital, updates: np.ndarray, rounds: int, compiled: bool = False
) -> tuple[np.ndarray, list[np.ndarray], list[float]]:
    """The estimates [R, d], what is kept after each round [K, d], and NMSEs, of updates [K, d] or [R, K, d]."""
    every = updates if updates.ndim == 3 else np.tile(updates, [rounds, 1, 1])
    devices, size = every.shape[1:]
    terms = Terms(Air(GRID, Awgn(), devices), size, 64)
    place = terms.air.init(keys.key(0))
    state, estimates, kept, errors = uplink.init(terms, place), [], [], []

    def one(state: Any, index: tf.Tensor, values: tf.Tensor) -> tuple[tf.Tensor, Any, Any]:
        link = terms.air.draw(place, keys.key(1, index), 0.0, terms.slots, 20.0)
        round = Round(terms, keys.key(2, index), tf.ones([devices]) / devices, link)
        return apply(uplink, state, round, values)

    play = tf.function(one, autograph=False) if compiled else one
    for index in tf.range(rounds):
        estimate, state, report = play(state, index, tf.constant(every[index], tf.float32))
        estimates.append(estimate.numpy())
        kept.append(state.owed.numpy())
        errors.append(float(report.nmse_sent))
    return np.array(estimates), kept, errors


@pytest.mark.parametrize(("share", "weight"), [(0.5, 1.0), (0.3, 1.0), (0.6, 0.4)])
def test_what_is_shared_approaches_a_constant_update_geometrically(share: float, weight: float) -> None:
    """h_t = (1 - (1 - b s)^t) g, and h + s (g - h) is read."""
    update = np.array([[1.0, -2.0, 0.5]])
    uplink = Digital(Shrunk(share), rate=Losing(99.0), feedback=weight, memory="shared", margin_db=0.0)
    estimates, kept, errors = played(uplink, update, 12)
    for t in range(12):
        before = 1 - (1 - weight * share) ** t
        np.testing.assert_allclose(kept[t], (1 - (1 - weight * share) ** (t + 1)) * update, rtol=1e-5)
        np.testing.assert_allclose(estimates[t], (before + share * (1 - before)) * update[0], rtol=1e-5)
        assert errors[t] == pytest.approx(((1 - share) * (1 - before)) ** 2, rel=1e-3, abs=1e-9)


def test_a_lost_packet_leaves_both_ends_as_they_were() -> None:
    update = np.array([[4.0, -1.0]])
    uplink = Digital(Shrunk(0.5), rate=Losing(99.0, lost=(1, 3, 4)), feedback=1.0, memory="shared", margin_db=0.0)
    estimates, kept, _ = played(uplink, update, 7)
    arrived = np.cumsum([1, 0, 1, 0, 0, 1, 1])
    for t in range(7):
        np.testing.assert_allclose(kept[t], (1 - 0.5 ** arrived[t]) * update, rtol=1e-6)
        np.testing.assert_allclose(estimates[t], kept[t][0], rtol=1e-6)


def test_devices_that_disagree_are_heard_out() -> None:
    """The largest entries cancel: top-1 alone never sends what they have in common, what is shared brings it."""
    updates = np.array([[9.0, 1.0, 0.5], [-9.0, 1.0, 0.5]])
    bits = 32.0 + np.log2(3) + 0.5
    alone, _, _ = played(Digital(TopK(value_bits=32), rate=Losing(bits), margin_db=0.0), updates, 4)
    np.testing.assert_allclose(alone, np.zeros([4, 3]), atol=1e-6)
    uplink = Digital(TopK(value_bits=32), rate=Losing(bits), feedback=1.0, memory="shared", margin_db=0.0)
    shared, _, _ = played(uplink, updates, 4)
    np.testing.assert_allclose(shared, np.array([[0, 0, 0], [0, 1, 0], [0, 1, 0.5], [0, 1, 0.5]]), atol=1e-6)


def test_an_unbiased_compressor_needs_a_weight_and_then_errs_ever_less() -> None:
    """Random-k of d: with b = k/d what is shared misses 1 - k/d of what it missed, in the mean over draws."""
    update = np.random.default_rng(0).normal(size=(1, 40))
    uplink = Digital(RandomK(), rate=Losing(32.0 * 10), feedback=0.25, memory="shared", margin_db=0.0)
    _, kept, _ = played(uplink, update, 30)
    left = [((update - one) ** 2).sum() / (update**2).sum() for one in kept]
    assert left[-1] < 0.01  # 0.75^30 is 2e-4 in the mean
    entries = np.isclose(kept[0], update, rtol=1e-5).sum()
    assert entries == 10  # d/k times b: those that were sent are known at once


@pytest.mark.parametrize("momentum", [0.1, 0.5])
def test_momentum_averages_updates_before_they_are_compressed(momentum: float) -> None:
    """v_t = sum_s e (1-e)^(t-s) u_s, and all of it arrives here."""
    updates = np.random.default_rng(1).normal(size=(8, 2, 3))
    for extra in ({}, {"feedback": 1.0, "memory": "shared"}):
        uplink = Digital(Shrunk(1.0), rate=Losing(99.0), momentum=momentum, margin_db=0.0, **extra)  # type: ignore[arg-type]
        estimates, _, errors = played(uplink, updates, 8)
        for t in range(8):
            weights = momentum * (1 - momentum) ** np.arange(t, -1, -1)
            np.testing.assert_allclose(estimates[t], np.tensordot(weights, updates[: t + 1].mean(1), 1), atol=1e-5)
            assert errors[t] < 1e-9


def test_momentum_lowers_the_noise_of_what_is_shared() -> None:
    """Of noisy updates of a constant mean v has e/(2 - e) of the variance."""
    rng, mean = np.random.default_rng(2), np.array([1.0, -1.0, 2.0])
    updates = mean + rng.normal(size=(400, 1, 3))
    uplink = Digital(Shrunk(1.0), rate=Losing(99.0), momentum=0.2, feedback=1.0, memory="shared", margin_db=0.0)
    estimates, _, _ = played(uplink, updates, 400, compiled=True)
    variance = ((estimates[50:] - mean) ** 2).mean()
    assert abs(variance - 0.2 / 1.8) < 4.5 * 0.2 / 1.8 * (2 / (3 * 350 * 0.2 / 1.8)) ** 0.5


def test_memory_of_averages_is_refused_where_it_would_not_fit() -> None:
    terms = Terms(Air(GRID, Awgn(), 400), 4_000_000, 64)
    with pytest.raises(ValueError, match=r"expected at most 4 GiB"):
        Digital(momentum=0.5).check(terms)
