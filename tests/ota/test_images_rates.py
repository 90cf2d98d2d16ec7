"""Outage and modes: packets are lost as often as theory says, and what is sent again adds up."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import gamma

from overair.ota.image_links import ImageLinks
from overair.ota.rates import Offering, Rate, Repeats, Subchannel, _chain, _qam
from overair.ota.rates._modes import MODES, Mode, losses, packets
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.ldpc import Ldpc
from overair.ota.rates.mcs import Mcs, Taken
from overair.ota.rates.outage import Outage
from overair.phy import Air, Awgn, Grid, keys

AIR = Air(Grid(), Awgn(), 1)


def share(snr_db: float | np.ndarray, elements: int, devices: int = 1, gains: np.ndarray | None = None) -> Subchannel:
    """Devices that know the mean SNR, on channels of these powers."""
    believed = np.broadcast_to(10 ** (np.asarray(snr_db) / 10), [devices, elements]).astype(np.float32)
    strength = believed if gains is None else believed * gains[:, None].astype(np.float32)
    one = tf.ones([1, 1], tf.complex64)
    return Subchannel(tf.ones_like(believed), tf.constant(believed), tf.constant(strength), tf.zeros([1, 1]), one)


# --- Outage


@pytest.mark.parametrize(("error", "branches"), [(0.01, 1), (0.1, 1), (0.5, 1), (0.1, 4)])
def test_over_slow_rayleigh_fading_as_many_packets_are_lost_as_asked(error: float, branches: int) -> None:
    count = 20000
    gains = np.random.default_rng(branches).exponential(size=[count, branches]).mean(axis=1)
    mine, rate = share(7.0, 3, count, gains), Outage(error, branches)
    lost = 1 - np.mean(rate.crc_ok(mine, rate.bits(mine), tf.range(count), keys.key(0)))
    assert abs(lost - error) < 4.5 * (error * (1 - error) / count) ** 0.5


def test_outage_bits_are_those_of_the_fading_that_is_undercut_so_often() -> None:
    for error, branches in ((0.01, 1), (0.2, 3)):
        quantile = gamma.ppf(error, branches, scale=1 / branches)
        expected = 512 * np.log2(1 + quantile * 10**1.2)
        np.testing.assert_allclose(Outage(error, branches).bits(share(12.0, 512)), expected, rtol=1e-5)
    np.testing.assert_allclose(Outage(0.1).quantile, -np.log(0.9), rtol=1e-12)


# --- Packets


def plan(mode: Mode, symbols: int) -> _chain.PacketPlan:
    """Packets of one word on so many symbols."""
    return _chain.PacketPlan(*map(tf.constant, (_qam.ORDERS.index(mode.order), 1, mode.size(symbols), symbols)))


def taken(place: int, count: int, retransmissions: int = 0) -> Taken:
    """Devices that send in one mode."""
    return Mcs(retransmissions).taking(tf.fill([count], place))


def half_lost(place: int, elements: int) -> float:
    """The SNR in dB at which half of a mode's packets on so many elements are lost."""
    return float(losses(packets(tf.constant([elements])).size)[0][place, 0])


def test_symbols_have_unit_power_and_bits_are_random() -> None:
    for mode in (MODES[0], MODES[12], MODES[20], MODES[32]):
        x = _chain.send(plan(mode, 512), keys.key(1), tf.range(40), tf.zeros([40], tf.int32)).numpy()
        assert abs(np.mean(np.abs(x) ** 2) - 1) < 4.5 * (np.abs(x) ** 2).std() / x.size**0.5 + 1e-6
        assert len(np.unique(x[:, :20], axis=0)) == 40


@pytest.mark.slow
def test_one_by_one_and_many_at_once_lose_alike() -> None:
    """At an SNR where about half are lost, by the two ways a mode's packets are sent."""
    count, rate, snr_db = 100, taken(4, 100), half_lost(4, 300)
    mine = share(snr_db, 300, count)
    one = 1 - np.mean(rate.crc_ok(mine, rate.bits(mine), tf.range(count), keys.key(0)))
    way = ImageLinks(AIR, np.full(count, snr_db), 300, keys.key(1))
    many = 1 - np.mean(rate.deliver(mine, way.send, keys.key(2)).crc_ok)
    assert 0.15 < many < 0.85
    assert abs(one - many) < 4.5 * (2 * 0.25 / count) ** 0.5


