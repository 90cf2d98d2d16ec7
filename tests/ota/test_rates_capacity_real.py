"""Finite packets on n complex elements are those of 2n real channels: numbers by hand, and Shannon's exact bound."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import brentq
from scipy.special import betainc
from scipy.stats import nct

from overair.ota import Capacity, Subchannel


def carried(elements: int, snr: float, error: float) -> float:
    ones = tf.ones([1, elements])
    share = Subchannel(ones, snr * ones, snr * ones, tf.zeros([1, 1]), tf.ones([1, 1], tf.complex64))
    return float(Capacity(error).bits(share)[0])


def cone_packing(channels: int, snr: float, error: float) -> float:
    """Bits that no code of so many real channels exceeds, all of its words of one energy (Shannon 1959).

    Of M words one has a cone of at most 1/M of all directions, and is lost where noise leaves the cone.
    """

    def leaves(angle: float) -> float:
        return float(nct.cdf(np.sqrt(channels - 1) / np.tan(angle), channels - 1, np.sqrt(channels * snr)))

    angle = brentq(lambda angle: leaves(angle) - error, 0.3, np.pi / 2 - 1e-6)
    return float(-np.log2(0.5 * betainc((channels - 1) / 2, 0.5, np.sin(angle) ** 2)))


@pytest.mark.parametrize(
    ("channels", "snr", "error", "by_hand"),
    # n C - sqrt(n V) Q^-1(p) + log2(n)/2 of a real channel, by hand: C = 1/2 and V = 3/8 log2(e)^2 at P = 1
    [(500, 1.0, 1e-3, 250 - 19.7548 * 3.090232 + 4.48289), (100, 1.0, 0.1, 50 - 8.83462 * 1.281552 + 3.32193)],
)
def test_a_packet_carries_the_number_computed_by_hand_for_its_real_channels(
    channels: int, snr: float, error: float, by_hand: float
) -> None:
    assert carried(channels // 2, snr, error) == pytest.approx(by_hand, abs=2e-3)


@pytest.mark.parametrize("error", [0.1, 0.01])
def test_it_keeps_the_same_distance_below_the_exact_bound_at_every_length(error: float) -> None:
    """The approximation's error tends to a constant, so the factor of log2 n is right, and no code is surpassed."""
    gaps = [cone_packing(2 * n, 0.5, error) - carried(n, 0.5, error) for n in (100, 250, 500, 1000)]
    assert min(gaps) > 0 and np.ptp(gaps) < 0.2  # half a bit of log2 n more or less would be 1.7
