"""The chain of packets: every word has bits and noise of its own, plans differ, and packets pass a link and a graph."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from overair.ota.image_links import ImageLinks
from overair.ota.rates import Subchannel, _chain, _codes, _qam
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.ldpc import GAP_DB, HIGHEST, Ldpc
from overair.ota.rates.mcs import Mcs
from overair.ota.rates.outage import Outage
from overair.phy import Air, Awgn, Grid, keys

AIR = Air(Grid(), Awgn(), 1)


def share(devices: int, elements: int, snr_db: float | np.ndarray) -> Subchannel:
    """Devices that own all elements, on links that both sides know."""
    snr = np.broadcast_to(10 ** (np.asarray(snr_db) / 10), [devices, elements]).astype(np.float32)
    one = tf.ones([1, 1], tf.complex64)
    return Subchannel(tf.ones_like(snr), tf.constant(snr), tf.constant(snr), tf.zeros([1, 1]), one)


def plans(count: int, order: int, words: int, size: int, symbols: int) -> _chain.PacketPlan:
    return _chain.PacketPlan(*(tf.fill([count], value) for value in (_qam.ORDERS.index(order), words, size, symbols)))


def passed(plan: _chain.PacketPlan, mine: Subchannel, seed: int = 0) -> np.ndarray:
    count = mine.mask.shape[0]
    return _chain.passes(plan, mine, tf.ones([count]), tf.range(count), keys.key(seed)).numpy()


# --- Words of their own


def test_every_word_of_every_device_has_a_payload_of_its_own() -> None:
    plan = _chain.PacketPlan(*map(tf.constant, (0, 3, 100, 100)))
    devices, numbers = tf.constant([0, 0, 0, 1, 1, 4]), tf.constant([0, 1, 2, 0, 1, 0])
    sent = _chain.send(plan, keys.key(0), devices, numbers).numpy()
    alike = np.abs(sent @ sent.conj().T) / 100  # of unlike words about 100^-0.5
    np.testing.assert_allclose(np.diag(alike), 1, rtol=1e-5)
    assert np.max(alike - np.diag(np.diag(alike))) < 0.5
    np.testing.assert_array_equal(_chain.send(plan, keys.key(0), devices[4:], numbers[4:]), sent[4:])
    assert not np.array_equal(_chain.send(plan, keys.key(1), devices, numbers), sent)


def heard_of_nothing(
    monkeypatch: pytest.MonkeyPatch, plan: _chain.PacketPlan, mine: Subchannel
) -> tuple[np.ndarray, np.ndarray]:
    """What is read, [P, L], and the power it is taken for, where all symbols are zero."""
    found: list[Any] = []

    def read(_: Any, heard: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
        found.extend([heard.numpy(), power.numpy()])
        return tf.ones(tf.shape(heard)[:1], tf.bool)

    monkeypatch.setattr(_chain, "send", lambda *_: tf.zeros([], tf.complex64))
    monkeypatch.setattr(_chain, "read", read)
    assert np.all(passed(plan, mine))
    return found[0], found[1]


def test_every_word_of_every_device_has_noise_of_its_own_of_the_links_power(monkeypatch: pytest.MonkeyPatch) -> None:
    devices, words, symbols = 2, 3, 2000
    mine = share(devices, words * symbols, 6.0)._replace(csi_noise=tf.fill([1, 1], 0.5))
    noise, power = heard_of_nothing(monkeypatch, plans(devices, 2, words, 100, symbols), mine)
    together = noise @ noise.conj().T / symbols * 10**0.6  # the identity, with entries of deviation 1 / sqrt(L)
    np.testing.assert_allclose(together, np.eye(devices * words), atol=4.5 / symbols**0.5)
    np.testing.assert_allclose(power, 1.5 * 10**-0.6, rtol=1e-5)


def test_a_word_sees_the_whole_band_of_its_device_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Element e is heard with noise of power e + 1: word w of B has a device's own elements w, w + B, w + 2B, ..."""
    elements = 24
    own = np.stack([np.arange(elements) % 2 == 0, np.arange(elements) % 2 == 1])
    snr = tf.constant(np.broadcast_to(1 / (1 + np.arange(elements)), [2, elements]), tf.float32)
    mine = Subchannel(tf.constant(own, tf.float32), snr, snr, tf.zeros([1, 1]), tf.ones([1, 1], tf.complex64))
    power = heard_of_nothing(monkeypatch, plans(2, 2, 3, 40, 4), mine)[1].reshape(2, 3, 4)
    for device in range(2):
        for word in range(3):
            np.testing.assert_allclose(power[device, word], 1 + np.flatnonzero(own[device])[word::3], rtol=1e-5)


