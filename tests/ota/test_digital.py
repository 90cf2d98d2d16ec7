"""Digital uplink: the rate is what the shares carry, and a packet arrives if the channel is as good as believed."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Digital, Dithered, Report, Round, Terms, apply
from overair.ota.compressors import ALONE, Known
from overair.phy import (
    Air,
    Awgn,
    Channel,
    Csi,
    Delayed,
    ErrorVariance,
    Estimated,
    Grid,
    Link,
    Paths,
    Perfect,
    QuantizedFeedback,
    Rayleigh,
    Tdl,
    TimingOffset,
    keys,
)
from overair.phy.keys import Key

GRID = Grid(subcarriers=32, symbols=4, prefix=8)


class Telltale:
    """Decodes an update as itself times the bits offered, so that a unit vector per device reveals its rate."""

    unbiased = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return update * bits, bits


def draw(air: Air, elements: int, snr_db: float, round: int = 0) -> Link:
    slots = air.grid.slots(elements)
    return air.draw(air.init(keys.key(0)), keys.key(1, round), 0.0, slots, snr_db)


def transmit(
    air: Air, link: Link, elements: int, present: list[int] | None = None, margin_db: float = 0.0
) -> tuple[np.ndarray, Report]:
    """The rates [K] of packets that arrived, and the report."""
    weights = np.ones(air.devices, np.float32)
    if present is not None:
        weights[[k for k in range(air.devices) if k not in present]] = 0
    round = Round(Terms(air, air.devices, elements), keys.key(2), tf.constant(weights), link)
    uplink = Digital(Telltale(), margin_db=margin_db)
    estimate, _, report = apply(uplink, uplink.init(round.terms, air.init(keys.key(0))), round, tf.eye(air.devices))
    return estimate.numpy(), report


@pytest.mark.parametrize(("devices", "elements"), [(1, 100), (4, 100), (50, 1000)])
def test_without_fading_a_device_gets_its_share_with_its_energy_concentrated(devices: int, elements: int) -> None:
    air = Air(GRID, Awgn(), devices)
    rates, report = transmit(air, draw(air, elements, 7.0), elements)
    expected = elements / devices * np.log2(1 + devices * 10**0.7)
    np.testing.assert_allclose(rates, expected, rtol=1e-5)
    assert float(report.bits) == pytest.approx(devices * expected, rel=1e-5)
    assert np.all(report.energy == 1) and float(report.payload) == elements


@pytest.mark.parametrize("channel", [Rayleigh(), Tdl("A", 100e-9), Tdl("A", 100e-9, speed=40.0)], ids=str)
@pytest.mark.parametrize("antennas", [1, 3])
@pytest.mark.parametrize("present", [None, [4, 1]], ids=["all", "two"])
def test_the_rate_is_the_sum_of_log2_over_a_devices_own_elements(
    channel: Channel, antennas: int, present: list[int] | None
) -> None:
    elements, margin_db = 301, 3.0  # not a multiple of anything; within the third slot
    air = Air(GRID, channel, 5, antennas)
    link = draw(air, elements, 4.0)
    rates, _ = transmit(air, link, elements, present, margin_db)
    strength = (np.abs(np.broadcast_to(link.response()[0], [antennas, 5, 12, 32])) ** 2).sum(axis=0)
    strength = strength.reshape(5, -1)[:, :elements]
    sharers, expected = sorted(present or range(5)), np.zeros(5)
    block = np.lcm(len(sharers), 32)  # after so many elements the deal begins again, one device further
    owner = np.concatenate([np.roll(np.resize(np.arange(len(sharers)), block), -turn) for turn in range(elements)])
    for turn, device in enumerate(sharers):
        mine = strength[device, owner[:elements] == turn]
        snr = elements / len(mine) * 10**0.4 * 10 ** (-margin_db / 10)
        expected[device] = np.log2(1 + snr * mine).sum()
    np.testing.assert_allclose(rates, expected, rtol=2e-5)


@pytest.mark.parametrize(("devices", "elements"), [(3, 32), (5, 32), (7, 20), (32, 32)])
def test_shares_cover_the_grant_exactly_once(devices: int, elements: int) -> None:
    """With one channel for all and little power, rates are linear: sum_k o_k R_k = N snr sum_l |h_l|^2 / ln 2."""
    air, one = Air(GRID, Tdl("A", 300e-9), devices), Air(GRID, Tdl("A", 300e-9), 1)
    owned = np.array([len(range(turn, elements, devices)) for turn in range(devices)])
    assert owned.sum() == elements
    snr = 1e-3 / devices
    for round in range(3):  # three channels weigh the elements in three ways
        link = draw(one, elements, 10 * np.log10(snr), round)
        same = Paths(*(tf.repeat(part, devices, axis) for part, axis in zip(link.true, (2, 1, 1), strict=True)))
        rates, _ = transmit(air, Link(same, same, same, link.frequencies, link.noise), elements)
        strength = (np.abs(np.broadcast_to(link.response()[0, 0, 0], [4, 32])) ** 2).ravel()[:elements]
        carried = (rates * owned).sum() / (elements * snr / np.log(2))
        assert carried == pytest.approx(strength.sum(), rel=6e-3)  # log2(1 + x) bends by x/2, x to 0.01


@pytest.mark.parametrize("devices", [31, 32])
def test_a_devices_elements_are_spread_over_all_subcarriers(devices: int) -> None:
    """With one selective channel for all, everybody then gets nearly the same rate."""
    elements = 32 * 32
    air, one = Air(GRID, Tdl("A", 300e-9), devices), Air(GRID, Tdl("A", 300e-9), 1)
    for round in range(5):
        link = draw(one, elements, 10.0, round)
        same = Paths(*(tf.repeat(part, devices, axis) for part, axis in zip(link.true, (2, 1, 1), strict=True)))
        rates, _ = transmit(air, Link(same, same, same, link.frequencies, link.noise), elements)
        assert rates.max() / rates.min() < 1.2


def test_with_fewer_elements_than_devices_some_stay_silent() -> None:
    air = Air(GRID, Awgn(), 6)
    rates, report = transmit(air, draw(air, 4, 0.0), 4)
    np.testing.assert_allclose(rates, [np.log2(5)] * 4 + [0, 0], rtol=1e-5)  # one element with the energy of four
    assert np.array_equal(report.energy > 0, report.decoded)


def test_a_packet_is_lost_where_belief_exceeds_the_truth() -> None:
    air = Air(GRID, Tdl("A", 100e-9), 4)
    link = draw(air, 200, 10.0)
    belief = tf.constant([0.8, 1.2, 1.0, 1.01])[None, None, :, None, None]
    wrong = link.true._replace(a=link.true.a * tf.cast(belief, tf.complex64))
    honest, _ = transmit(air, link, 200)
    rates, report = transmit(air, link._replace(transmitters=wrong), 200)
    assert np.array_equal(report.decoded, [True, False, True, False])
    assert 0 < rates[0] < honest[0] and rates[2] == honest[2] and rates[1] == rates[3] == 0
    assert np.all(report.energy == 1)  # a lost packet was sent all the same
    assert float(report.bits) > honest.sum() - 60


@pytest.mark.parametrize(("e", "margin_db"), [(0.1, 0.0), (0.1, 3.0), (0.4, 6.0)])
def test_packets_are_lost_as_often_as_correlated_gains_cross(e: float, margin_db: float) -> None:
    """In flat fading the packet is lost where |h|^2 < m |h_believed|^2, the ratio of correlated exponentials.

    At an SNR of S a device counts on (1-e) S |h_believed|^2 / (1 + e S) less its margin.
    """
    devices, rounds, snr_db = 400, 3, -20.0
    air = Air(GRID, Rayleigh(), devices, csit=ErrorVariance(e))
    heard = [transmit(air, draw(air, 800, snr_db, i), 800, margin_db=margin_db)[1].decoded for i in range(rounds)]
    m = 10 ** (-margin_db / 10) * (1 - e) / (1 + e * devices * 10 ** (snr_db / 10))
    lost = 0.5 * (1 + (m - 1) / ((1 + m) ** 2 - 4 * (1 - e) * m) ** 0.5)
    assert abs(1 - np.mean(heard) - lost) < 4 * (lost * (1 - lost) / (devices * rounds)) ** 0.5


def test_clock_offsets_that_nobody_saw_lose_no_packet() -> None:
    air = Air(GRID, Tdl("A", 100e-9), 20, impairments=(TimingOffset(0.0, 5.0),))
    assert np.all(transmit(air, draw(air, 500, 20.0), 500)[1].decoded)


@pytest.mark.parametrize("antennas", [1, 2])
def test_what_the_receiver_does_not_know_acts_as_noise(antennas: int) -> None:
    """A margin that covers the gap to log2(1 + (1-e) S |v|^2 / (1 + e S)) saves the packet; a smaller one does not."""
    e, snr = 0.01, 100.0
    air = Air(GRID, Rayleigh(), 1, antennas, csir=ErrorVariance(e))
    link = draw(air, 50, 20.0)
    true, believed = (
        float((np.abs(link.response(of=paths)[..., 0]) ** 2).sum()) for paths in (link.true, link.receiver)
    )
    needed = 10 * np.log10(true / ((1 - e) * believed / (1 + e * snr)))
    assert needed > 0.5
    assert transmit(air, link, 50, margin_db=needed + 0.02)[1].decoded[0]
    assert not transmit(air, link, 50, margin_db=needed - 0.02)[1].decoded[0]


def test_a_grant_that_carries_few_bits_leaves_the_mean_unbiased(play: Any) -> None:
    rounds, updates = 1200, keys.normal(keys.key(3), [3, 30])
    air = Air(GRID, Awgn(), 3)  # 60 elements: about 20 log2(1 + 3) = 40 bits a device, of which 36 are for the scale
    estimates, report = play(Digital(), air, updates, 60, count=rounds, snr_db=0.0)
    estimates = estimates.numpy()
    assert np.all(np.abs(estimates.mean(0) - updates.numpy().mean(0)) < 4.5 * estimates.std(0) / rounds**0.5)
    assert np.all(report.bits <= 3 * 20 * 2 + 1e-3)


def test_a_rate_that_carries_nothing_is_silence(play: Any) -> None:
    estimate, report = play(Digital(), Air(GRID, Awgn(), 3), tf.ones([3, 30]), 10, snr_db=0.0)
    assert not np.any(estimate) and not np.any(report.energy) and not np.any(report.decoded) and not np.any(report.bits)


def test_with_many_bits_digital_is_ideal(play: Any) -> None:
    updates = keys.normal(keys.key(3), [5, 40])
    air = Air(GRID, Tdl("A", 100e-9), 5)
    estimate, report = play(Digital(Dithered(most_bits=12)), air, updates, 1500, snr_db=40.0)
    np.testing.assert_allclose(estimate[0], updates.numpy().mean(0), atol=np.abs(updates).max() / 2**12)
    assert np.all(report.decoded)


def test_devices_dither_apart(play: Any) -> None:
    updates = tf.ones([2, 300]) * tf.linspace(-1.0, 1.0, 300)
    errors = []
    for weights in ([1.0, 0.0], [0.0, 1.0]):
        estimate, _ = play(
            Digital(Dithered(most_bits=2)),
            Air(GRID, Awgn(), 2),
            updates,
            500,
            weights=tf.constant(weights),
            snr_db=30.0,
        )
        errors.append(estimate.numpy()[0] - updates.numpy()[0])
    assert abs(np.corrcoef(*errors)[0, 1]) < 4 / 300**0.5


@pytest.mark.parametrize("margin_db", [-301.0, "bold"])
def test_a_margin_that_is_neither_adaptive_nor_within_bounds_is_refused(margin_db: Any) -> None:
    with pytest.raises(ValueError, match="margin_db"):
        Digital(margin_db=margin_db)


@pytest.mark.parametrize(("devices", "together", "antennas"), [(4, 2, 4), (5, 2, 2), (6, 3, 3)])
def test_devices_together_on_an_element_are_told_apart_by_zero_forcing(
    devices: int, together: int, antennas: int
) -> None:
    """S C P / (C N0 [(H^H H)^-1]_kk) on a share of S/C of the elements, with H of those that share them."""
    elements, snr_db = 96, 12.0
    air = Air(GRID, Rayleigh(), devices, antennas)
    link = draw(air, elements, snr_db)
    round = Round(Terms(air, devices, elements), keys.key(2), tf.ones([devices]), link)
    uplink = Digital(sdma=together)
    begun = uplink.begin(uplink.init(round.terms, air.init(keys.key(0))), round)
    measured = uplink._shared(begun, round, tf.range(devices))[0].information.numpy()
    h, groups = link.response()[0, :, :, 0, 0].numpy(), -(-devices // together)
    for device in range(devices):
        first = device // together * together
        mates = h[:, first : min(first + together, devices)]
        left = 1 / np.linalg.inv(mates.conj().T @ mates)[device - first, device - first].real
        expected = elements / groups * np.log2(1 + groups * 10 ** (snr_db / 10) * left)
        assert measured[device] == pytest.approx(expected, rel=1e-4)


def test_no_more_devices_share_an_element_than_there_are_antennas() -> None:
    with pytest.raises(ValueError, match="uplink.sdma: expected at most 2 devices on an element.*received 3"):
        Digital(sdma=3).check(Terms(Air(GRID, Rayleigh(), 4, 2), 10, 10))


@dataclass(frozen=True)
class Half:
    """Sends half of everything, for ten bits."""

    unbiased: ClassVar[bool] = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return update / 2, tf.constant(10.0)


@pytest.mark.parametrize("beta", [0.25, 1.0])
@pytest.mark.parametrize("lost", [False, True])
def test_a_device_owes_what_did_not_arrive(beta: float, lost: bool) -> None:
    """r' = (1 - beta) r + z - z_hat with z = u + beta r, z_hat = 0 where the packet is lost; rows of others stay."""
    air, size = Air(GRID, Awgn(), 4), 6
    uplink, terms = Digital(Half(), feedback=beta), Terms(air, size, 30)
    owed = keys.normal(keys.key(1), [4, size])
    updates = keys.normal(keys.key(2), [4, size])
    link = draw(air, 30, -30.0 if lost else 20.0)
    round = Round(terms, keys.key(3), tf.constant([0.5, 0.0, 0.5, 0.0]), link)
    before = uplink.init(terms, air.init(keys.key(0)))._replace(owed=owed)
    estimate, after, report = apply(uplink, before, round, updates)
    state = after.owed
    z = updates + beta * owed
    arrived = 0 * z if lost else z / 2
    expected = ((1 - beta) * owed + z - arrived).numpy()
    np.testing.assert_allclose(state.numpy()[[0, 2]], expected[[0, 2]], atol=1e-6)
    np.testing.assert_array_equal(state.numpy()[[1, 3]], owed.numpy()[[1, 3]])
    np.testing.assert_allclose(estimate, 0.5 * (arrived[0] + arrived[2]), atol=1e-6)
    assert np.any(report.decoded) != lost


