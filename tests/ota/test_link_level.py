"""Blocks over a link: error rates of closed forms, of a plain Sionna script, and equal bits in whatever order."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import binom
from sionna.phy import config
from sionna.phy.channel import AWGN
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Demapper, Mapper

from overair.ota import confidence
from overair.ota.closed_forms import ber_awgn
from overair.ota.link_level import ORDERS, Blocks, Counted, LinkLevel
from overair.ota.rates import _codes, _qam
from overair.phy import Air, Awgn, BlockRayleigh, ErrorVariance, Grid, Rayleigh, Tdl, TimingOffset, ZeroForcing, keys

AIR = Air(Grid(), Awgn(), 1)
NEVER = 10**9


def counted(air: Air, blocks: Blocks, snr_db: float, most: int, seed: int = 0, errors: int = NEVER) -> Counted:
    return LinkLevel(air, blocks, most).count(snr_db, keys.key(seed), errors)


# --- Closed forms


@pytest.mark.parametrize(
    ("order", "snrs"), [(1, [0.0, 4.0, 7.0, 9.0]), (2, [0.0, 5.0, 9.0, 12.0]), (4, [-2.0, 6.0, 12.0, 16.0])]
)
def test_uncoded_bits_fail_as_closed_forms_say(order: int, snrs: list[float]) -> None:
    """Over AWGN bits are independent, so wrong ones are binomial; and 95 % intervals hold the truth in 95 %."""
    level, seeds, held = LinkLevel(AIR, Blocks(order, 240), 4000), range(5), 0
    for at, snr_db in enumerate(snrs):
        expected, wrong, bits = float(ber_awgn(order, 10 ** (snr_db / 10))), 0, 0
        assert level.theory(snr_db) == expected
        for seed in seeds:
            found = level.count(snr_db, keys.key(seed, at), 500)
            wrong, bits = wrong + found.wrong_bits, bits + found.blocks * 240
            low, high = found.ber_interval
            held += low <= expected <= high
        assert abs(wrong - bits * expected) < 4 * (bits * expected * (1 - expected)) ** 0.5
    assert held >= binom.ppf(1e-3, len(snrs) * len(seeds), 0.95)


@pytest.mark.parametrize("antennas", [1, 2])
@pytest.mark.parametrize("channel", [Rayleigh(), BlockRayleigh()])
@pytest.mark.parametrize("order", [1, 4])
def test_bits_over_fading_fail_as_closed_forms_say(
    order: int, channel: Rayleigh | BlockRayleigh, antennas: int
) -> None:
    """To four standard errors, which follow from blocks as all bits of a flat one share a fade."""
    level = LinkLevel(Air(Grid(), channel, 1, antennas), Blocks(order, 64), 4096)
    found, expected = level.count(8.0, keys.key(0), NEVER), level.theory(8.0)
    spread = (found.squares / found.blocks - (64 * found.ber) ** 2) ** 0.5 / 64 / found.blocks**0.5
    assert abs(found.ber - expected) < 4 * spread


def test_there_is_a_closed_form_only_where_it_holds() -> None:
    def theory(air: Air, code_rate: float = 1.0) -> float:
        return LinkLevel(air, Blocks(2, 64, code_rate), 1).theory(3.0)

    grid, offset = Grid(), TimingOffset(1.0, 1.0)
    assert theory(AIR) == ber_awgn(2, 10**0.3) and theory(Air(grid, Awgn(), 1, 3)) == ber_awgn(2, 3 * 10**0.3)
    assert theory(Air(grid, Awgn(), 1, domain="time")) == theory(AIR)
    assert np.isnan(theory(AIR, 0.5))
    for air in (
        Air(grid, Tdl(), 1),
        Air(grid, Awgn(), 1, 3, ZeroForcing()),
        Air(grid, Awgn(), 1, impairments=(offset,)),
        Air(grid, Rayleigh(), 1, csir=ErrorVariance(0.1)),
        Air(grid, BlockRayleigh(), 1, domain="time"),
    ):
        assert np.isnan(theory(air))


def test_what_the_receiver_lacks_is_noise_of_known_power() -> None:
    """h = h_hat + w: over flat fading with an error of variance e, QPSK has the SNR (1 - e) g/(1 + e g)."""
    e, snr = 0.1, 10**0.8
    found = counted(Air(Grid(), Rayleigh(), 1, csir=ErrorVariance(e)), Blocks(2, 64), 8.0, 6000)
    lower = (1 - e) * snr / (1 + e * snr)  # best estimate times the symbol, over what it lacks and noise
    expected = 0.5 * (1 - np.sqrt(lower / (2 + lower)))
    spread = (found.squares / found.blocks - (64 * found.ber) ** 2) ** 0.5 / 64 / found.blocks**0.5
    known = 0.5 * (1 - np.sqrt(snr / (2 + snr)))
    assert expected - known > 10 * spread
    assert abs(found.ber - expected) < 4 * spread


# --- Beside a plain Sionna script


def plain_script(bits: int, sent: int, order: int, snr_db: float, blocks: int) -> int:
    """Wrong blocks of as many, with Sionna's blocks alone."""
    config.seed = 7
    source, channel, mapper = BinarySource(), AWGN(), Mapper("qam", order)
    encoder = LDPC5GEncoder(bits, sent, num_bits_per_symbol=order)
    decoder, demapper = LDPC5GDecoder(encoder, num_iter=20), Demapper("app", "qam", order)
    no = 10 ** (-snr_db / 10)

    @tf.function(autograph=False)
    def batch() -> tf.Tensor:
        b = source([blocks, bits])
        return tf.reduce_any(decoder(demapper(channel(mapper(encoder(b)), no), no)) != b, axis=1)

    return int(np.count_nonzero(batch()))