def test_noise_is_taken_for_what_is_not_known_of_each_own_element(monkeypatch: pytest.MonkeyPatch) -> None:
    own = np.arange(24) % 3 == 0
    mine = share(2, 24, 0.0)._replace(
        mask=tf.constant(np.broadcast_to(own, [2, 24]), tf.float32),
        csi_noise=tf.constant(np.arange(48).reshape(2, 24), tf.float32),
    )
    power = heard_of_nothing(monkeypatch, plans(2, 2, 1, 40, 8), mine)[1]
    np.testing.assert_allclose(power, 1 + np.arange(48).reshape(2, 24)[:, own], rtol=1e-5)


def test_a_packet_is_lost_with_any_of_its_words() -> None:
    """Words are lost apart from each other: of B words all are heard with the B-th power of the chance of one."""
    count, words = 400, 5
    one = np.mean(passed(plans(count, 2, 1, 100, 100), share(count, 100, 1.5)))
    all_of_them = np.mean(passed(plans(count, 2, words, 100, 100), share(count, words * 100, 1.5), seed=1))
    expected = one**words
    error = (words * one ** (words - 1)) ** 2 * one * (1 - one) / count + expected * (1 - expected) / count
    assert 0.5 < one < 0.95
    assert abs(all_of_them - expected) < 4.5 * error**0.5


