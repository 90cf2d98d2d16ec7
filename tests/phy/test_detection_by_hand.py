"""The derivation by hand against draws that do not know of it: c, eps, the bits promised, and the bits carried."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import j0 as bessel

from tests.phy import detection_by_hand as hand

FLAT = (np.ones(1), np.zeros(1))
TAPS = (np.array([0.6, 0.3, 0.1]), np.array([0.0, 1.3, 4.2]))


def close(measured: NDArray, promised: NDArray | float, within: float = 4.0) -> None:
    """The mean of independent rows [N, ...] is as promised, within so many standard errors."""
    off = measured.mean(axis=0) - promised
    for part in (np.real, np.imag) if np.iscomplexobj(measured) else (np.real,):
        error = part(measured).std(axis=0) / len(measured) ** 0.5
        assert np.all(np.abs(part(off)) <= within * error + 1e-6), (off, error)


def agrees(told: hand.Reading, h: NDArray, g: NDArray, power: float, promised: NDArray | float) -> None:
    """Draws [N, A, F] have this c and this eps on each subcarrier, and carry so many bits on average over them."""
    lacks = h - told.c * g
    close((lacks * g.conj()).mean(axis=1), 0.0, within=5.0)  # as c is best; 5, for each of F subcarriers is asked
    close((np.abs(lacks) ** 2).mean(axis=1), told.eps, within=5.0)
    close((np.abs(told.c * g) ** 2).mean(axis=1), told.signal, within=5.0)
    snr = power * (np.abs(told.c * g) ** 2).sum(axis=1) / (1 + power * told.eps)
    close(np.log2(1 + snr).mean(axis=-1), float(np.mean(promised)))


def shortfall(told: hand.Reading, h: NDArray, g: NDArray, power: float, rng: np.random.Generator) -> NDArray:
    """Bits promised minus bits that nearest-neighbour decoding carries, [N]: sent symbols, averaged over subcarriers.

    A decoder that takes |z - |h_hat| x|^2 / sigma^2 for its metric carries log2(1 + P |h_hat|^2 / sigma^2) + (|z|^2 /
    (sigma^2 + P |h_hat|^2) - |z - |h_hat| x|^2 / sigma^2) / ln 2 of Gaussian symbols (generalised mutual information).
    """
    x = np.sqrt(power) * hand.normal(rng, len(h), h.shape[2])
    y = h * x[:, None] + hand.normal(rng, *h.shape)
    read = told.c * g
    size = np.linalg.norm(read, axis=1)
    z = (read.conj() * y).sum(axis=1) / size
    sigma2 = 1 + power * told.eps
    metric = np.abs(z - size * x) ** 2 / sigma2 - np.abs(z) ** 2 / (sigma2 + power * size**2)
    return metric.mean(axis=-1) / np.log(2)


@pytest.mark.parametrize("antennas", [1, 2])
@pytest.mark.parametrize("profile", [FLAT, TAPS], ids=["flat", "taps"])
@pytest.mark.parametrize("turn", [0.6, 1.4, 3.0])  # J0 = .91, .57, -.26
def test_delayed(turn: float, profile: hand.Profile, antennas: int) -> None:
    rng, power = np.random.default_rng(1), 20.0
    told = hand.delayed(bessel(turn), profile)
    h, g = hand.draw_delayed(rng, turn, profile, 3, 3000, antennas)
    agrees(told, h, g, power, hand.bits(power * told.signal / (1 + power * told.eps), antennas))
    close(shortfall(told, h, g, power, rng), 0.0)


@pytest.mark.parametrize("antennas", [1, 2])
@pytest.mark.parametrize(("phase_bits", "amplitude_bits"), [(1, 0), (1, 1), (2, 1), (3, 3), (5, 0), (0, 2)])
def test_quantised(phase_bits: int, amplitude_bits: int, antennas: int) -> None:
    rng, power = np.random.default_rng(2), 8.0
    told = hand.quantised(phase_bits, amplitude_bits)
    h, g = hand.draw_quantised(rng, phase_bits, amplitude_bits, 50000, antennas)
    agrees(told, h, g, power, hand.quantised_bits(phase_bits, amplitude_bits, power, antennas))


@pytest.mark.parametrize(("phase_bits", "amplitude_bits"), [(1, 0), (1, 1), (3, 2)])
def test_classes_of_amplitude_carry_what_their_own_errors_promise(phase_bits: int, amplitude_bits: int) -> None:
    """One error power for all classes promises more than is carried: strong classes lack more, and count less."""
    rng, power = np.random.default_rng(4), 8.0
    one, each = hand.quantised(phase_bits, amplitude_bits), hand.class_errors(phase_bits, amplitude_bits)
    assert abs(each.mean() - one.eps) < 1e-12
    h, g = hand.draw_quantised(rng, phase_bits, amplitude_bits, 100000, 1)
    own = each[np.abs(np.abs(g) - hand.levels(amplitude_bits)).argmin(axis=-1)][..., 0, None]  # [N, 1]
    close(shortfall(one._replace(eps=own), h, g, power, rng), 0.0)
    short = power * (one.eps - each) / (1 + power * one.eps + power * (one.c * hand.levels(amplitude_bits)) ** 2)
    assert short.mean() > -1e-12
    close(shortfall(one, h, g, power, rng), short.mean() / np.log(2))


@pytest.mark.parametrize("age", [0.0, 1.0])
@pytest.mark.parametrize(
    ("estimator", "comb", "subcarriers", "antennas", "power"),
    [("nearest", 3, 24, 1, 5.0), ("nearest", 2, 16, 2, 1.0), ("linear", 3, 24, 2, 5.0), ("linear", 4, 32, 1, 30.0),
     ("robust", 3, 24, 1, 5.0), ("robust", 4, 32, 2, 0.2), ("robust", 6, 48, 1, 30.0)],
)  # fmt: skip
def test_pilots(estimator: str, comb: int, subcarriers: int, antennas: int, power: float, age: float) -> None:
    """The pilots of the second device of a comb; its data, one c-th of the elements, have the pilots' energy."""
    rng, pilots, noise, last = np.random.default_rng(3), np.arange(1, subcarriers, comb), 1 / (comb * power), 4.2
    h, heard = hand.draw_piloted(rng, TAPS, subcarriers, pilots, noise, 2500, antennas)
    if estimator == "robust":
        weights = hand.robust(subcarriers, pilots, noise, 0.0, last)
        g = hand.fit_robust(heard, pilots, noise, subcarriers, 0.0, last)
    elif estimator == "linear":
        weights, g = hand.linear(subcarriers, pilots), hand.fit_linear(heard, pilots, subcarriers)
    else:
        weights = hand.nearest(subcarriers, pilots)
        g = heard[..., [np.argmin(np.abs(pilots - f)) for f in range(subcarriers)]]
    kept = bessel(age)
    other, _ = hand.draw_piloted(rng, TAPS, subcarriers, pilots, noise, len(h), antennas)
    h = kept * h + np.sqrt(1 - kept**2) * other
    told = hand.piloted(TAPS, weights, pilots, noise, kept)
    agrees(told, h, g, comb * power, hand.bits(comb * power * told.signal / (1 + comb * power * told.eps), antennas))
    close(shortfall(told, h, g, comb * power, rng), 0.0)