# --- Sent again


class Ear:
    """AWGN of one power at each transmission, which counts what is sent."""

    def __init__(self, snrs_db: list[float]) -> None:
        self.snrs_db, self.sent = snrs_db, []  # type: tuple[list[float], list[np.ndarray]]

    def send(self, x: tf.Tensor, attempt: int) -> tuple[tf.Tensor, tf.Tensor]:
        self.sent.append(np.abs(x.numpy()) > 0)
        return ImageLinks(AIR, np.full(x.shape[0], self.snrs_db[attempt]), x.shape[1], keys.key(attempt, "ear")).send(
            x, 0
        )


def test_two_transmissions_added_are_one_of_the_sum_of_their_snrs() -> None:
    """In halves and in unlike parts, of which each alone is always lost; a bit more and there is no loss at all."""
    place, count = 12, 30
    mine, middle = share(7.5, 768, 30), half_lost(place, 768)
    for snr_db in (middle, middle + 2.0):
        snr = 10 ** (snr_db / 10)
        once = np.mean(taken(place, count).deliver(mine, Ear([snr_db]).send, keys.key(0)).crc_ok)
        assert once == 1 if snr_db > middle else 0.2 < once < 0.8
        for part in (0.5, 0.3):
            parts = [10 * np.log10(snr * part), 10 * np.log10(snr * (1 - part))]
            delivery = taken(place, count, 1).deliver(mine, Ear(parts).send, keys.key(1))
            assert abs(np.mean(delivery.crc_ok) - once) <= 4.5 * (2 * once * (1 - once) / count) ** 0.5
            np.testing.assert_array_equal(delivery.uses, 2 * 768)


def test_only_what_failed_is_sent_again_and_all_of_it_is_counted() -> None:
    count, elements, place = 30, 6144, 4  # two packets of 3072 symbols each
    mine, snr_db = share(0.0, elements, count), half_lost(4, 6144)
    ear = Ear([snr_db, 30.0, 30.0])
    delivery = taken(place, count, 2).deliver(mine, ear.send, keys.key(0))
    assert np.all(delivery.crc_ok) and len(ear.sent) == 2
    again = ear.sent[1].sum(axis=1)
    assert set(again.tolist()) == {0, 3072, 6144}
    np.testing.assert_array_equal(delivery.uses, elements + again)
    once = taken(place, count).deliver(mine, Ear([snr_db]).send, keys.key(0))
    np.testing.assert_array_equal(once.crc_ok, again == 0)
    np.testing.assert_array_equal(once.uses, elements)


def test_what_is_never_heard_is_sent_to_the_last_and_lost() -> None:
    mine = share(np.array([[15.0], [-15.0], [0.0]]), 512, 3)
    delivery = Mcs(retransmissions=3).deliver(mine, Ear([-40.0] * 4).send, keys.key(0))
    assert not np.any(delivery.crc_ok)
    np.testing.assert_array_equal(delivery.uses, [4 * 512, 512, 4 * 512])  # the second has nothing to send


def test_delivery_depends_on_its_key_alone() -> None:
    mine = share(0.0, 400, 40)
    send = ImageLinks(AIR, np.full(40, half_lost(6, 400)), 400, keys.key(1)).send
    one, again, other = (taken(6, 40).deliver(mine, send, keys.key(seed)).crc_ok for seed in (0, 0, 5))
    assert np.array_equal(one, again) and 0 < one.mean() < 1 and not np.array_equal(one, other)


def test_what_they_are() -> None:
    assert all(isinstance(rate, Rate) and isinstance(rate, Repeats) for rate in (Mcs(), Ldpc()))
    assert isinstance(Mcs(), Offering) and not isinstance(Ldpc(), Offering)
    assert isinstance(taken(0, 1), Rate) and isinstance(taken(0, 1), Repeats)
    assert isinstance(Outage(), Rate) and not isinstance(Outage(), Repeats) and not isinstance(Capacity(), Repeats)
