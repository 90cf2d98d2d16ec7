"""Outage and modes: packets are lost as often as theory says, and the staircase is the published one."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import gamma
from sionna.phy.mapping import Demapper, Mapper

from overair.ota.image_links import ImageLinks
from overair.ota.rates import Rate, Repeats, Subchannel, _chain, _codes, _qam
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.ldpc import Ldpc
from overair.ota.rates.mcs import LONGEST, TABLE, Mcs, Mode
from overair.ota.rates.outage import Outage
from overair.phy import Air, Awgn, Grid, keys

AIR = Air(Grid(), Awgn(), 1)


def share(snr_db: float | np.ndarray, elements: int, devices: int = 1, gains: np.ndarray | None = None) -> Subchannel:
    """Devices that know the mean SNR, on channels of these powers."""
    believed = np.broadcast_to(10 ** (np.asarray(snr_db) / 10), [devices, elements]).astype(np.float32)
    strength = believed if gains is None else believed * gains[:, None].astype(np.float32)
    one = tf.ones([1, 1], tf.complex64)
    return Subchannel(tf.ones_like(believed), tf.constant(believed), tf.constant(strength), tf.zeros([1, 1]), one)


def bolder(mine: Subchannel, db: float) -> Subchannel:
    """The same of devices that count on more."""
    return mine._replace(believed=mine.believed * 10 ** (db / 10))


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


# --- The staircase


def published(snr_db: float) -> Mode | None:
    """The fastest mode of the published table under an SNR, looked for one by one."""
    table = {
        (2, 1, 3): -0.75,
        (2, 1, 2): 1.5,
        (2, 2, 3): 3.5,
        (4, 1, 3): 4.0,
        (4, 1, 2): 6.75,
        (4, 2, 3): 9.5,
        (6, 1, 3): 7.5,
        (6, 1, 2): 11.0,
        (6, 2, 3): 14.5,
    }
    open_to = [Mode(*key, threshold) for key, threshold in table.items() if threshold <= snr_db]
    return max(open_to, key=lambda mode: (mode.efficiency, -mode.threshold_db), default=None)


def chosen(snr_db: float, rate: Mcs | None = None, elements: int = 1536) -> Mode | None:
    place = int((rate or Mcs()).places(share(snr_db, elements))[0])
    return TABLE[place] if place >= 0 else None


STEPS = {0: (2, 1, 3), 2: (2, 1, 2), 5: (2, 2, 3), 7: (4, 1, 2), 10: (4, 2, 3), 12: (6, 1, 2), 15: (6, 2, 3)}


@pytest.mark.parametrize("snr_db", STEPS)
def test_the_staircase_takes_the_published_rates(snr_db: int) -> None:
    """At 5 dB the published mode is 16-QAM 1/3: as many bits, from a threshold half a decibel higher."""
    mode = chosen(float(snr_db))
    assert mode is not None and mode[:3] == STEPS[snr_db] and mode == published(snr_db)
    assert Mcs().bits(share(float(snr_db), 1536)) == round(1536 * mode.efficiency)


def test_at_every_snr_the_fastest_allowed_is_taken_and_below_all_nothing() -> None:
    for snr_db in np.arange(-3.0, 20.0, 0.25):
        assert chosen(snr_db) == published(snr_db)
    assert Mcs().bits(share(-1.0, 1536)) == 0 < Mcs().bits(share(-0.75, 1536))
    assert Mcs().bits(share(20.0, 9)) == 0  # 36 bits are too few


def test_unequal_elements_count_as_the_snr_they_make() -> None:
    two = np.where(np.arange(1536) % 2, -20.0, 14.0)[None]  # means of -3 dB in dB and of 11 dB in power
    flat = 10 * np.log10(np.sqrt((1 + 10**-2) * (1 + 10**1.4)) - 1)
    place = int(Mcs().places(share(two, 1536))[0])
    assert TABLE[place] == published(flat) and published(flat) not in (published(-3.0), published(11.0))


@pytest.mark.parametrize("elements", [80, 512, 3072, 3073, 20000])
def test_packets_are_of_one_size_and_no_longer_than_allowed(elements: int) -> None:
    for mode in filter(None, map(published, (each.threshold_db for each in TABLE))):
        bits = float(Mcs().bits(share(mode.threshold_db, elements))[0])
        packets = next(count for count in range(1, 100) if elements * mode.order <= count * LONGEST)
        symbols = elements // packets
        assert bits == packets * (symbols * mode.order * mode.above // mode.below)


# --- Packets


def plan(mode: Mode, symbols: int) -> _chain.PacketPlan:
    """Packets of one word on so many symbols."""
    size = symbols * mode.order * mode.above // mode.below
    return _chain.PacketPlan(*map(tf.constant, (_qam.ORDERS.index(mode.order), 1, size, symbols)))


def lost(mode: Mode, snr_db: float, packets: int, interleaved: bool = True) -> float:
    """Of so many packets of a mode over AWGN, of the length that the table is for."""
    length = 6144 if mode.below == 2 else 4608
    sizes = plan(mode, length // mode.order)
    link = ImageLinks(AIR, np.full(packets, snr_db), length // mode.order, keys.key(0, "noise"))
    if interleaved:
        x = _chain.send(sizes, keys.key(0, "bits"), tf.range(packets), tf.zeros([packets], tf.int32))
        heard, power = link.send(x, 0)
        return 1 - float(np.mean(_chain.read(sizes, heard, tf.broadcast_to(power, heard.shape))))
    code = _codes.choose(sizes.size, tf.constant(length))
    bits = tf.cast(keys.uniform(keys.key(0, "bits"), [packets, int(sizes.size)]) < 0.5, tf.float32)
    heard, power = link.send(Mapper("qam", mode.order)(_codes.encode(code, bits, tf.constant(length))), 0)
    llr = Demapper("app", "qam", mode.order)(heard, tf.broadcast_to(power, heard.shape))
    return float(np.mean(np.any(_codes.decode(code, llr, sizes.size) != bits, axis=1)))


def test_qpsk_at_a_third_has_its_threshold() -> None:
    """With 100 packets a share of 2 % is below 8.3 % at 4.5 standard errors; half a dB lower a third is lost."""
    assert lost(TABLE[0], TABLE[0].threshold_db, 100) < 0.083
    assert lost(TABLE[0], TABLE[0].threshold_db - 0.5, 100) > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("mode", TABLE, ids=lambda mode: f"{2**mode.order}-QAM {mode.above}/{mode.below}")
def test_every_mode_has_its_threshold(mode: Mode) -> None:
    """Without the bit interleaver 2 % are lost within a quarter of a decibel of the table's entry.

    Among 400 packets 2 % are 8 +- 2.8, and ten times as many are lost an eighth of a decibel lower: 0.05 dB are two
    standard errors. With 5G's interleaver no more are lost than without, and the entry is at most 0.4 dB too high.
    """
    offsets = np.array([-0.75, -0.5, -0.25, 0.0, 0.25])

    def measured(interleaved: bool) -> float:
        shares = [max(lost(mode, mode.threshold_db + offset, 400, interleaved), 1e-4) for offset in offsets]
        return float(np.interp(-np.log(0.02), -np.log(shares), offsets))

    plain, interleaved = measured(False), measured(True)
    print(f"{mode}: {mode.threshold_db + plain:.2f} dB, interleaved {mode.threshold_db + interleaved:.2f} dB")
    assert abs(plain) < 0.25
    assert -0.45 < interleaved < plain + 0.1


def test_symbols_have_unit_power_and_bits_are_random() -> None:
    for mode in (TABLE[0], TABLE[4], TABLE[8]):
        x = _chain.send(plan(mode, 512), keys.key(1), tf.range(40), tf.zeros([40], tf.int32)).numpy()
        assert abs(np.mean(np.abs(x) ** 2) - 1) < 4.5 * (np.abs(x) ** 2).std() / x.size**0.5 + 1e-6
        assert len(np.unique(x[:, :20], axis=0)) == 40


@pytest.mark.slow
def test_one_by_one_and_many_at_once_lose_alike() -> None:
    """At an SNR where about half are lost, by the two ways a mode's packets are sent."""
    count, rate, snr_db = 100, Mcs(), -1.5
    mine = bolder(share(snr_db, 300, count), 1.0)
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
    mine, count = share(7.5, 768, 30), 30
    for snr_db in (5.95, 8.0):
        snr = 10 ** (snr_db / 10)
        once = np.mean(Mcs().deliver(mine, Ear([snr_db]).send, keys.key(0)).crc_ok)
        assert once == 1 if snr_db > 7 else 0.2 < once < 0.8
        for part in (0.5, 0.3):
            parts = [10 * np.log10(snr * part), 10 * np.log10(snr * (1 - part))]
            delivery = Mcs(retransmissions=1).deliver(mine, Ear(parts).send, keys.key(1))
            assert abs(np.mean(delivery.crc_ok) - once) <= 4.5 * (2 * once * (1 - once) / count) ** 0.5
            np.testing.assert_array_equal(delivery.uses, 2 * 768)


