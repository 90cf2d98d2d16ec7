"""Least energy under a deadline: how long a device sends, and how slowly its processor may run in what is left.

A device computes C cycles and sends S bits within T seconds, t of them on the air, in a band B by itself. At the clock
C/(T - t), and with just the power that carries its bits, it takes

    kappa C^3 / (T - t)^2 + t (N0 B/h) (2^{S/(B t)} - 1)

joules, which are convex in t: the root of the derivative is bisected. Tran, Bao, Zomaya, Nguyen, Hong, "Federated
learning over wireless networks: optimization model design and analysis", INFOCOM 2019.
"""

from typing import NamedTuple

import numpy as np

HALVINGS = 200  # of the deadline


class Spent(NamedTuple):
    """By each device."""

    airtime: np.ndarray  # seconds
    frequency: np.ndarray  # of the processor, Hz
    computing: np.ndarray  # joules
    radio: np.ndarray  # joules that are radiated

    @property
    def joules(self) -> np.ndarray:
        return self.computing + self.radio


def least_energy(
    cycles: np.ndarray | float,
    bits: np.ndarray | float,
    noise: np.ndarray | float,  # N0 B/h in watts: what a device has to radiate for an SNR of 1 where it is received
    *,
    deadline: float,
    bandwidth: float,
    kappa: float = 1e-28,
    fastest: float = np.inf,  # clock, Hz
) -> Spent:
    """The airtime and the clock of least energy, for each device where cycles, bits or noise are arrays."""
    cycles, bits, noise = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in (cycles, bits, noise)))
    longest = deadline - cycles / fastest
    if not np.all(longest > 0):
        most = float(np.max(cycles))
        raise ValueError(
            f"deadline: expected more than {most / fastest:.4g} s, which {most:g} cycles take at {fastest:g} Hz, "
            f"received {deadline:g}; take a later one"
        )
    low, high = np.zeros_like(longest), longest
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        falls = _slope(middle, cycles, bits, noise, deadline, bandwidth, kappa) < 0
        low, high = np.where(falls, middle, low), np.where(falls, high, middle)
    left = deadline - high
    radio = high * noise * np.expm1(np.log(2.0) * bits / (bandwidth * high))
    return Spent(high, cycles / left, kappa * cycles**3 / left**2, radio)


def _slope(
    airtime: np.ndarray,
    cycles: np.ndarray,
    bits: np.ndarray,
    noise: np.ndarray,
    deadline: float,
    bandwidth: float,
    kappa: float,
) -> np.ndarray:
    """The derivative of the energy in the airtime."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        x = np.log(2.0) * bits / (bandwidth * airtime)
        radio = np.where(x > 500, -np.inf, noise * (np.exp(x) * (1 - x) - 1))
        return radio + 2 * kappa * cycles**3 / (deadline - airtime) ** 3
