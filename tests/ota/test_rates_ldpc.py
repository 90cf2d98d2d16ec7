"""LDPC: the chain is 5G's, packets are lost about as often as asked, and the uplink treats them as any other."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.fec.crc import CRCEncoder
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import Demapper, Mapper

from overair.ota import Digital, Dithered, Ldpc, Rate, Report, Round, Subchannel, Terms, apply
from overair.ota.rates import _chain, _codes, _qam
from overair.phy import Air, Awgn, Csi, ErrorVariance, Estimated, Grid, Perfect, Rayleigh, Tdl, keys
from overair.scenarios.studies import check

GRID = Grid(subcarriers=32, symbols=4, prefix=8)


def coins(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, count).astype(np.float32)


def share(devices: int, elements: int, snr_db: float, gain: complex = 1.0) -> Subchannel:
    snr = tf.fill([devices, elements], 10 ** (snr_db / 10))
    return Subchannel(tf.ones_like(snr), snr, snr, tf.zeros([1, 1]), tf.fill([1, 1], tf.constant(gain, tf.complex64)))


# --- The parts are 5G's

SIZES = [  # information bits, symbols, bits a symbol: of each base graph, sizes that fill a lifting and that do not
    (46, 80, 2),
    (95, 60, 4),
    (140, 85, 2),
    (284, 60, 6),
    (284, 40, 8),
    (380, 900, 2),
    (718, 200, 6),
    (3800, 2000, 4),
    (520, 110, 6),
    (868, 140, 8),
    (1400, 480, 4),
    (4096, 1536, 4),
]


@pytest.mark.parametrize(("size", "symbols", "order"), SIZES)
def test_the_cut_of_a_mother_code_is_the_code_that_5g_makes_for_its_size_and_length(
    size: int, symbols: int, order: int
) -> None:
    """Bits, their places on symbols, and what is decoded, beside Sionna's blocks for this size and length alone."""
    length, info = symbols * order, coins(size, size)
    encoder = LDPC5GEncoder(size, length, num_bits_per_symbol=order)
    plain = LDPC5GEncoder(size, length)(info[None])[0]
    code = _codes.choose(tf.constant(size), tf.constant(length))
    sent = _codes.encode(code, info[None], length)
    np.testing.assert_array_equal(sent[0], plain)

    x = Mapper("qam", order)(encoder(info[None]))[0]  # [L]
    power = tf.fill([1, symbols], 1e-3)
    at = tf.constant(_qam.ORDERS.index(order))
    np.testing.assert_array_equal(_qam.modulate(at, sent)[0], x)
    np.testing.assert_array_equal(_qam.demodulate(at, x[None], power)[0] > 0, plain > 0)

    noisy = x + 0.3 / order * keys.complex_normal(keys.key(size), [symbols])
    power = tf.fill([1, symbols], (0.3 / order) ** 2)
    theirs = LDPC5GDecoder(encoder)(Demapper("app", "qam", order)(noisy[None], power))[0]
    np.testing.assert_array_equal(theirs, info)
    heard = _qam.demodulate(at, noisy[None], power)
    np.testing.assert_array_equal(_codes.decode(code, heard, tf.constant(size))[0], info)


def test_bits_beyond_a_code_are_its_first_again() -> None:
    code = _codes.choose(tf.constant(40), tf.constant(2000))
    buffer = 5 * 48 - (48 - 40)
    sent = _codes.encode(code, coins(0, 40)[None], 2000).numpy()[0]
    np.testing.assert_array_equal(sent[buffer:], sent[: 2000 - buffer])
    weak = tf.constant((2 * sent - 1) * 0.2 + 0.6 * np.random.default_rng(0).normal(size=2000), tf.float32)
    np.testing.assert_array_equal(_codes.decode(code, weak[None], tf.constant(40))[0], coins(0, 40))