def test_only_what_failed_is_sent_again_and_all_of_it_is_counted() -> None:
    count, elements = 30, 6144
    mine = share(0.0, elements, count)  # two packets of 3072 symbols each
    ear = Ear([-1.2, 30.0, 30.0])
    delivery = Mcs(retransmissions=2).deliver(mine, ear.send, keys.key(0))
    assert np.all(delivery.crc_ok) and len(ear.sent) == 2
    again = ear.sent[1].sum(axis=1)
    assert set(again.tolist()) == {0, 3072, 6144}
    np.testing.assert_array_equal(delivery.uses, elements + again)
    once = Mcs().deliver(mine, Ear([-1.2]).send, keys.key(0))
    np.testing.assert_array_equal(once.crc_ok, again == 0)
    np.testing.assert_array_equal(once.uses, elements)


def test_what_is_never_heard_is_sent_to_the_last_and_lost() -> None:
    mine = share(np.array([[15.0], [-5.0], [0.0]]), 512, 3)
    delivery = Mcs(retransmissions=3).deliver(mine, Ear([-40.0] * 4).send, keys.key(0))
    assert not np.any(delivery.crc_ok)
    np.testing.assert_array_equal(delivery.uses, [4 * 512, 512, 4 * 512])  # the second has nothing to send


def test_delivery_depends_on_its_key_alone() -> None:
    mine = bolder(share(0.0, 400, 40), 0.7)
    send = ImageLinks(AIR, np.full(40, -1.4), 400, keys.key(1)).send
    one, again, other = (Mcs().deliver(mine, send, keys.key(seed)).crc_ok for seed in (0, 0, 5))
    assert np.array_equal(one, again) and 0 < one.mean() < 1 and not np.array_equal(one, other)


def test_what_they_are() -> None:
    assert all(isinstance(rate, Rate) and isinstance(rate, Repeats) for rate in (Mcs(), Ldpc()))
    assert isinstance(Outage(), Rate) and not isinstance(Outage(), Repeats) and not isinstance(Capacity(), Repeats)
