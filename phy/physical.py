"""From watts to the SNR of a scenario, and the budgets of single devices.

A device of transmit power p, spread over all subcarriers of a grid, puts p/(F spacing) on an element of a hertz
second; the receiver's noise there is k T F_n. So P/N0 = p / (F spacing k T F_n) at unit gain, and at the loss where a
channel's gains are 1 so many decibels less.
"""

import math
from collections.abc import Sequence

import numpy as np

from .grid import Grid

BOLTZMANN = 1.380649e-23  # J/K


def snr_db(
    power_dbm: float, grid: Grid, noise_figure_db: float = 5.0, reference_db: float = 0.0, kelvin: float = 290.0
) -> float:
    """P/N0 in dB of devices of so many dBm, behind a loss of ``reference_db``, the gain 1 of a channel."""
    density_dbm = 10 * math.log10(BOLTZMANN * kelvin) + 30  # in a hertz
    return power_dbm - 10 * math.log10(grid.subcarriers * grid.spacing) - density_dbm - noise_figure_db - reference_db


def budgets(decibels: Sequence[float], devices: int) -> np.ndarray:
    """What each of K devices may spend, in units of P: 10^(b/10) of decibels b, and again from the first, [K]."""
    if len(decibels) > devices or not all(map(math.isfinite, decibels)):
        raise ValueError(
            f"air.power_offsets_db: expected finite decibels, one for each of {devices} devices or fewer to repeat, "
            f"received {tuple(decibels)}"
        )
    return 10 ** (np.resize(decibels or 0.0, devices) / 10)
