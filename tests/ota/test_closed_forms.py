"""Bit error rates in closed form: those of textbooks, those of Sionna's labels, and means over fading."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma, norm
from sionna.phy.mapping import qam

from overair.ota.closed_forms import ber_awgn, ber_rayleigh

ORDERS = [1, 2, 4, 6, 8]
SNRS = 10 ** (np.array([-10.0, 0.0, 7.0, 15.0, 22.0]) / 10)


def of_the_labels(order: int, snr: float) -> float:
    """Every bit of every symbol of Sionna's QAM, decided for the nearest, by a sum over a fine grid of noise."""
    points = qam(order)
    bits = np.arange(2**order)[:, None] >> np.arange(order)[::-1] & 1  # [M, m]
    levels = np.unique(np.round(points.real, 6))
    borders = np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])
    sigma = (0.5 / snr) ** 0.5
    lands = {}  # chance that a dimension lands beside each level, by where it was sent
    for sent in levels:
        lands[sent] = np.diff(norm.cdf((borders - sent) / sigma))
    wrong = 0.0
    for point, label in zip(points, bits, strict=True):
        real, imaginary = (lands[levels[np.argmin(np.abs(levels - part))]] for part in (point.real, point.imag))
        at = [np.argmin(np.abs(part[:, None] - levels), axis=1) for part in (points.real, points.imag)]
        wrong += np.sum(real[at[0]] * imaginary[at[1]] * (bits != label).sum(axis=1))
    return wrong / order / 2**order


def test_rates_of_textbooks() -> None:
    q = norm.sf
    np.testing.assert_allclose(ber_awgn(1, SNRS), q(np.sqrt(2 * SNRS)), rtol=1e-12)
    np.testing.assert_allclose(ber_awgn(2, SNRS), q(np.sqrt(SNRS)), rtol=1e-12)
    d = np.sqrt(SNRS / 5)
    np.testing.assert_allclose(ber_awgn(4, SNRS), 0.75 * q(d) + 0.5 * q(3 * d) - 0.25 * q(5 * d), rtol=1e-12)
    np.testing.assert_allclose(ber_rayleigh(1, SNRS), 0.5 * (1 - np.sqrt(SNRS / (1 + SNRS))), rtol=1e-9)
    np.testing.assert_allclose(ber_rayleigh(2, SNRS), 0.5 * (1 - np.sqrt(SNRS / (2 + SNRS))), rtol=1e-9)


@pytest.mark.parametrize("order", ORDERS[1:])
def test_rates_are_those_of_the_labels_that_are_sent(order: int) -> None:
    for snr in SNRS:
        expected = of_the_labels(order, snr)
        np.testing.assert_allclose(
            ber_awgn(order, snr), expected, rtol=2e-4, atol=1e-15
        )  # levels to six places, 250 times in an exponent


@pytest.mark.parametrize("branches", [1, 2, 5])
@pytest.mark.parametrize("order", ORDERS)
def test_rates_over_fading_are_means_of_those_without(order: int, branches: int) -> None:
    """Maximum ratio combining adds up SNRs: their sum is gamma distributed."""
    for snr in SNRS[:4]:
        density = gamma(branches, scale=snr).pdf
        mean = quad(lambda g, f=density: ber_awgn(order, g) * f(g), 0, 40 * branches * snr, limit=400, epsabs=1e-13)[0]
        np.testing.assert_allclose(ber_rayleigh(order, snr, branches), mean, rtol=1e-6)


def test_rates_at_no_snr_are_a_half_and_small_ones_are_not_lost() -> None:
    for order in ORDERS:
        assert ber_awgn(order, 0.0) == pytest.approx(0.5) and ber_rayleigh(order, 0.0, 3) == pytest.approx(0.5)
    assert ber_awgn(1, 100.0) == pytest.approx(norm.sf(200**0.5), rel=1e-9)  # 1e-45
    assert ber_rayleigh(1, 1e12) == pytest.approx(0.25e-12, rel=1e-6)