@pytest.mark.parametrize(("order", "block", "rate", "snrs"), [(2, 240, 0.5, (0.5, 1.5)), (4, 504, 2 / 3, (8.5, 9.0))])
def test_blocks_in_ldpc_codes_fail_as_in_a_plain_sionna_script(
    order: int, block: int, rate: float, snrs: tuple[float, float]
) -> None:
    blocks = Blocks(order, block, rate)
    level = LinkLevel(AIR, blocks, 600)
    for snr_db in snrs:
        ours = level.count(snr_db, keys.key(3), NEVER)
        theirs = plain_script(block, blocks.sent, order, snr_db, 600)
        assert 20 < theirs < 580
        share = (ours.wrong_blocks + theirs) / 1200
        assert abs(ours.wrong_blocks - theirs) < 4 * (1200 * share * (1 - share)) ** 0.5
        (low, high), (least, most) = ours.bler_interval, confidence.of_share(theirs, 600)
        assert low <= most and least <= high


@pytest.mark.parametrize(
    ("block", "sent", "order"),
    [(1008, 2016, 2), (100, 200, 4), (1000, 1500, 4), (37, 75, 1), (1800, 9000, 2), (5000, 12000, 6), (800, 1000, 8)],
)
def test_words_are_those_of_5g_whatever_their_size(block: int, sent: int, order: int) -> None:
    """Also between the sizes of the ladder that packets use, and read back from what is sent."""
    code = _codes.own(block, sent)
    bits = tf.cast(keys.uniform(keys.key(0), [3, block]) < 0.5, tf.float32)
    word = _codes.encode(code, bits, tf.constant(sent))
    np.testing.assert_array_equal(word, LDPC5GEncoder(block, sent)(bits))
    interleaved = LDPC5GEncoder(block, sent, num_bits_per_symbol=order)(bits)
    mapper = Mapper("pam" if order == 1 else "qam", order)
    np.testing.assert_array_equal(_qam.symbols_of(order, word), mapper(interleaved))
    np.testing.assert_array_equal(_codes.decode(code, 8.0 * (2 * word - 1), tf.constant(block)), bits)


