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
from overair.ota.settled import settled
from overair.phy import Air, Awgn, Estimated, Grid, Rayleigh, Tdl, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
FADING = Air(GRID, Rayleigh(), 1)
COUNT = 2000


def lost(air: Air, rate: Rate, snr_db: float, belief: str, margin_db: float) -> float:
    """Over links of a test."""
    share = shares(air, tf.fill([COUNT], snr_db), 256, keys.key(5, "test"), belief)  # type: ignore[arg-type]
    share = share._replace(believed=share.believed * 10 ** (-margin_db / 10))
    return float(1 - np.mean(rate.crc_ok(share, rate.bits(share), tf.range(COUNT), keys.key(6))))


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