@pytest.mark.parametrize("size", [24, 1000, 3824, 4208])
def test_one_generator_checks_words_of_all_sizes(size: int) -> None:
    words = _chain.checked(tf.constant(coins(size, 2 * size).reshape(2, size)))
    np.testing.assert_array_equal(words, CRCEncoder("CRC16")(coins(size, 2 * size).reshape(2, size)))
    assert np.all(_chain.is_whole(words))
    for wrong in (0, size // 2, size, size + 15):
        flipped = tf.abs(words - tf.constant([[0.0], [1.0]]) * tf.one_hot(wrong, size + 16))
        np.testing.assert_array_equal(_chain.is_whole(flipped), [True, False])


@pytest.mark.parametrize("order", _qam.ORDERS)
@pytest.mark.parametrize("snr_db", [-5.25, 4.0, 10.6])
def test_tables_hold_the_moments_of_what_sionnas_demapper_tells(order: int, snr_db: float) -> None:
    symbols, power = 40000, 10 ** (-snr_db / 10)
    bits = coins(order, symbols * order).reshape(symbols, order)
    heard = Mapper("qam", order)(bits) + power**0.5 * keys.complex_normal(keys.key(order), [symbols, 1])
    llr = Demapper("app", "qam", order)(heard, tf.fill([symbols, 1], power)).numpy()
    density = (1 - np.logaddexp(0, -(2 * bits - 1) * llr) / np.log(2)).sum(axis=1)
    mean, variance = (float(value) for value in _qam.carried(order, tf.constant(1 / power)))
    error = density.std() / symbols**0.5
    assert abs(density.mean() - mean) < 4.5 * error + 1e-3 * mean  # straight lines between points half a dB apart
    spread = ((density - density.mean()) ** 2).std() / symbols**0.5
    assert abs(density.var() - variance) < 4.5 * spread + 5e-3 * variance


def test_little_and_much_snr_carry_nothing_and_all() -> None:
    for order in _qam.ORDERS:
        np.testing.assert_allclose(
            _qam.carried(order, tf.constant([0.0, 1e-6, 1e20])), [[0, 0, order], [0, 0, 0]], atol=1e-12
        )


# --- How often packets are lost


@pytest.mark.parametrize(
    ("elements", "snr_db", "packets"),
    [(80, 0.0, 120), (80, 9.0, 120), (80, 20.0, 120), (400, 3.0, 60), (1000, 10.0, 40)],
)
def test_about_as_many_packets_are_lost_as_asked(elements: int, snr_db: float, packets: int) -> None:
    """The backoff is one number for all sizes, so that the share lost is between 0.01 and 0.16, where 0.1 is asked."""
    lost = packets - np.sum(sent(share(packets, elements, snr_db)))
    low, high = (4.5 * (packets * p * (1 - p)) ** 0.5 for p in (0.01, 0.16))
    assert 0.01 * packets - low < lost < 0.16 * packets + high


def test_fewer_packets_are_lost_where_fewer_are_asked() -> None:
    asked = [(target, sent(share(80, 80, 5.0), Ldpc(target))) for target in (0.5, 0.01)]
    lost = [1 - np.mean(heard) for _, heard in asked]
    assert lost[0] > 0.2 and lost[1] < 0.08
    assert Ldpc(0.5).bits(share(1, 80, 5.0)) > Ldpc(0.01).bits(share(1, 80, 5.0))


def sent(mine: Subchannel, rate: Rate | None = None, key: int = 0) -> np.ndarray:
    rate = rate or Ldpc()
    return rate.crc_ok(mine, rate.bits(mine), tf.range(mine.mask.shape[0]), keys.key(key)).numpy()


@pytest.mark.parametrize(
    ("order", "size", "symbols", "gap_db"), [(2, 1000, 1000, 0.7), (4, 1000, 500, 1.0), (2, 100, 100, 1.2)]
)
def test_a_code_falls_from_loss_to_success_near_the_limit(order: int, size: int, symbols: int, gap_db: float) -> None:
    """From 0.9 to 0.05 within 1.5 dB (of 1,000 bits) or 2.5 dB (of 100), ``gap_db`` above where QAM carries as much."""
    packets = 400
    snr_db = np.linspace(-5, 15, 2001)
    carried = _qam.carried(order, tf.constant(10 ** (snr_db / 10), tf.float32))[0].numpy()
    limit = float(np.interp(size / symbols, carried, snr_db))
    half = 0.75 if size == 1000 else 1.25

    def lost(snr_db: float) -> float:
        plan = _chain.PacketPlan(*(tf.fill([packets], value) for value in (_qam.ORDERS.index(order), 1, size, symbols)))
        mine, sends = share(packets, symbols, snr_db), tf.ones([packets])
        return 1 - float(np.mean(_chain.passes(plan, mine, sends, tf.range(packets), keys.key(0))))

    assert lost(limit + gap_db - half) > 0.9 - 4.5 * (0.9 * 0.1 / packets) ** 0.5
    assert lost(limit + gap_db + half) < 0.05 + 4.5 * (0.05 * 0.95 / packets) ** 0.5


# --- What the receiver does not know


def test_a_turned_symbol_that_the_receiver_does_not_know_of_is_lost() -> None:
    mine = share(20, 80, 12.0, np.exp(0.5j))
    assert not np.any(sent(mine))
    assert np.mean(sent(mine._replace(gain=tf.ones([1, 1], tf.complex64)))) > 0.5


def test_the_receiver_tells_its_decoder_how_much_it_does_not_know() -> None:
    """With errors as strong as the noise, and of the same law, it is a channel of half the SNR, decoded as such."""
    packets, elements = 60, 80
    error = keys.complex_normal(keys.key(1), [packets, elements])
    mine = share(packets, elements, 9.0)
    wrong = mine._replace(gain=1.0 + error / tf.cast(tf.sqrt(mine.snr), tf.complex64), csi_noise=tf.ones([1, 1]))
    weak = mine._replace(believed=mine.known / 2)
    rate = Ldpc()
    bits = rate.bits(weak)
    # QPSK symbols have one strength, so that an error of the gain is noise on them
    heard = rate.crc_ok(wrong._replace(believed=weak.believed), bits, tf.range(packets), keys.key(0))
    assert int(rate._plan(weak).order[0]) in (0, 1)
    assert np.mean(heard) > 0.6
    assert np.mean(rate.crc_ok(wrong, rate.bits(mine), tf.range(packets), keys.key(0))) < 0.05


@pytest.mark.parametrize("knows", [ErrorVariance(0.2), Estimated("nearest")], ids=str)
def test_an_imperfect_receiver_loses_packets(knows: Csi) -> None:
    heard = []
    for receiver in (Perfect(), knows):
        air = Air(GRID, Tdl("A", 300e-9), 12, csir=receiver)
        heard.append(np.mean(once(air, 960, 5.0, Digital(rate=Ldpc(), margin_db=0.0))[2].decoded))
    assert heard[0] > 0.6 and heard[1] < heard[0] - 0.3


# --- In the uplink


def once(
    air: Air,
    elements: int,
    snr_db: float,
    uplink: Digital | None = None,
    present: list[int] | None = None,
    updates: tf.Tensor | None = None,
    seed: int = 0,
) -> tuple[tf.Tensor, Any, Report]:
    uplink = uplink or Digital(rate=Ldpc())
    updates = keys.normal(keys.key(7), [air.devices, 40]) if updates is None else updates
    terms = Terms(air, updates.shape[1], elements)
    place = air.init(keys.key(0))
    link = air.draw(place, keys.key(1, seed), 0.0, terms.slots, snr_db)
    weights = np.full(air.devices, 1 / air.devices, np.float32)
    if present is not None:
        weights[[k for k in range(air.devices) if k not in present]] = 0
    round = Round(terms, keys.key(2, seed), tf.constant(weights), link)
    return apply(uplink, uplink.init(terms, place), round, updates)


class Sure:
    """As many bits as LDPC takes, and none is ever lost."""

    def bits(self, share: Subchannel) -> tf.Tensor:
        return Ldpc().bits(share)

    def crc_ok(self, share: Subchannel, bits: tf.Tensor, devices: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        return tf.ones_like(bits, tf.bool)


@pytest.mark.parametrize("elements", [200, 700])
def test_without_noise_everybody_is_heard_with_as_many_bits(elements: int) -> None:
    air, updates = Air(GRID, Tdl("A", 100e-9), 5), keys.normal(keys.key(7), [5, 300])
    ours, sure = (
        once(air, elements, 150.0, Digital(Dithered(12), rate=rate), updates=updates) for rate in (Ldpc(), Sure())
    )
    assert np.all(ours[2].decoded)
    np.testing.assert_array_equal(ours[0], sure[0])
    assert ours[2].bits == sure[2].bits > 5 * 200


def test_a_lost_packet_is_owed_in_full_and_its_energy_is_spent() -> None:
    unsure = ErrorVariance(0.3)  # each side errs in its own way, so some count on more than they are given
    air, updates = Air(GRID, Rayleigh(), 16, csit=unsure, csir=unsure), keys.normal(keys.key(7), [16, 40])
    estimate, state, report = once(air, 4800, 5.0, Digital(rate=Ldpc(), feedback=1.0), updates=updates)
    lost = ~report.decoded.numpy()
    assert 2 < lost.sum() < 14
    np.testing.assert_array_equal(state.owed.numpy()[lost], updates.numpy()[lost])
    assert not np.any(np.all(state.owed.numpy()[~lost] == updates.numpy()[~lost], axis=1))
    np.testing.assert_allclose(estimate, (updates - state.owed).numpy().mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(report.energy, 1, rtol=1e-6)


def test_a_share_too_small_for_any_code_is_silence() -> None:
    estimate, _, report = once(Air(GRID, Awgn(), 8), 80, 0.0)
    assert not np.any(estimate) and not np.any(report.energy) and not np.any(report.decoded) and report.bits == 0


@pytest.mark.parametrize("present", [[], [3], [0, 2, 5]])
def test_only_those_present_are_heard(present: list[int]) -> None:
    _, _, report = once(Air(GRID, Awgn(), 6), 480, 30.0, present=present)
    assert np.flatnonzero(report.energy).tolist() == present
    assert set(np.flatnonzero(report.decoded)) <= set(present)


def test_a_packet_depends_on_its_device_and_the_key_and_not_on_its_group() -> None:
    mine, rate, some = share(30, 80, 3.0), Ldpc(0.5), tf.range(7, 19)
    bits = rate.bits(mine)
    whole = rate.crc_ok(mine, bits, tf.range(30), keys.key(1)).numpy()
    again = tf.function(rate.crc_ok, autograph=False)(mine, bits, tf.range(30), keys.key(1)).numpy()
    part = rate.crc_ok(share(12, 80, 3.0), bits[:12], some, keys.key(1)).numpy()
    assert np.array_equal(whole, again) and np.array_equal(whole[7:19], part)
    assert not np.array_equal(whole, rate.crc_ok(mine, bits, tf.range(30), keys.key(2)))


def test_rounds_with_random_participation_compile(play: Any) -> None:
    updates = keys.normal(keys.key(7), [6, 40])
    _, report = play(Digital(rate=Ldpc()), Air(GRID, Awgn(), 6), updates, 480, 6, 12.0, participation=0.4)
    taking_part = report.energy.numpy() > 0
    assert 3 < taking_part.sum() < 30 and not np.any(report.decoded.numpy() & ~taking_part)
    assert np.mean(report.decoded.numpy()[taking_part]) > 0.6


def test_devices_that_share_elements_are_heard_through_zero_forcing() -> None:
    _, _, report = once(Air(GRID, Rayleigh(), 6, 4), 300, 20.0, Digital(rate=Ldpc(0.01), sdma=2))
    assert np.mean(report.decoded) > 0.6


def test_on_the_time_domain_devices_disturb_each_other_and_are_heard() -> None:
    air = Air(GRID, Tdl("A", 100e-9), 4, domain="time")
    assert np.mean(once(air, 400, 10.0, Digital(rate=Ldpc(0.01)))[2].decoded) > 0.6


def test_a_scenario_takes_it_by_its_kind() -> None:
    scenario = {"data": "digits", "model": "softmax", "devices": 10, "rounds": 1}
    for rate in ("ldpc", {"kind": "ldpc", "target_bler": 0.01}, "capacity", {"kind": "capacity", "target_bler": 0.1}):
        checked = check(scenario | {"uplink": {"kind": "digital", "margin_db": 3, "rate": rate}})
        assert checked


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_an_impossible_target_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="target"):
        Ldpc(target_bler=target)