@pytest.mark.parametrize("order", ORDERS.values())
def test_bits_are_read_from_symbols_as_they_were_sent(order: int) -> None:
    bits = tf.cast(keys.uniform(keys.key(1), [5, 24]) < 0.5, tf.float32)
    x = _qam.symbols_of(order, bits)
    assert np.mean(
        np.abs(_qam.symbols_of(order, tf.cast(keys.uniform(keys.key(2), [200, 240]) < 0.5, tf.float32))) ** 2
    ) == (pytest.approx(1, abs=0.02))
    np.testing.assert_array_equal(_qam.nearest_to(order, x), bits)
    np.testing.assert_array_equal(_qam.ratios_of(order, x, tf.fill(x.shape, 0.01)) > 0, bits > 0)


# --- Counting


def test_errors_at_an_snr_do_not_depend_on_others_nor_on_their_order() -> None:
    level = LinkLevel(Air(Grid(), Rayleigh(), 1), Blocks(2, 96), 3000)
    one = [level.count(snr_db, keys.key(0), 50) for snr_db in (0.0, 10.0, 20.0)]
    other = [level.count(snr_db, keys.key(0), 50) for snr_db in (20.0, 0.0, 10.0)]
    assert one == [other[1], other[2], other[0]]
    fresh = LinkLevel(Air(Grid(), Rayleigh(), 1), Blocks(2, 96), 3000)
    assert fresh.count(10.0, keys.key(0), 50) == one[1] != fresh.count(10.0, keys.key(1), 50)


def test_counting_ends_with_enough_wrong_blocks_or_with_the_most() -> None:
    shares: list[float] = []
    level = LinkLevel(AIR, Blocks(2, 4096), 150)
    assert level.batch < 150
    some = level.count(0.0, keys.key(0), 10, shares.append)
    assert some.wrong_blocks == some.blocks == level.batch and shares == [1.0]  # all are wrong at 0 dB
    every = level.count(30.0, keys.key(0), 10, shares.append)
    assert every == Counted(4096, 150) and every.bler == every.ber == 0 and shares[1:] == sorted(shares[1:])
    assert shares[-1] == 1.0 and len(shares) > 2


def test_wrong_bits_are_added_up_by_block() -> None:
    one = Counted(10).and_of(np.array([0, 3, 1])).and_of(np.array([0, 10]))
    assert one == Counted(10, 5, 3, 14, 110)
    assert (one.ber, one.bler) == (14 / 50, 3 / 5)
    assert one.bler_interval == confidence.of_share(3, 5) and one.ber_interval == confidence.of_bits(14, 110, 5, 10)


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"block: expected a multiple of the 6 bits .* received 1000; take 996 or 1002"
    ):
        Blocks(6, 1000)
    with pytest.raises(ValueError, match="block: expected a multiple of the 8 bits .* take 8 or 8"):
        Blocks(8, 3)
    with pytest.raises(ValueError, match="block: expected 12 to 8448 bits"):
        Blocks(2, 8449, 0.5)
    with pytest.raises(ValueError, match=r"code_rate: expected 0.2 to 0.95 for 1008 bits, .* received 0.1"):
        Blocks(2, 1008, 0.1)
    with pytest.raises(ValueError, match=r"code_rate: expected 0.3333 to 0.95 for 5000 bits"):
        Blocks(2, 5000, 0.25)
    with pytest.raises(ValueError, match="air.devices: expected 1"):
        LinkLevel(Air(Grid(), Awgn(), 2), Blocks(2, 8), 1)


@pytest.mark.parametrize("rate", [0.2, 1 / 3, 0.5, 0.9, 0.95])
@pytest.mark.parametrize("block", [12, 40, 1008, 3824, 3825, 8448])
def test_every_size_that_is_accepted_has_a_code(block: int, rate: float) -> None:
    for order in ORDERS.values():
        try:
            blocks = Blocks(order, block, rate)
        except ValueError:
            continue
        LDPC5GEncoder(block, blocks.sent)
        assert abs(blocks.sent - block / rate) <= order / 2
