"""Joint bandwidth: all end together, as early as can be, against searches that share no formula with it."""

import itertools
import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import tensorflow as tf

from overair.learning.federated.planning.bandwidth import Uploads, joining, split, subcarriers

THREE = Uploads.of([0.1, 0.1, 0.3], 1e6, [10.0, 1.0, 3.0], 1e6)
ALL = tf.ones([3], tf.bool)


def ends(ready: np.ndarray, size: np.ndarray, snr: np.ndarray, share: np.ndarray) -> np.ndarray:
    """When each has sent on its share of the band."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return ready + size / (share * np.log2(1 + snr / share))


def earliest(ready: np.ndarray, size: np.ndarray, snr: np.ndarray) -> float:
    """The end at which shares, each found by a root finder of its own, add up to 1."""

    def needed(end: float) -> float:
        return sum(
            scipy.optimize.brentq(lambda b, k=k: ends(ready[k], size[k], snr[k], b) - end, 1e-9, 1e6)
            for k in range(len(ready))
        )

    alone = float(ends(ready, size, snr, np.ones(len(ready))).max())
    if len(ready) == 1:
        return alone
    return float(scipy.optimize.brentq(lambda end: needed(end) - 1, alone * (1 + 1e-9), 100 * alone, xtol=1e-12))


def some(devices: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.random(devices), rng.uniform(0.2, 2, devices), rng.exponential(5, devices) + 0.05


def test_three_devices_end_together() -> None:
    found = split(THREE, ALL)
    assert np.isclose(found.end, 1.292805, atol=5e-7)
    assert np.allclose(found.share, [0.134434, 0.579618, 0.285948], atol=5e-7)
    assert np.allclose(THREE.ends(found.share), found.end)
    assert np.isclose(tf.reduce_max(THREE.ends(tf.fill([3], tf.constant(1 / 3, tf.float64)))), 1.6, atol=5e-4)


@pytest.mark.parametrize(("devices", "seed"), [(1, 1), (2, 2), (7, 3), (30, 4)])
def test_the_end_is_the_earliest(devices: int, seed: int) -> None:
    ready, size, snr = some(devices, seed)
    found = tf.function(split, autograph=False)(Uploads.of(ready, 1e6 * size, snr, 1e6), tf.ones([devices], tf.bool))
    assert np.isclose(found.end, earliest(ready, size, snr), rtol=1e-9)
    assert np.isclose(tf.reduce_sum(found.share), 1) and np.allclose(
        ends(ready, size, snr, found.share.numpy()), found.end
    )


def test_a_share_is_that_of_lamberts_function() -> None:
    ready, size, snr = some(6, 5)
    end = 9.0
    g = size * math.log(2) / ((end - ready) * snr)
    expected = -g * snr / (scipy.special.lambertw(-g * np.exp(-g), -1).real + g)
    share = Uploads.of(ready, 1e6 * size, snr, 1e6).shares(tf.constant(end, tf.float64))
    assert np.all(g < 1) and np.allclose(share, expected, rtol=1e-8)


def test_only_those_chosen_share() -> None:
    ready, size, snr = some(5, 6)
    chosen = np.array([True, False, True, True, False])
    found = split(Uploads.of(ready, 1e6 * size, snr, 1e6), tf.constant(chosen))
    assert np.isclose(found.end, earliest(ready[chosen], size[chosen], snr[chosen]), rtol=1e-9)
    assert np.all((found.share.numpy() > 0) == chosen)
    nobody = split(THREE, tf.zeros([3], tf.bool))
    assert nobody.end == 0 and not np.any(nobody.share)


def test_who_never_can_send_makes_an_end_that_never_comes() -> None:
    for ready, snr in (([0.1, 0.1], [1.0, 0.0]), ([0.1, math.inf], [1.0, 1.0])):
        uploads = Uploads.of(ready, 1e6, snr, 1e6)
        assert split(uploads, ALL[:2]).end == math.inf and split(uploads, ALL[:2]).share.numpy().tolist() == [0.5, 0.5]
        assert subcarriers(uploads, ALL[:2], 8).end == math.inf
        order, when = tf.function(joining, autograph=False)(uploads)
        assert order.numpy().tolist() == [0, 1] and np.isfinite(when[0]) and when[1] == math.inf


def test_three_devices_on_64_subcarriers() -> None:
    found = subcarriers(THREE, ALL, 64)
    assert found.share.numpy().tolist() == [9, 37, 18] and np.isclose(found.end, 1.303170, atol=5e-7)


@pytest.mark.parametrize(("total", "seed"), [(9, 7), (12, 8), (23, 9)])
def test_no_other_deal_of_whole_subcarriers_ends_earlier(total: int, seed: int) -> None:
    ready, size, snr = some(4, seed)
    graph = tf.function(subcarriers, autograph=False)
    found = graph(Uploads.of(ready, 1e6 * size, snr, 1e6), tf.ones([4], tf.bool), total)
    deals = [deal for deal in itertools.product(range(1, total), repeat=4) if sum(deal) == total]
    best = ends(ready, size, snr, np.array(deals) / total).max(axis=1).min()
    assert int(tf.reduce_sum(found.share)) == total and np.isclose(found.end, best, rtol=1e-9)


def test_more_devices_than_subcarriers_never_end() -> None:
    found = subcarriers(THREE, ALL, 2)
    assert found.end == math.inf


def test_subcarriers_that_help_nobody_go_to_the_latest() -> None:
    uploads = Uploads.of([0.0, 0.0], 1e6, [4.0, 4.0], 1e6)
    found = subcarriers(uploads, ALL[:2], 5)
    assert sorted(found.share.numpy().tolist()) == [2, 3]
    assert np.isclose(found.end, ends(*map(np.array, (0.0, 1.0, 4.0, 2 / 5))))


@pytest.mark.parametrize("seed", [10, 11])
def test_devices_join_where_they_lengthen_the_round_least(seed: int) -> None:
    ready, size, snr = some(6, seed)
    order, when = tf.function(joining, autograph=False)(Uploads.of(ready, 1e6 * size, snr, 1e6))
    inside: list[int] = []
    for place in range(6):
        others = [k for k in range(6) if k not in inside]
        then = [earliest(*(each[[*inside, k]] for each in (ready, size, snr))) for k in others]
        assert order[place] == others[int(np.argmin(then))] and np.isclose(when[place], min(then), rtol=1e-8)
        inside.append(int(order[place]))
    assert np.all(np.diff(when) > 0)
