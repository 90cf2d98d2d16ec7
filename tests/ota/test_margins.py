"""Adaptive margins: packets are lost as often as they may be, nobody is silent for good, and nothing else changes."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Digital, Round, Terms, apply, margins
from overair.ota.compressors import ALONE, Known
from overair.ota.rates import Rate, Subchannel
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.ldpc import Ldpc
from overair.ota.rates.outage import Outage
from overair.phy import (
    Air,
    Amplifier,
    Awgn,
    Channel,
    Csi,
    Delayed,
    ErrorVariance,
    Estimated,
    Grid,
    PhaseNoise,
    QuantizedFeedback,
    Rayleigh,
    Tdl,
    detect,
    expected,
    keys,
)
from overair.phy.csi.perfect import Perfect
from overair.phy.keys import Key

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
LMMSE = Estimated("lmmse", 4)
CHANNELS: dict[str, Channel] = {
    "awgn": Awgn(),
    "rayleigh": Rayleigh(),
    "tdl at 3 m/s": Tdl("A", 1e-7, speed=3.0),
    "tdl at 30 m/s": Tdl("A", 1e-7, speed=30.0),
}
CSI: dict[str, tuple[Csi, Csi]] = {
    "estimated": (LMMSE, LMMSE),
    "estimated, receiver perfect": (LMMSE, Perfect()),
    "receiver estimated": (Perfect(), LMMSE),
    "delayed": (Delayed(), Delayed()),
    "delayed, receiver perfect": (Delayed(), Perfect()),
    "delayed, receiver estimated": (Delayed(), LMMSE),
    "erroneous": (ErrorVariance(0.1), ErrorVariance(0.1)),
}


class Whole:
    """Sends everything in as many bits as there are."""

    unbiased = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return update, bits


class Played(NamedTuple):
    """Of every round and device, [R, K], and the bits of every round, [R]."""

    sent: np.ndarray
    decoded: np.ndarray
    margins: np.ndarray
    bits: np.ndarray

    def lost(self, first: int) -> float:
        """The share of packets that are lost from a round on."""
        return float(1 - self.decoded[first:].sum() / max(self.sent[first:].sum(), 1))


def player(air: Air, rate: Rate, elements: int, participation: float = 1.0, **fields: Any) -> Any:
    """A function from rounds and an SNR to what was played, compiled once."""
    uplink, terms = Digital(Whole(), rate, **fields), Terms(air, 1, elements)
    place, everybody = air.init(keys.key(0, "place")), tf.ones([air.devices])
    silent = terms.energy(tf.zeros([air.devices]))

    @tf.function(autograph=False)
    def rounds(count: tf.Tensor, snr_db: tf.Tensor) -> Any:
        def one(number: tf.Tensor, state: Any, *kept: tf.TensorArray) -> Any:
            key = keys.key(1, "round", number)
            weights = tf.cast(keys.uniform(key, [air.devices]) < participation, tf.float32)
            time = tf.cast(number, tf.float64) * terms.airtime
            link = air.draw(place, keys.fold(key, "link"), time, terms.slots, snr_db)
            _, after, report = apply(uplink, state, Round(terms, key, weights, link), everybody[:, None])
            found = report.energy > silent * 1.0001 + 1e-9, report.decoded, after.margins.db, report.bits
            return number + 1, after, *(array.write(number, each) for array, each in zip(kept, found, strict=True))

        kept = (tf.TensorArray(dtype, count) for dtype in (tf.bool, tf.bool, tf.float32, tf.float32))
        start = tf.constant(0), uplink.init(terms, place), *kept
        found = tf.while_loop(lambda number, *_: number < count, one, start, parallel_iterations=1)
        return [array.stack() for array in found[2:]]

    def play(count: int, snr_db: float) -> Played:
        return Played(*(each.numpy() for each in rounds(tf.constant(count), tf.constant(snr_db))))

    return play


# --- The loop


@pytest.mark.parametrize("p", [0.02, 0.1, 0.5, 0.9])
def test_whatever_is_lost_the_share_lost_is_the_target_but_for_the_way_of_the_margin(p: float) -> None:
    """L - p N = (m_N - m_0) max(p, 1 - p) / s over N packets of which L are lost, once steps are the last."""
    rng, count, packets = np.random.default_rng(0), 50, 2000
    state = margins.Margins(tf.zeros([count]), tf.fill([count], 100.0))
    needed = rng.normal(5.0, 4.0, [packets, count])  # the margin with which a packet arrives
    arrived, db = np.zeros([packets, count], bool), np.zeros([packets + 1, count])
    for at, row in enumerate(needed):
        arrived[at] = row <= state.db.numpy()
        state = margins.step(state, tf.ones([count], tf.bool), arrived[at], tf.zeros([count], tf.bool), p, -30.0)
        db[at + 1] = state.db
    for some in (slice(0, packets), slice(packets // 2, packets)):
        lost, number = (~arrived[some]).sum(axis=0), some.stop - some.start
        way = (db[some.stop] - db[some.start]) * max(p, 1 - p) / margins.LAST
        np.testing.assert_allclose(lost - p * number, way, atol=2e-6 * packets * np.abs(db).max())
    assert np.all(np.abs(lost / number - p) < min(p, 1 - p) / 3)


def test_a_margin_moves_with_its_devices_packets_alone() -> None:
    state = margins.Margins(tf.constant([2.0, 2.0, 2.0, 2.0, 0.05]), tf.constant([0.0, 4.0, 100.0, 2.0, 100.0]))
    sent, arrived = tf.constant([True, True, True, False, True]), tf.constant([False, False, True, False, True])
    after = margins.step(state, sent, arrived, tf.zeros([5], tf.bool), 0.1, 0.0)
    np.testing.assert_allclose(after.db, [2 + 3, 2 + 3 / 4, 2 - 0.5 / 9, 2, 0], rtol=1e-6)
    np.testing.assert_allclose(after.packets, [0, 5, 101, 2, 101])
    held = margins.step(state, tf.zeros([5], tf.bool), arrived, tf.ones([5], tf.bool), 0.1, -1.0)
    np.testing.assert_allclose(held.db, [2 - 3 / 9, 2 - 0.75 / 9, 2 - 0.5 / 9, 2 - 1.5 / 9, 0.05 - 0.5 / 9], rtol=1e-6)
    np.testing.assert_array_equal(held.packets, state.packets)


class Never:
    """Offers some bits from an SNR of 10 on, and loses all."""

    def bits(self, subchannel: Subchannel) -> tf.Tensor:
        return tf.reduce_sum(subchannel.mask * tf.cast(subchannel.believed > 10.0, tf.float32), axis=1)

    def crc_ok(self, subchannel: Subchannel, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        return tf.zeros_like(bits, tf.bool)


def test_who_is_never_heard_sends_a_packet_in_ten_rounds_and_who_cannot_send_keeps_its_margin() -> None:
    play = player(Air(GRID, Awgn(), 4), Never(), 32)
    often, seldom = play(400, 10.0), play(50, 0.0)  # 16 dB and 6 dB on own elements
    assert np.all(np.abs(often.sent[100:].mean(axis=0) - 0.1) < 0.02) and not np.any(often.decoded)
    assert not np.any(seldom.sent) and not np.any(seldom.margins)


# --- The uplink


def worst(csi: str, channel: str, rate: Rate, snrs_db: list[float], devices: int, elements: int, rounds: int) -> None:
    """Packets are lost as often as they may be, to a third; nothing at all where the device knows what arrives."""
    csit, csir = CSI[csi]
    play = player(Air(GRID, CHANNELS[channel], devices, csit=csit, csir=csir), rate, elements)
    told = isinstance(rate, Capacity) and csi in ("estimated", "delayed")
    exact = isinstance(rate, Capacity) and csi.startswith("delayed") and channel in ("awgn", "rayleigh")
    for snr_db in snrs_db:
        played = play(rounds, snr_db)
        lost, sent = played.lost(50), played.sent[50:].mean()
        top = sent == 1 and played.bits.min() == played.bits.max()  # of the fastest, which is never lost
        print(f"{csi}, {channel}, {snr_db:g} dB: sent {sent:.2f}, lost {lost:.3f}, {played.margins[-1].mean():.1f} dB")
        if sent < 0.02:
            continue  # next to silent without a margin
        if told or (exact and "estimated" not in csi):
            assert lost == 0 and not np.any(played.margins)
        elif played.margins[-1].mean() < -3 or top:
            assert lost < 0.1
        else:
            assert abs(lost - 0.1) < 0.1 / 3


@pytest.mark.parametrize(
    ("csi", "channel"),
    [
        ("estimated, receiver perfect", "rayleigh"),
        ("receiver estimated", "rayleigh"),
        ("delayed, receiver perfect", "tdl at 30 m/s"),
    ],
)
def test_as_many_packets_of_long_codes_are_lost_as_may_be(csi: str, channel: str) -> None:
    worst(csi, channel, Capacity(), [-5.0, 10.0, 30.0], 40, 400, 200)


def test_within_twenty_rounds_most_packets_arrive() -> None:
    """Where without a margin only half do."""
    air = Air(GRID, Tdl("A", 1e-7, speed=30.0), 40, csit=LMMSE)
    adaptive, fixed = (player(air, Capacity(), 400, margin_db=each)(60, 10.0) for each in ("adaptive", 0.0))
    assert adaptive.lost(20) < 0.2
    assert adaptive.decoded[20:].mean() > 0.8
    assert not np.any(fixed.margins)


@pytest.mark.slow
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("csi", CSI)
def test_packets_of_long_codes_over_every_channel_are_lost_as_often_as_may_be(csi: str, channel: str) -> None:
    worst(csi, channel, Capacity(), [-5.0, 0.0, 10.0, 20.0, 30.0], 40, 400, 250)


@pytest.mark.slow
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("csi", ["estimated", "estimated, receiver perfect", "delayed, receiver perfect"])
def test_packets_of_real_codes_over_every_channel_are_lost_as_often_as_may_be(csi: str, channel: str) -> None:
    worst(csi, channel, Ldpc(), [-5.0, 5.0, 15.0, 30.0], 16, 16 * 60, 150)


def test_where_both_know_the_channel_long_codes_are_what_they_are_without_a_margin() -> None:
    """Bit for bit, and nobody acknowledges."""
    air = Air(GRID, Tdl("A", 1e-7, speed=30.0), 8, 2)
    adaptive, fixed = (player(air, Capacity(), 200, margin_db=each)(20, 5.0) for each in ("adaptive", 0.0))
    for one, other in zip(adaptive, fixed, strict=True):
        np.testing.assert_array_equal(one, other)
    assert adaptive.decoded.all()


def test_a_bit_is_counted_for_every_packet_that_is_acknowledged() -> None:
    air = Air(GRID, Rayleigh(), 8, csit=LMMSE, csir=LMMSE)  # two that believe the same
    adaptive, fixed = (player(air, Capacity(), 200, 0.5, margin_db=each)(20, 5.0) for each in ("adaptive", 0.0))
    np.testing.assert_allclose(adaptive.bits - fixed.bits, adaptive.sent.sum(axis=1), rtol=1e-3)
    assert 0.2 < adaptive.sent.mean() < 0.8


def test_a_device_that_takes_no_part_keeps_its_margin() -> None:
    played = player(Air(GRID, Rayleigh(), 30, csit=ErrorVariance(0.2)), Capacity(), 300, 0.5)(80, 10.0)
    before = np.concatenate([np.zeros([1, 30]), played.margins[:-1]])
    np.testing.assert_array_equal(played.margins[~played.sent], before[~played.sent])
    assert np.all(played.margins[played.sent] != before[played.sent])
    assert abs(played.lost(40) - 0.1) < 0.1


def test_disturbance_that_nobody_foresees_is_kept_clear_of() -> None:
    """Of a waveform: without a margin every packet is lost."""
    air = Air(GRID, Awgn(), 6, impairments=(PhaseNoise(300.0),))
    assert not air.orthogonal
    adaptive, fixed = (player(air, Capacity(), 120, margin_db=each)(60, 30.0) for each in ("adaptive", 0.0))
    assert fixed.lost(0) > 0.9
    assert adaptive.lost(30) < 0.25 and adaptive.decoded[30:].mean() > 0.75


@pytest.mark.parametrize(
    ("air", "rate", "snr_db", "elements"),
    [
        (Air(GRID, Rayleigh(), 40, csit=ErrorVariance(0.1)), Capacity(0.1), -5.0, 400),
        (Air(GRID, Rayleigh(), 6, impairments=(Amplifier(),)), Capacity(), 20.0, 120),
    ],
    ids=["finite packets at low SNR", "waveforms through amplifiers"],
)
def test_early_losses_are_the_price_of_finding_the_margin(air: Air, rate: Rate, snr_db: float, elements: int) -> None:
    """From a round on, once steps are the last, N packets of all lose p N and what the way of their margins costs.

    At first margins climb: in twenty rounds a sixth is lost and more. Later they wander by a decibel, so that of a
    hundred packets a device a tenth is lost to a third of it.
    """
    played, p, first = player(air, rate, elements)(200, snr_db), 0.1, 50
    lost = (played.sent & ~played.decoded)[first:].sum(axis=0)  # [K]
    way = (played.margins[-1] - played.margins[first - 1]) * (1 - p) / margins.LAST
    np.testing.assert_allclose(lost - p * played.sent[first:].sum(axis=0), way, atol=0.01)
    assert 1 - played.decoded[:20].sum() / played.sent[:20].sum() > 0.14
    assert abs(played.lost(first) - p) < p / 3


@pytest.mark.parametrize("rate", [Capacity(0.05), Outage(0.2)], ids=str)
def test_a_rate_that_may_lose_packets_loses_as_many(rate: Any) -> None:
    """Of outage the quantile is a guess: with the channel known, a tenth of it would be lost and no more."""
    played = player(Air(GRID, Rayleigh(), 40), rate, 2000)(200, 10.0)
    assert abs(played.lost(100) - rate.target_bler) < rate.target_bler / 3


def test_devices_that_share_elements_have_margins_too() -> None:
    air = Air(GRID, Rayleigh(), 20, 4, csit=ErrorVariance(0.1))
    adaptive, fixed = (player(air, Capacity(), 200, sdma=2, margin_db=each)(150, 10.0) for each in ("adaptive", 0.0))
    assert abs(adaptive.lost(50) - 0.1) < 0.1 / 3 < abs(fixed.lost(50) - 0.1)


# --- What devices count on


@pytest.mark.parametrize("antennas", [1, 3])
@pytest.mark.parametrize(
    ("csit", "csir"),
    [
        (ErrorVariance(0.3), Perfect()),
        (Perfect(), ErrorVariance(0.3)),
        (ErrorVariance(0.2), ErrorVariance(0.4)),
        (QuantizedFeedback(3, 2), ErrorVariance(0.1)),
        (Delayed(), LMMSE),
    ],
    ids=str,
)
def test_devices_expect_what_the_receiver_knows_on_average(antennas: int, csit: Csi, csir: Csi) -> None:
    """Of those that believe as much: the means over devices with weak and with strong beliefs agree."""
    air = Air(GRID, Tdl("A", 1e-7, speed=20.0), 1000, antennas, csit=csit, csir=csir)
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1, 3.0)
    snr = tf.constant(10**0.3)
    sides = expected(link, snr).known, detect(link, snr).known
    counted, known = (np.broadcast_to(each[0], [1000, 4, 32])[:, 3, 5] for each in sides)
    order = np.argsort(counted)
    for some in np.array_split(order, 4):
        error = (known[some] - counted[some]).std() / len(some) ** 0.5
        assert abs(known[some].mean() - counted[some].mean()) < 4.5 * error + 0.01 * known.mean()
