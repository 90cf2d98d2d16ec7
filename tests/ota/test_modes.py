"""The modes of link adaptation are 5G's, and lose as often as is said at every length that is in use."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm
from sionna.phy.nr.utils import decode_mcs_index

from overair.ota.rates import Subchannel, _chain, _codes, _qam
from overair.ota.rates._modes import CODED, MODES, Mode, carried_db, losses, packets
from overair.ota.rates._thresholds import THRESHOLDS
from overair.ota.rates.mcs import Mcs
from overair.phy import keys


def share(snr_db: float | np.ndarray, elements: int, devices: int = 1) -> Subchannel:
    """Devices that know their SNR."""
    believed = tf.constant(np.broadcast_to(10 ** (np.asarray(snr_db) / 10), [devices, elements]), tf.float32)
    one = tf.ones([1, 1], tf.complex64)
    return Subchannel(tf.ones_like(believed), believed, believed, tf.zeros([1, 1]), one)


def stored(place: int, size: int) -> tuple[float, float]:
    """Middle and spread of a mode's losses at a size, interpolated by hand."""
    known = np.log2([MODES[place].size(symbols) for symbols in MODES[place].measured])
    return tuple(float(np.interp(np.log2(size), known, values)) for values in THRESHOLDS[place])  # type: ignore


def lost(mode: Mode, symbols: int, snr_db: float, count: int, seed: int = 7) -> float:
    """The share of packets that are lost over AWGN."""
    plan = _chain.PacketPlan(*map(tf.constant, (_qam.ORDERS.index(mode.order), 1, mode.size(symbols), symbols)))
    x = _chain.send(plan, keys.key(seed), tf.range(count), tf.zeros([count], tf.int32))
    power = tf.fill(tf.shape(x), np.float32(10 ** (-snr_db / 10)))
    heard = x + keys.complex_normal(keys.key(seed, "noise"), tf.shape(x)) * tf.cast(tf.sqrt(power), tf.complex64)
    return 1 - float(np.mean(_chain.read(plan, heard, power)))


# --- The table


def test_the_modes_are_those_of_the_table_of_5g_up_to_256_qam_and_qpsk_of_that_up_to_64_qam() -> None:
    """As Sionna has the tables; their rates are in 1024ths."""
    wide = decode_mcs_index(tf.range(28), table_index=2, is_pusch=False)
    fine = decode_mcs_index(tf.range(10), table_index=1, is_pusch=False)
    found = {
        (int(order), round(2048 * float(rate))) for pair in (wide, fine) for order, rate in zip(*pair, strict=True)
    }
    assert list(MODES) == [Mode(*each) for each in sorted(found)]


