"""Modes of images that may be sent again: what is lost in the end, and what the elements of that cost."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from overair.ota import settled
from overair.ota.images.jpeg import Jpeg
from overair.ota.mode_choice import best_modes
from overair.ota.rates import Subchannel
from overair.ota.rates._modes import MODES, losses, packets
from overair.ota.rates.mcs import Mcs
from overair.ota.separate import Separate
from overair.phy import Air, Awgn, Grid, Rayleigh, keys

from .test_mode_choice import Told, images

ALONE = Air(Grid(), Awgn(), 1)
FADED = Air(Grid(), Rayleigh(), 1)


def share(snr_db: float, elements: int) -> Subchannel:
    one, snr = tf.ones([1, elements]), tf.fill([1, elements], 10 ** (snr_db / 10))
    return Subchannel(one, snr, snr, 0.0 * one, tf.complex(one, 0.0))


@pytest.mark.parametrize(("again", "gain_db"), [((), 3.0103), ((0.5,), 1.7609)])
def test_losses_are_those_of_snrs_that_add_up(again: tuple[float, ...], gain_db: float) -> None:
    """Two transmissions of 5 dB are one of 8; one of 5 dB and one of half of that are one of 6.76."""
    elements, snr = 5000, 10**0.5
    offered = Mcs(1).offers(share(5.0, elements), [tf.fill([1, elements], snr * each) for each in again])
    words, size, _ = (field.numpy()[:, 0] for field in packets(tf.constant([elements])))
    middle, spread = (field.numpy()[:, 0] for field in losses(tf.constant(size)[:, None]))
    spread = np.hypot(spread, 0.1)
    first, both = (norm.sf((5.0 + more - middle) / spread) for more in (0.0, gain_db))
    for place in (11, 12, 13, 14):  # QPSK at the highest rates and 16-QAM at the lowest: about 5 to 8 dB
        assert float(offered.sends[place, 0]) == pytest.approx(1 + first[place], abs=2e-3)
        assert float(offered.loss[place, 0]) == pytest.approx(1 - (1 - both[place]) ** words[place], abs=5e-3)
    once = Mcs().offers(share(5.0, elements))
    np.testing.assert_array_equal(once.sends, 1.0)
    np.testing.assert_array_equal(once.bits, offered.bits)


def test_a_mode_pays_for_the_elements_that_it_needs_again() -> None:
    """400 bits that are all sent twice are worth no more than 200 that are sent once."""
    told = {100.0: [0.02], 200.0: [0.012], 266.0: [0.009], 400.0: [0.004]}
    picture = Told(told, [0.1])
    bits = np.array([200.0, 399.0])[:, None, None]
    loss = np.zeros([2, 1, 1])
    twice, half = np.array([1.0, 1.5])[:, None, None], np.array([1.0, 3.99])[:, None, None]
    np.testing.assert_array_equal(best_modes(picture, bits, loss, twice), [[1]])  # 266 bits for a price of 399
    np.testing.assert_array_equal(best_modes(picture, bits, loss, half), [[0]])  # 100 bits
    loss[1] = 0.05  # 0.009 + 0.05 (0.1 - 0.009) = 0.0136 against 0.012
    np.testing.assert_array_equal(best_modes(picture, bits, loss, twice), [[0]])


@pytest.mark.parametrize(("air", "snr_db"), [(ALONE, 6.0), (FADED, 10.0)], ids=["noise", "fading"])
def test_what_is_expected_of_transmissions_comes(air: Air, snr_db: float) -> None:
    """Losses and elements of real packets, on other links than those that they were expected from."""
    rate, elements, count = Mcs(2), 256, 150
    _, loss, sends = settled.expected(air, rate, elements, np.array([snr_db]))[..., 0]
    for place in (8, 13, 18):
        places = np.full([1, count], place)
        found = Separate(Jpeg(), rate).carry(np.full([1, count], snr_db), elements, keys.key(5), air, places)
        lost, used = 1 - found.crc_ok[0], found.uses[0] / elements
        seen = 4.5 * (lost.std() + 0.1) / count**0.5 + (0.0 if air is ALONE else 4.5 * 0.5 / 512**0.5)
        assert abs(lost.mean() - loss[place]) < seen + 0.03
        assert abs(used.mean() - sends[place]) < 4.5 * (used.std() + 0.1) / count**0.5 + 0.1
    assert len(MODES) == len(loss)


def test_with_retransmissions_quality_is_worth_its_elements() -> None:
    """In Rayleigh fading at 13 dB; compared with the rate's own targets at as many elements: error times elements."""
    some, key = images(64), keys.key(1)
    best = Separate(Jpeg(), Mcs(2), count="payload").run(some, 512, [13.0], key, FADED)
    other = Separate(Jpeg(), Mcs(2, 0.5), count="payload", mode_by="target").run(some, 512, [13.0], key, FADED)
    assert best.error.mean() * best.uses.mean() < 1.1 * other.error.mean() * other.uses.mean()
