"""Margins of sendings: packets over links that no margin was found on are lost as often as they may be."""

import math

import numpy as np
import pytest
import tensorflow as tf

from overair.ota.image_links import shares
from overair.ota.images.jpeg import Jpeg
from overair.ota.rates import Rate
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.mcs import Mcs
from overair.ota.separate import Separate
from overair.ota.settled import LINKS, expected, settled
from overair.phy import Air, Awgn, ErrorVariance, Estimated, Grid, Rayleigh, Tdl, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
FADING = Air(GRID, Rayleigh(), 1)
COUNT = 2000


def lost(
    air: Air, rate: Rate, snr_db: float, belief: str, margin_db: float, elements: int = 256, count: int = COUNT
) -> float:
    """Over links of a test, of those that send."""
    share = shares(air, tf.fill([count], snr_db), elements, keys.key(5, "test"), belief)  # type: ignore[arg-type]
    share = share._replace(believed=share.believed * 10 ** (-margin_db / 10))
    bits = rate.bits(share)
    arrives = tf.function(rate.crc_ok, autograph=False)(share, bits, tf.range(count), keys.key(6))
    return float(1 - np.mean(arrives.numpy()[bits.numpy() > 0]))


@pytest.mark.parametrize("snr_db", [-5.0, 10.0, 30.0])
def test_of_a_known_mean_over_slow_fading_it_is_the_margin_of_outage(snr_db: float) -> None:
    """-10 log10(-ln 0.9) = 9.8 dB; of 200 sendings 20 are lost give or take 4.2, so 0.08 to 0.12 and 1 dB."""
    margin = settled(FADING, Capacity(), 256, snr_db, "mean")
    assert abs(margin + 10 * math.log10(-math.log(0.9))) < 2.0
    assert abs(lost(FADING, Capacity(), snr_db, "mean", margin) - 0.1) < 0.1 / 3 + 0.02
    assert lost(FADING, Capacity(), snr_db, "mean", 0.0) > 0.5


@pytest.mark.parametrize("speed", [3.0, 30.0])
def test_of_what_is_believed_late_it_is_the_margin_that_loses_as_many(speed: float) -> None:
    air = Air(GRID, Tdl("A", 1e-7, speed=speed), 1, csit=Estimated("lmmse", 4))
    margin = settled(air, Capacity(), 256, 10.0, "link")
    assert abs(lost(air, Capacity(), 10.0, "link", margin) - 0.1) < 0.1 / 3 + 0.02


@pytest.mark.parametrize(("elements", "belief"), [(64, "link"), (256, "link"), (64, "mean")])
def test_of_finite_packets_at_low_snr_a_tenth_is_lost(elements: int, belief: str) -> None:
    """Some are lost on any link, so few sendings tell little of a margin. Of 8,000 a tenth is known to 0.0034."""
    air, rate = Air(GRID, Rayleigh(), 1, csit=ErrorVariance(0.1)), Capacity(0.1)
    margin = settled(air, rate, elements, -5.0, belief)
    assert abs(lost(air, rate, -5.0, belief, margin, elements, 8000) - 0.1) < 0.1 / 3


def test_who_knows_what_the_receiver_knows_has_none() -> None:
    for air in (FADING, Air(GRID, Rayleigh(), 1, csit=Estimated(), csir=Estimated())):
        assert settled(air, Capacity(), 256, 10.0, "link") == settled(air, Mcs(), 256, 10.0, "told") == 0
    assert settled(Air(GRID, Awgn(), 1), Capacity(), 256, 3.0, "mean") == 0  # found, not known


def test_images_over_slow_fading_are_lost_as_often_as_may_be_and_a_number_is_taken_as_it_is() -> None:
    some = np.random.default_rng(0).integers(0, 256, [300, 16, 16, 3], np.uint8)
    adaptive, fixed, bold = (
        Separate(Jpeg(), margin_db=each).carry(np.full([1, 300], 12.0), 256, keys.key(1), FADING)
        for each in ("adaptive", 3.0, -3.0)
    )
    assert len(some) == 300 and abs(np.mean(~adaptive.crc_ok) - 0.1) < 0.1 / 3 + 4 * (0.09 / 300) ** 0.5
    np.testing.assert_allclose(fixed.bits_available, 256 * np.log2(1 + 10**0.9), rtol=1e-5)
    np.testing.assert_allclose(bold.bits_available, 256 * np.log2(1 + 10**1.5), rtol=1e-5)
    at_design = Separate(Jpeg(), design_db=5.0).carry(np.full([1, 4], 12.0), 256, keys.key(1), FADING)
    np.testing.assert_allclose(at_design.bits_available, 256 * np.log2(1 + 10**0.5), rtol=1e-5)


@pytest.mark.parametrize("air", [FADING, Air(GRID, Tdl("A", 3e-7), 1)])
def test_modes_are_expected_to_be_lost_as_often_over_fading_as_they_are(air: Air) -> None:
    """Of 512 links that are averaged over and 400 that are sent over, at most 0.033 apart but for the table's 0.02."""
    elements, count = 512, 400
    bits, loss, _ = expected(air, Mcs(), elements, np.array([12.0, 12.0]))[..., 1]
    places = [int(np.argmin(np.abs(loss - wanted))) for wanted in (0.15, 0.5)]
    mine = shares(air, tf.fill([count], 12.0), elements, keys.key(8, "test"), "mean")
    for place in places:
        taken = Mcs().taking(tf.fill([count], place))
        np.testing.assert_array_equal(taken.bits(mine), bits[place])
        lost = 1 - np.mean(taken.crc_ok(mine, taken.bits(mine), tf.range(count), keys.key(9)))
        assert 0.05 < loss[place] < 0.6
        error = (loss[place] * (1 - loss[place]) * (1 / count + 1 / LINKS)) ** 0.5
        assert abs(lost - loss[place]) < 4.5 * error + 0.02


def test_who_knows_the_mean_alone_chooses_what_is_best_over_fading() -> None:
    """By the losses over AWGN of the mean, an image takes a mode that fading loses half of the time."""
    ramp = np.linspace(0, 1, 32)[:, None] * np.linspace(0.2, 1, 32)
    ends = np.random.default_rng(0).uniform(0, 255, [120, 2, 1, 1, 3])
    images = (ends[:, 0] + (ends[:, 1] - ends[:, 0]) * ramp[None, :, :, None]).astype(np.uint8)
    at = [12.0], keys.key(3), FADING
    best, trusting = (
        Separate(Jpeg(), Mcs(), margin_db=each, colour="set", count="payload") for each in ("adaptive", 0.0)
    )
    one, other = (each.run(images, 512, at[0], *at[1:]) for each in (best, trusting))
    assert one.lost.item() < 0.3 < other.lost.item()
    assert one.error.mean() < other.error.mean()