def test_modes_rise_in_bits_and_in_what_they_need() -> None:
    assert np.all(np.diff([mode.efficiency for mode in MODES]) > 0)
    for mode, (middles, spreads) in zip(MODES, THRESHOLDS, strict=True):
        assert len(middles) == len(spreads) == len(mode.measured)
        assert spreads[0] > spreads[len(spreads) // 2] > spreads[-1]  # the longer, the steeper
        assert min(middles) > carried_db(mode)  # beyond any code


@pytest.mark.parametrize("elements", [25, 80, 512, 3072, 3073, 20000])
def test_packets_are_of_one_size_and_no_longer_than_allowed(elements: int) -> None:
    words, size, symbols = (field.numpy()[:, 0] for field in packets(tf.constant([elements])))
    for place, mode in enumerate(MODES):
        assert mode.symbols * mode.order <= CODED and mode.size(mode.symbols) <= _codes.LARGEST
        count = next(n for n in range(1, 1000) if elements <= n * mode.symbols)
        assert (words[place], symbols[place]) == (count, elements // count)
        bits = int(symbols[place] * mode.efficiency + 1e-9)
        least = _codes.LEAST if mode.rate < 2 * 948 else 293  # some shorter ones at 948/1024 are always lost
        assert size[place] == (bits if bits >= least else 0) and bits <= _codes.LARGEST


# --- What is taken


def allowed(snr_db: float | dict[int, float], elements: int, target: float = 0.02) -> int:
    """The place of the most bits of those that are lost less often than asked, looked for one by one.

    At an SNR in dB, or at one for each number of bits a symbol.
    """
    best, place = 0, -1
    for number, (words, size, _) in enumerate(np.stack(packets(tf.constant([elements])))[..., 0].T.tolist()):
        if size:
            middle, spread = stored(number, size)
            here = snr_db[MODES[number].order] if isinstance(snr_db, dict) else snr_db
            every = 1 - (1 - norm.sf((here - middle) / spread)) ** words
            if every <= target and words * size > best:
                best, place = words * size, number
    return place


@pytest.mark.parametrize(("elements", "target"), [(64, 0.02), (512, 0.02), (512, 0.3), (9000, 0.1)])
def test_at_every_snr_the_most_bits_are_taken_that_are_lost_less_often_than_asked(elements: int, target: float) -> None:
    snrs_db = np.arange(-8.0, 30.0, 0.37)
    found = Mcs(target_bler=target).places(share(snrs_db[:, None], elements, len(snrs_db)))
    np.testing.assert_array_equal(found, [allowed(snr_db, elements, target) for snr_db in snrs_db])
    assert found[0] == -1 and found[-1] == len(MODES) - 1


def test_modes_do_not_stop_at_four_bits() -> None:
    assert float(Mcs().bits(share(30.0, 512))[0]) / 512 == pytest.approx(8 * 948 / 1024, abs=0.01)
    assert 4.8 < float(Mcs().bits(share(19.0, 512))[0]) / 512 < 5.5


def test_short_packets_are_asked_for_more() -> None:
    """On 64 elements often a slower mode than on 3,000, at the same SNR; fewer than 40 bits are none."""
    snrs_db = np.arange(-4.0, 26.0, 0.5)[:, None]
    short, long = (Mcs().places(share(snrs_db, elements, len(snrs_db))).numpy() for elements in (64, 3000))
    assert np.all(short <= long) and np.mean(short < long) > 0.5
    assert float(Mcs().bits(share(30.0, 5))[0]) == 0 < float(Mcs().bits(share(30.0, 6))[0])


def test_unequal_elements_count_as_the_snr_they_make() -> None:
    """The strong half is heard, but no symbol carries more than its bits: the capacity of both says too much."""
    grid_db, flat = np.arange(-20.0, 15.0, 0.002), {}
    for order in _qam.ORDERS:
        bits = _qam.carried(order, tf.constant(10 ** (grid_db / 10), tf.float32))[0].numpy()
        flat[order] = float(grid_db[np.argmin(np.abs(bits - np.interp([-20.0, 14.0], grid_db, bits).mean()))])
    two = np.where(np.arange(512) % 2, -20.0, 14.0)[None]
    place = int(Mcs().places(share(two, 512))[0])
    assert place == allowed(flat, 512)
    shannon = 10 * np.log10(np.sqrt((1 + 10**-2) * (1 + 10**1.4)) - 1)
    assert MODES[place].efficiency < MODES[allowed(shannon, 512)].efficiency


@pytest.mark.parametrize("order", _qam.ORDERS)
def test_the_snr_that_bits_need_is_that_at_which_they_are_carried(order: int) -> None:
    snrs_db = np.arange(-20.0, 4.0 + 3 * order, 0.7)
    bits = _qam.carried(order, tf.constant(10 ** (snrs_db / 10), tf.float32))[0]
    np.testing.assert_allclose(_qam.needed_db(order, bits), snrs_db, atol=2e-3)
    assert np.all(_qam.needed_db(order, tf.constant([[float(order)]])) > 4.0 + 3 * order)


def test_offers_are_all_modes_with_what_is_lost_of_all_packets() -> None:
    bits, loss = (field.numpy()[:, 0] for field in Mcs().offers(share(5.0, 5000))[:2])
    words, size, _ = (field.numpy()[:, 0] for field in packets(tf.constant([5000])))
    np.testing.assert_array_equal(bits, words * size)
    for place in (10, 11, 12):
        middle, spread = stored(place, int(size[place]))
        every = 1 - (1 - norm.sf((5.0 - middle) / np.hypot(spread, 0.1))) ** words[place]
        assert loss[place] == pytest.approx(every, rel=1e-3)
    assert np.all(Mcs().offers(share(6.0, 5)).loss.numpy()[:20] == 1)  # nothing fits


def test_who_takes_a_mode_sends_it() -> None:
    mine = share(30.0, 300, 3)
    rate = Mcs().taking(tf.constant([3, -1, 20]))
    offered = Mcs().offers(mine).bits.numpy()
    np.testing.assert_array_equal(rate.bits(mine), [offered[3, 0], 0, offered[20, 2]])
    np.testing.assert_array_equal(rate.crc_ok(mine, rate.bits(mine), tf.range(3), keys.key(0)), [True, False, True])


# --- Losses


@pytest.mark.parametrize(("place", "symbols"), [(4, 283), (15, 66), (22, 38)], ids=str)
def test_short_packets_are_lost_no_more_often_than_asked(place: int, symbols: int) -> None:
    """Of 170 bits, 600 packets: 2 % are 12 +- 3.4. By thresholds of long packets up to 17 % were lost."""
    size = MODES[place].size(symbols)
    middle, spread = stored(place, size)
    assert 165 < size < 185
    assert lost(MODES[place], symbols, middle + spread * norm.isf(0.02), 600) < 0.02 + 4.5 * (0.02 * 0.98 / 600) ** 0.5
    assert abs(lost(MODES[place], symbols, middle, 600) - 0.5) < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(MODES)))
def test_every_mode_is_lost_as_often_as_stored(place: int) -> None:
    """Middles hold within half a spread, and where 2 % should be lost it is at most 6 %, at all lengths in use.

    Tails are a little heavier than a normal law's. Of 400 packets of a length as many more may be lost as 4.5 standard
    errors of 6 % are; of all lengths together, no more.

    A twelfth of a spread is the standard error of a middle stored for the longest packets, of 160, and of one measured
    here, of 200. Lengths are those that were measured, with other noise, and halfway between them.
    """
    mode = MODES[place]
    often = []
    between = ((first + last) // 2 for first, last in itertools.pairwise(mode.measured))
    for symbols in sorted({*mode.measured[1::2], *between}):
        middle, spread = stored(place, mode.size(symbols))
        half = lost(mode, symbols, middle, 200)
        often.append(rare := lost(mode, symbols, middle + spread * norm.isf(0.02), 400))
        apart = spread * norm.ppf(np.clip(half, 0.005, 0.995))
        print(f"{place}: {mode.size(symbols)} bits, {apart:+.2f} dB from {middle:.2f} +- {spread:.2f}; then {rare:.3f}")
        assert abs(apart) < 0.5 * spread and rare < 0.06 + 4.5 * (0.06 * 0.94 / 400) ** 0.5
    assert np.mean(often) < 0.06


def test_losses_in_float32_are_those_of_the_table() -> None:
    size = packets(tf.constant([100, 700])).size
    middle, spread = losses(size)
    for place in (5, 27):
        for column in range(2):
            expected = stored(place, int(size[place, column]))
            np.testing.assert_allclose([middle[place, column], spread[place, column]], expected, atol=1e-4)
