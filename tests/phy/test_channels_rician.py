"""Rician fading: unit gain, the K factor asked for, antennas under one plane wave, and its two limits."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import j0

from overair.phy import Size, Span, keys
from overair.phy.channels.rician import Rician

PLACE = keys.key(0, "place")


def gains(k_db: float, devices: int = 20_000, antennas: int = 1) -> np.ndarray:
    paths = Rician(k_db).draw(Size(1, antennas, devices), Span(0.0, 1, 1.0), keys.key(1), PLACE)
    assert np.all(paths.power == 1) and not np.any(paths.tau)
    return paths.a.numpy()[0, :, :, 0, 0]  # [A, K]


@pytest.mark.parametrize("k_db", [-10.0, 0.0, 6.0, 15.0])
def test_gains_have_unit_power_and_the_k_factor(k_db: float) -> None:
    power, k = np.abs(gains(k_db)[0]) ** 2, 10 ** (k_db / 10)
    assert abs(power.mean() - 1) < 4 * power.std() / len(power) ** 0.5
    # (K + 1) |h|^2 is half a noncentral chi-square of 2 degrees and noncentrality 2K
    assert stats.kstest(2 * (k + 1) * power, stats.ncx2(2, 2 * k).cdf).pvalue > 1e-4


def test_the_limits_are_rayleigh_fading_and_a_bare_phase() -> None:
    for none in (-np.inf, -4000.0):
        assert stats.kstest(np.abs(gains(none)[0]) ** 2, stats.expon().cdf).pvalue > 1e-4
    for all_of_it in (np.inf, 4000.0):
        h = gains(all_of_it)[0]
        np.testing.assert_allclose(np.abs(h), 1, rtol=1e-6)
        assert stats.kstest(np.angle(h), stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-4


@pytest.mark.parametrize("k_db", [0.0, 10.0])
def test_antennas_see_one_plane_wave_from_anywhere(k_db: float) -> None:
    h, share = gains(k_db, antennas=4), 1 / (1 + 10 ** (-k_db / 10))
    for i in range(4):
        for j in range(i):
            # |h_i h_j*|^2 has a mean of at most 2 (Rayleigh, i = j)
            assert abs((h[i] * h[j].conj()).mean() - share * j0(np.pi * (i - j))) < 4 * (2 / h.shape[1]) ** 0.5


def test_a_lone_wave_turns_by_equal_steps_from_antenna_to_antenna() -> None:
    h = gains(np.inf, devices=50, antennas=5)
    steps = h[1:] / h[:-1]
    np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-5)
    assert len(np.unique(np.round(np.angle(steps[0]), 3))) > 40  # a direction for each device


def test_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="rician.k_db: expected a number"):
        Rician(float("nan"))
