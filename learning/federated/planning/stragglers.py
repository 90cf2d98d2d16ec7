"""Waiting for stragglers: when the fastest are done, and the deadline that leaves most of them a second.

The m-th fastest of K independent times is the law's quantile at a Beta(m, K - m + 1) variable. Of shifted
exponentials, a + b X with X exponential of mean 1, it takes a + b (H_K - H_{K-m}) on average, with harmonic numbers H.

A round with the deadline D lasts D + T, whatever else it takes being T, and hears the share P[a + b X < D]. The share
over the time is greatest at D = a + b y, where y = -W(-exp(-q)) - q, W the lower branch of Lambert's and
q = 1 + (a + T)/b.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import scipy.integrate
import scipy.special
import scipy.stats
import tensorflow as tf

from ....ota.allocation import worth


class Deadline(NamedTuple):
    """When to stop waiting."""

    seconds: float
    share: float  # of the devices that are done by then


def fastest(done: int, devices: int, shift: float, mean: float) -> float:
    """Mean time until so many of the devices are done, of shifted exponential times."""
    _check(done, devices)
    return shift + mean * float(scipy.special.digamma(devices + 1) - scipy.special.digamma(devices - done + 1))


def fastest_of(law: Any, done: int, devices: int) -> float:
    """The same of any law that scipy.stats has, frozen: ``scipy.stats.lognorm(0.5)``."""
    _check(done, devices)
    rank = scipy.stats.beta(done, devices - done + 1)
    middle = rank.ppf([0.001, 0.5, 0.999])
    return float(scipy.integrate.quad(lambda u: law.ppf(u) * rank.pdf(u), 0, 1, points=middle, limit=200)[0])


def best_deadline(shift: float, mean: float, other: float) -> Deadline:
    """That with the most devices a second, where a round takes ``other`` seconds besides."""
    if not (mean > 0 and shift >= 0 and other >= 0 and math.isfinite(shift + mean + other)):
        raise ValueError(
            "best_deadline: expected a mean above 0 and times of at least 0, all finite, "
            f"received shift {shift:g}, mean {mean:g}, other {other:g}; without a random time all are done at the shift"
        )
    beyond = float(worth(tf.constant((shift + other) / mean, tf.float64)))
    return Deadline(shift + mean * beyond, -float(np.expm1(-beyond)))


def _check(done: int, devices: int) -> None:
    if not 1 <= done <= devices:
        raise ValueError(f"done: expected 1 to {devices}, the devices that there are, received {done}")
