"""Images in modes of the best expected quality over waveforms that are distorted."""

import numpy as np

from overair.ota.images.jpeg import Jpeg
from overair.ota.rates.mcs import Mcs
from overair.ota.separate import Separate
from overair.phy import Air, Awgn, Grid, keys
from overair.phy.impairments.amplifier import Amplifier


def test_a_saturated_amplifier_is_in_the_losses_that_are_expected() -> None:
    """Its disturbance of about -11 dB is no noise of the mean SNR: fast modes get through at none."""
    smooth = np.random.default_rng(0).normal(size=(20, 8, 8, 3)).cumsum(1).cumsum(2).repeat(4, 1).repeat(4, 2)
    images = (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.uint8)
    air = Air(Grid(symbols=1), Awgn(), 1, impairments=(Amplifier(0.0),), domain="time")
    received = Separate(Jpeg(), Mcs()).run(images, 1024, [25.0], keys.key(0, "images"), air)
    assert received.lost[0] < 0.5  # 0.1 is the target; 1 if modes are taken by what noise alone would lose
    plain = np.mean((images / 255.0 - images.mean(axis=(1, 2), keepdims=True) / 255.0) ** 2)
    assert np.mean(received.error) < 0.5 * plain
