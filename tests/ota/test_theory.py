"""The closed forms of sums: they are what simulations give on average, and NaN where nothing is known."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import exp1

from overair.ota import Analog, Digital, Ideal, RandomLinear, Terms
from overair.ota.sums import SumReport, Sums, normal_vectors
from overair.ota.theory import Sent, arrive
from overair.phy import (
    Air,
    Amplifier,
    Awgn,
    Delayed,
    ErrorVariance,
    FullInversion,
    GreedySelection,
    Grid,
    MseOptimal,
    PathLoss,
    PhaseOnly,
    Rayleigh,
    Rician,
    Tdl,
    TimingOffset,
    TruncatedInversion,
)

GRID = Grid(subcarriers=16, symbols=4, prefix=8)


def reports(uplink: Any, channel: Any, size: int = 64, rounds: int = 400, snr_db: float = 8.0, **air: Any) -> SumReport:
    """Of rounds of five devices, unless told otherwise."""
    devices, independent = air.pop("devices", 5), air.pop("independent", True)
    terms = Terms(Air(GRID, channel, devices, **air), size, -(-size // 2) + 7)
    sums, seed = Sums(uplink, terms, normal_vectors(devices, size), independent), tf.constant(3, tf.int64)
    found = sums.rounds(sums.init(seed), seed, tf.constant(snr_db), tf.constant(0), tf.constant(rounds))
    return SumReport(*(each.numpy().astype(float) for each in found))


def late(high: int, seen: bool = False) -> dict[str, Any]:
    return {"impairments": (TimingOffset(0.0, float(high), whole=True, seen=seen),)}


@pytest.mark.parametrize(
    ("rule", "channel", "air"),
    [
        (FullInversion(), Awgn(), {}),
        (FullInversion(), Rician(k_db=3.0), {"antennas": 3, "power_offsets_db": (0.0, -6.0, 3.0)}),
        (FullInversion(), Rayleigh(), {"antennas": 2, "impairments": (PathLoss(),)}),
        (TruncatedInversion(threshold=0.3), Tdl(delay_spread=30e-9), {"size": 75}),
        (TruncatedInversion(threshold=0.3, unbiased=False), Tdl(speed=30.0), {"devices": 2, **late(2, seen=True)}),
        (PhaseOnly(), Rayleigh(), {"power_offsets_db": (0.0, 5.0)}),
        (MseOptimal(), Awgn(), {"snr_db": -5.0}),
        (MseOptimal(), Rayleigh(), {"csit": ErrorVariance(e=0.0)}),
        (MseOptimal(), Tdl(delay_spread=30e-9), {"size": 41}),
        (MseOptimal(), Rayleigh(), {"antennas": 2, "power_offsets_db": (0.0, -9.0, 3.0)}),
        (TruncatedInversion(threshold=0.3), Rayleigh(), {"csit": ErrorVariance(e=0.05)}),
        (TruncatedInversion(threshold=0.5), Rayleigh(), {"csit": ErrorVariance(e=0.3), **late(3)}),
        (FullInversion(), Awgn(), late(1)),
        (FullInversion(), Awgn(), late(8)),
        (TruncatedInversion(threshold=0.2), Tdl(), late(4)),
        (PhaseOnly(), Rayleigh(), late(2)),
    ],
    ids=str,
)  # fmt: skip
def test_simulations_are_as_it_says_on_average(rule: Any, channel: Any, air: dict[str, Any]) -> None:
    found = reports(Analog(rule=rule), channel, **air)
    difference = found.nmse - found.theory
    assert np.isfinite(found.theory).all() and (found.theory > 0).all()
    error = difference.std(ddof=1) / len(difference) ** 0.5
    assert abs(difference.mean()) < 4.5 * error + 1e-4 * found.theory.mean()
    assert error < 0.12 * found.theory.mean()  # or nothing is said


@pytest.mark.parametrize(("high", "seen"), [(12, True), (16, True), (12, False), (14, False)])
def test_past_the_prefix_it_holds_for_long_vectors(high: int, seen: bool) -> None:
    """What is lost to other elements is divided by the mean energy of sums, not by each: 1/d of it."""
    found = reports(Analog(rule=FullInversion()), Awgn(), 1024, 250, oversampling=1, **late(high, seen))
    difference = found.nmse - found.theory
    error = difference.std(ddof=1) / len(difference) ** 0.5
    assert abs(difference.mean()) < 4.5 * error + 2 / 1024 * found.theory.mean()
    assert error < 0.05 * found.theory.mean()


@pytest.mark.parametrize(("e", "threshold"), [(0.01, 0.1), (0.1, 0.3)])
def test_csi_errors_cost_what_the_integral_over_rayleigh_fading_says(e: float, threshold: float) -> None:
    """The arrival a has E a = sqrt(1-e) exp(-g) and E|a|^2 = (1-e) exp(-g) + e E1(g). Of the sum s each vector holds s
    and what is independent of it, so the NMSE is |E a - 1|^2 + Var a (1/K + (1 - 1/K) d/(d - 2))."""
    devices, size, rounds = 6, 128, 1200
    uplink = Analog(rule=TruncatedInversion(threshold=threshold, unbiased=False))
    found = reports(uplink, Rayleigh(), size, rounds, 80.0, csit=ErrorVariance(e=e), devices=devices)
    sent = np.exp(-threshold)
    mean, square = (1 - e) ** 0.5 * sent, (1 - e) * sent + e * exp1(threshold)
    expected = (mean - 1) ** 2 + (square - mean**2) * (1 / devices + (1 - 1 / devices) * size / (size - 2))
    for each in (found.nmse, found.theory):
        assert abs(each.mean() - expected) < 4.5 * each.std(ddof=1) / rounds**0.5


@pytest.mark.parametrize("devices", [1, 2, 7])
def test_the_best_power_is_a_minimum_over_all_levels(devices: int) -> None:
    """Of sum_k E_k (min(1, q_k / c) - 1)^2 + N0 / c^2, searched."""
    rng = np.random.default_rng(devices)
    gain, energy = rng.rayleigh(size=[devices, 1]), rng.uniform(0.1, 2, [devices, 1])
    budgets, noise = rng.uniform(0.5, 2, devices), rng.uniform(0.01, 3)
    sent = Sent(*(tf.constant(each, tf.float32) for each in (gain, energy, budgets, noise)))
    found = arrive(MseOptimal(), sent)
    reach = gain * (budgets[:, None] / energy) ** 0.5

    def error(share: np.ndarray, relief: np.ndarray) -> np.ndarray:
        return (energy * (share - 1) ** 2).sum(axis=0) + noise * relief

    c = np.geomspace(1e-2, 1e2, 200_001)
    least = error(np.minimum(1, reach / c), c**-2).min()
    assert found is not None
    assert error(found.share.numpy(), found.relief.numpy())[0] == pytest.approx(least, rel=1e-4)


def test_without_air_there_is_no_error() -> None:
    assert (reports(Ideal(), Awgn(), rounds=2).theory == 0).all()


@pytest.mark.parametrize(
    ("uplink", "channel", "air"),
    [
        (Digital(), Awgn(), {}),
        (Analog(RandomLinear(), FullInversion()), Awgn(), {}),
        (Analog(rule=GreedySelection()), Awgn(), {}),
        (Analog(rule=TruncatedInversion(floor=0.5)), Rayleigh(), {}),
        (Analog(rule=FullInversion(), budget="average"), Awgn(), {}),
        (Analog(rule=FullInversion()), Rician(), {"csit": ErrorVariance(e=0.1)}),
        (Analog(rule=MseOptimal()), Rayleigh(), {"csit": ErrorVariance(e=0.1)}),
        (Analog(rule=PhaseOnly()), Rayleigh(), {"csir": ErrorVariance(e=0.1)}),
        (Analog(rule=FullInversion()), Tdl(speed=3.0), {"csit": Delayed()}),
        (Analog(rule=FullInversion()), Awgn(), {"impairments": (Amplifier(),)}),
        (Analog(rule=FullInversion()), Awgn(), late(12) | {"oversampling": 2}),
        (Analog(rule=FullInversion()), Awgn(), late(12) | {"oversampling": 1, "independent": False}),
        (Analog(rule=FullInversion()), Awgn(), late(2) | {"size": 63}),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_known_is_not_told(uplink: Any, channel: Any, air: dict[str, Any]) -> None:
    assert np.isnan(reports(uplink, channel, rounds=2, **air).theory).all()