def test_feedback_that_would_not_fit_is_refused() -> None:
    terms = Terms(Air(GRID, Awgn(), 5000), 10**6, 30)
    with pytest.raises(ValueError, match="uplink.feedback: expected at most 4 GiB.*5000 devices x 1000000"):
        Digital(feedback=1.0).check(terms)


def test_what_is_owed_arrives_in_the_end() -> None:
    """With classic feedback the sum of estimates keeps within what is still owed of the sum of updates."""
    air, size = Air(GRID, Awgn(), 3), 200
    uplink, terms = Digital(Half(), feedback=1.0), Terms(air, size, 60)
    state, total, sent = uplink.init(terms, air.init(keys.key(0))), 0.0, 0.0
    for index in range(12):
        updates = keys.normal(keys.key(4, index), [3, size])
        round = Round(terms, keys.key(5, index), tf.fill([3], 1 / 3), draw(air, 60, 10.0, index))
        estimate, state, _ = apply(uplink, state, round, updates)
        total, sent = total + tf.reduce_mean(updates, axis=0), sent + estimate
    np.testing.assert_allclose(sent + tf.reduce_mean(state.owed, axis=0), total, atol=1e-4)


@pytest.mark.parametrize(
    "knows", [Estimated("nearest"), Estimated("lmmse"), Delayed(5), QuantizedFeedback(1, 0)], ids=str
)
@pytest.mark.parametrize(("antennas", "snr_db"), [(1, -20.0), (1, 20.0), (4, -20.0)])
def test_no_belief_carries_more_than_capacity(knows: Csi, antennas: int, snr_db: float) -> None:
    channel = Tdl("A", speed=300.0)  # five slots are many coherence times
    perfect, believed = (
        _information(Air(GRID, channel, 40, antennas, csir=each), 400, snr_db) for each in (Perfect(), knows)
    )
    lost = perfect - believed  # on average: a belief in a strong channel may be wrong, and is as often in a weak one
    assert lost.mean() > -4 * lost.std(ddof=1) / len(lost) ** 0.5
    if isinstance(knows, Delayed):
        assert believed.mean() < 0.5 * perfect.mean()


@pytest.mark.parametrize("knows", [QuantizedFeedback(0, 0), ErrorVariance(0.1), Estimated("linear")], ids=str)
def test_what_a_receiver_does_not_know_it_does_not_know_on_either_domain(knows: Csi) -> None:
    one, other = (
        _information(Air(GRID, Tdl("A"), 4, 2, csir=knows, domain=domain), 400, 10.0)
        for domain in ("frequency", "time")
    )
    # pilots are heard with other noise on the other domain; pulses that begin early disturb by -47 dB, of N0 at -10 dB
    np.testing.assert_allclose(one, other, rtol=0.05 if isinstance(knows, Estimated) else 1e-3)


def _information(air: Air, elements: int, snr_db: float) -> np.ndarray:
    terms = Terms(air, 10, elements)
    round = Round(terms, keys.key(2), tf.ones([air.devices]), draw(air, elements, snr_db))
    uplink = Digital()
    begun = uplink.begin(uplink.init(terms, air.init(keys.key(0))), round)
    return uplink._shared(begun, round, tf.range(air.devices))[0].information.numpy()
