"""Aggregation beamforming is converged, and as good as the best of many searches."""

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from overair.phy import Air, Beamforming, ErrorVariance, Grid, Link, Rayleigh, detection, keys

ELEMENT = Grid(subcarriers=1, symbols=1, prefix=0)


def draws(devices: int, antennas: int, count: int, snr_db: float, seed: int = 1, e: float = 0.0) -> Link:
    """Independent flat Rayleigh draws of one resource element."""
    air = Air(ELEMENT, Rayleigh(), devices, antennas, csir=ErrorVariance(e))
    return air.draw(air.init(keys.key(0)), keys.key(seed), 0.0, 1, snr_db, batch=count)


def estimates(link: Link) -> np.ndarray:
    """H of each draw, [B, A, K]."""
    return link.response(of=link.receiver.best).numpy()[..., 0, 0].astype(complex)


def left(v: np.ndarray, h: np.ndarray, noise: float, lacking: float = 0.0) -> np.ndarray:
    """The sum-MSE of v [..., A] with the best power up to 1, whose amplitudes are searched on a grid where CSI errs."""
    arrives, power = np.abs(v.conj() @ h), (np.abs(v) ** 2).sum(axis=-1)
    if lacking == 0:
        return (np.maximum(1 - arrives, 0) ** 2).sum(axis=-1) + noise * power
    b = np.linspace(0, 1, 4001)[:, None]
    each = (arrives * b - 1) ** 2 + b**2 * lacking * power
    return each.min(axis=0).sum() + noise * power


def searched(h: np.ndarray, noise: float, starts: np.ndarray) -> np.ndarray:
    """What a generic optimiser leaves from each of some starts [S, A]: BFGS over (Re v, Im v)."""
    antennas = len(h)

    def cost(free: np.ndarray) -> tuple[float, np.ndarray]:
        v = free[:antennas] + 1j * free[antennas:]
        arrives = v.conj() @ h
        size = np.maximum(np.abs(arrives), 1e-300)
        short = np.maximum(1 - size, 0)
        slope = -2 * h @ (short * (arrives / size).conj()) + 2 * noise * v
        return float((short**2).sum() + noise * (np.abs(v) ** 2).sum()), np.concatenate([slope.real, slope.imag])

    begin = np.concatenate([starts.real, starts.imag], axis=1)
    return np.array([scipy.optimize.minimize(cost, each, jac=True, options={"maxiter": 2000}).fun for each in begin])


def normal(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.normal(size=shape) + 1j * random.normal(size=shape)


def descended(link: Link, iterations: int = 100) -> tuple[np.ndarray, np.ndarray]:
    compiled = tf.function(lambda: Beamforming(iterations).descend(link, tf.range(link.devices)), autograph=False)
    v, error = compiled()
    return v.numpy()[..., 0, 0].astype(complex), error.numpy()[:, 0, 0]


@pytest.mark.parametrize(("devices", "antennas"), [(2, 3), (4, 2), (6, 3)])
@pytest.mark.parametrize("snr_db", [0.0, 15.0, 30.0])
def test_on_small_cases_it_is_what_a_generic_optimiser_finds_from_many_starts(
    devices: int, antennas: int, snr_db: float
) -> None:
    link, random = draws(devices, antennas, 12, snr_db), np.random.default_rng(0)
    v, error = descended(link)
    noise = float(link.noise)
    best = np.array([searched(h, noise, normal(random, 12, antennas)).min() for h in estimates(link)])
    for own, combiner, h in zip(error, v, estimates(link), strict=True):
        assert own == pytest.approx(left(combiner, h, noise), rel=1e-4)
    ratio = error / best
    assert np.median(ratio) < 1.0005 and ratio.max() < 1.2 and np.mean(ratio < 1.001) >= 0.7


@pytest.mark.parametrize("snr_db", [0.0, 10.0, *(pytest.param(each, marks=pytest.mark.slow) for each in (20.0, 30.0))])
def test_twenty_devices_at_eight_antennas_are_within_a_hundredth_of_the_best_of_forty_starts(snr_db: float) -> None:
    """At the median; sums of squares have many minima, and the worst of the draws is a sixth above its best."""
    link, random = draws(20, 8, 16, snr_db), np.random.default_rng(0)
    error = descended(link)[1]
    best = [searched(h, float(link.noise), normal(random, 40, 8)).min() for h in estimates(link)]
    ratio = error / np.array(best)
    assert np.median(ratio) < 1.01 and ratio.max() < 1.25


@pytest.mark.parametrize("e", [0.0, 0.3])
def test_where_it_ends_nothing_near_is_better(e: float) -> None:
    """No small move of v makes the error smaller by more than a thousandth, with known errors of CSI or without."""
    link, random = draws(6, 3, 4, 10.0, e=e), np.random.default_rng(1)
    v, error = descended(link)
    noise, lacking = float(link.noise), float(np.ravel(detection.error_power(link.receiver))[0])
    assert lacking == pytest.approx(e)
    for own, combiner, h in zip(error, v, estimates(link), strict=True):
        assert own == pytest.approx(left(combiner, h, noise, lacking), rel=1e-4)
        for size in (1e-3, 1e-2, 3e-2):
            for move in normal(random, 100, 3):
                moved = combiner + size * np.linalg.norm(combiner) * move / np.linalg.norm(move)
                assert left(moved, h, noise, lacking) > own * (1 - 1e-3)


def test_more_steps_than_are_needed_change_nothing() -> None:
    link = draws(20, 8, 10, 10.0)
    np.testing.assert_allclose(descended(link)[1], descended(link, 1000)[1], rtol=1e-3)


def test_the_sum_arrives_in_phase_behind_the_combiner() -> None:
    link = draws(5, 4, 10, 10.0)
    v = descended(link)[0]
    arrives = np.einsum("ba,bak->b", v.conj(), estimates(link))
    np.testing.assert_allclose(np.angle(arrives), 0, atol=1e-4)
