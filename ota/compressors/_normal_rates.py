"""Uniform quantisers of a standard normal: what their indices cost, what they err, and the step that suits a rate.

With a step k and a subtracted dither u the index q = round(x/k + u) costs H(q | u) = h(x + k u) - log2 k bits, and the
error is k^2/12. Without one it costs H(round(x/k)), and the error behind the best scale is 1 - E[x q]^2/E[q^2].
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import scipy.stats
import tensorflow as tf

NORMAL = scipy.stats.norm
STEPS = 2.0 ** np.arange(-8.0, 5.0, 1 / 32)


class Steps(NamedTuple):
    """Steps whose rates rise, and these rates, in bits."""

    steps: np.ndarray
    rates: np.ndarray


def dithered_rate(step: float) -> float:
    """H(q | u), in bits."""
    y = np.linspace(-9.0 - step / 2, 9.0 + step / 2, 3001)
    low, high = (np.abs(y) - step / 2), (np.abs(y) + step / 2)
    density = (NORMAL.sf(low) - NORMAL.sf(high)) / step
    return float(np.trapezoid(-density * np.log2(np.maximum(density, 1e-300)), y) - np.log2(step))


def plain_rate(step: float) -> float:
    """H(round(x/k)), in bits."""
    chance = cells(step)[1]
    return float(-np.sum(chance * np.log2(np.maximum(chance, 1e-300))))


def plain_error(step: float) -> float:
    """What is left of 1 behind the best scale."""
    level, chance = cells(step)
    aligned = np.sum(level * (NORMAL.pdf(level - step / 2) - NORMAL.pdf(level + step / 2)))
    return float(1.0 - aligned**2 / np.sum(chance * level**2))


def cells(step: float) -> tuple[np.ndarray, np.ndarray]:
    """The multiples of a step that a normal is rounded to, and how often."""
    most = np.ceil(12.0 / step)
    level = step * np.arange(-most, most + 1)
    return level, NORMAL.cdf(level + step / 2) - NORMAL.cdf(level - step / 2)


@cache
def dithered_steps() -> Steps:
    """Down to the rate at which bits buy most, b (1 + k^2/12) least: below it, fewer coordinates err less."""
    rates = np.array([dithered_rate(step) for step in STEPS])
    best = int(np.argmin(rates * (1.0 + STEPS**2 / 12.0)))
    return Steps(STEPS[best::-1].copy(), rates[best::-1].copy())


@cache
def plain_steps() -> Steps:
    """As coarse as a normal of which one in 10^8 is not 0: bits buy the more the fewer there are."""
    used = STEPS[STEPS < 11.5]
    return Steps(used[::-1].copy(), np.array([plain_rate(step) for step in used])[::-1].copy())


def step_of(known: Steps, rate: tf.Tensor) -> tf.Tensor:
    """The step of a rate, float64; the coarsest there is below its rate, and the finest above its own."""
    rates, logs = tf.constant(known.rates), tf.constant(np.log(known.steps))
    place = tf.clip_by_value(tf.searchsorted(rates, rate[None])[0] - 1, 0, len(known.rates) - 2)
    low, high = rates[place], rates[place + 1]
    part = tf.clip_by_value((rate - low) / (high - low), 0.0, 1.0)
    return tf.exp((1.0 - part) * logs[place] + part * logs[place + 1])