def test_words_are_read_in_groups_and_come_back_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_chain, "GROUP", 300)
    seen: list[int] = []

    def double(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        seen.append(int(tf.shape(x)[0]))
        return 2.0 * x + y[:, None]

    x, y = np.random.default_rng(0).normal(size=[7, 2]), np.arange(7.0)
    np.testing.assert_array_equal(_chain._in_groups(double, tf.constant(100), tf.float64, x, y), 2 * x + y[:, None])
    assert seen == [3, 3, 3]


# --- How many bits


@pytest.mark.parametrize(("elements", "snr_db", "target"), [(200, 10.0, 0.1), (4000, 15.0, 0.01), (9000, 15.0, 0.3)])
def test_ldpc_takes_the_bits_of_its_formula_with_the_target_shared_by_words(
    elements: int, snr_db: float, target: float
) -> None:
    """Written out for a flat link, where words are equal; a bit a word may go by rounding."""
    best = 0
    for order in _qam.ORDERS:
        snr = tf.constant([10 ** ((snr_db - GAP_DB) / 10)], tf.float32)
        mean, variance = (elements * float(value[0]) for value in _qam.carried(order, snr))
        words = max(int(np.ceil(mean / _codes.MOST)), 1)
        room = mean / words - (variance / words) ** 0.5 * norm.isf(target / words)
        size = int(min(room, HIGHEST * order * (elements // words)))
        best = max(best, words * (size - _chain.CRC))
    found = int(Ldpc(target).bits(share(1, elements, snr_db))[0])
    assert abs(found - best) <= words
    alone = mean / words - (variance / words) ** 0.5 * norm.isf(target)
    assert words == 1 or alone - room > 2  # a target of each word would show


def test_ldpc_takes_the_bits_of_what_it_believes_with_elements_that_are_its_own() -> None:
    """On unlike elements the bits of a link are those of the mean of what elements carry; those of others count not."""
    mine = share(2, 400, np.where(np.arange(400) % 2, 18.0, -3.0))
    half = mine._replace(mask=tf.constant(np.stack([np.arange(400) % 2, 1 - np.arange(400) % 2]), tf.float32))
    apart = [float(Ldpc().bits(share(1, 200, snr_db))[0]) for snr_db in (18.0, -3.0)]
    np.testing.assert_array_equal(Ldpc().bits(half), apart)
    worse = mine._replace(snr=0.5 * mine.snr)
    np.testing.assert_array_equal(Ldpc().bits(worse), Ldpc().bits(mine))


# --- Over a link, again and again


@pytest.mark.parametrize("rate", [Ldpc(0.01), Mcs(retransmissions=1)], ids=str)
def test_packets_of_unlike_plans_reach_their_own_receivers(rate: Any) -> None:
    """Believed at four SNRs; the second is too weak for anything, and the link of the third is far worse."""
    believed, true = np.array([20.0, -25.0, 8.0, 12.0, 20.0]), np.array([22.0, 30.0, -10.0, 14.0, 22.0])
    mine = share(5, 300, believed[:, None])
    delivery = rate.deliver(mine, ImageLinks(AIR, true, 300, keys.key(0)).send, keys.key(1))
    np.testing.assert_array_equal(delivery.crc_ok, [True, False, False, True, True])
    again = isinstance(rate, Mcs)
    np.testing.assert_array_equal(delivery.uses, [300, 300, 600 if again else 300, 300, 300])
    np.testing.assert_array_equal(delivery.sends, [1, 1, 2 if again else 1, 1, 1])


def test_each_element_counts_by_the_noise_of_its_transmission() -> None:
    """Of two transmissions each is clear on a half of the elements and drowned on the other; together all is clear."""
    drowned = np.stack([np.arange(300) % 2, 1 - np.arange(300) % 2])  # [2, N]

    def link(x: tf.Tensor, attempt: int) -> tuple[tf.Tensor, tf.Tensor]:
        power = tf.constant(10.0 ** (4.0 * drowned[attempt] - 3.0), tf.float32)  # -30 and 10 dB
        noise = keys.complex_normal(keys.key(0, attempt), tf.shape(x))
        return x + noise * tf.cast(tf.sqrt(power), tf.complex64), power

    delivery = Mcs(retransmissions=1).deliver(share(8, 300, 15.0), link, keys.key(1))
    np.testing.assert_array_equal(delivery.sends, 2)
    assert np.all(delivery.crc_ok)


def test_the_two_ways_of_a_packet_lose_alike() -> None:
    """Over what a share says of the link, and over the link itself, where some four in ten are lost."""
    count, rate, snr_db = 600, Ldpc(0.2), 5.0
    mine = share(count, 90, snr_db)
    link = ImageLinks(AIR, np.full(count, snr_db - 0.7), 90, keys.key(1))
    plan = rate._plan(mine)
    one = np.mean(passed(plan, link.share))
    many = np.mean(_chain.deliver(plan, 90, link.send, keys.key(2)).crc_ok)
    assert 0.2 < many < 0.8
    assert abs(one - many) < 4.5 * (2 * many * (1 - many) / count) ** 0.5


def test_the_longest_packets_of_the_staircase_are_heard_in_a_compiled_graph() -> None:
    """4220 bits, more than base graph 2 has."""
    mine, rate = share(12, 570, 27.0), Mcs()
    assert _codes.MOST < float(rate.bits(mine)[0]) <= _codes.LARGEST
    arrives = tf.function(rate.crc_ok, autograph=False)(mine, rate.bits(mine), tf.range(12), keys.key(0))
    assert np.mean(arrives) > 0.6


# --- What a share holds


@pytest.mark.parametrize("rate", [Capacity(), Outage()], ids=str)
def test_what_the_receiver_does_not_know_costs_bits_and_what_is_believed_does_not_help(rate: Any) -> None:
    """Bits arrive up to sum_l log2(1 + SNR_l / (1 + e)) and no further."""
    mine = share(3, 50, 10.0)._replace(csi_noise=tf.constant([[0.0], [1.0], [4.0]]))
    limits = 50 * np.log2(1 + 10 / (1 + np.array([0.0, 1.0, 4.0])))
    for factor, expected in ((0.999, True), (1.001, False)):
        arrives = rate.crc_ok(mine, tf.constant(factor * limits, tf.float32), tf.range(3), keys.key(0))
        np.testing.assert_array_equal(arrives, [expected] * 3)


def test_short_packets_are_lost_by_the_spread_of_the_true_channel() -> None:
    """Its SNR is -5 dB, where bits vary less than at the 20 dB believed; R_0 + 1 deviation is lost with Q(-1)."""
    count, elements, snr = 4000, 60, 10**-0.5
    mine = share(count, elements, 20.0)._replace(snr=tf.fill([count, elements], snr))
    spread = (elements * (1 - (1 + snr) ** -2)) ** 0.5 * np.log2(np.e)
    bits = elements * np.log2(1 + snr) + np.log2(2 * elements) / 2 + spread
    arrives = Capacity(0.1).crc_ok(mine, tf.fill([count], float(bits)), tf.range(count), keys.key(0))
    expected = norm.sf(-1.0)
    assert abs(1 - np.mean(arrives) - expected) < 4.5 * (expected * (1 - expected) / count) ** 0.5
