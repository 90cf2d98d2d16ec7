"""How much noise each round should have, where all rounds together have a budget of privacy.

Liu, Simeone, "Privacy for free: wireless federated learning via uncoded transmission with adaptive power control", IEEE
JSAC 2021. With x_t the noise over the squared power gain of round t, and gamma the clip, rounds are (epsilon, delta)
private by a tail bound if sum_t 2 gamma^2 / x_t <= R; a loss that shrinks by rho a round ends the lower the less sum_t
rho^-t x_t is, as late noise is forgotten less. Channel noise and power keep x_t >= least_t.

The exact account has mu^2 = sum_t (2 gamma)^2 / x_t of *real* noise, 2 R: `privacy.mu_of` gives the larger budget that
the bound leaves unused.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, special


def tail_budget(epsilon: float, delta: float) -> float:
    """R, by the tail bound: (sqrt(epsilon + C^2) - C)^2 with C = exp(-W(2 / (pi delta^2)) / 2) / (delta sqrt(pi))."""
    c = tail_constant(delta)
    return (math.sqrt(epsilon + c**2) - c) ** 2


def tail_constant(delta: float) -> float:
    """C: the deviation of privacy loss that is exceeded with probability delta, over sqrt(2) of its own."""
    w = float(special.lambertw(2.0 / (math.pi * delta**2)).real)
    return math.exp(-w / 2.0) / (delta * math.sqrt(math.pi))


def adaptive(budget: float, clip: float, rate: float, least: Sequence[float] | np.ndarray) -> np.ndarray:
    """x_t = max(sqrt(2 lambda) clip rate^(t/2), least_t), the plan of least sum_t rate^-t x_t, t = 1, 2, ..., [T].

    With lambda 0, and the least noise of all rounds, where that is private already.
    """
    _check(budget, rate)
    least = np.asarray(least, float)
    shape = clip * rate ** (np.arange(1, len(least) + 1) / 2.0)

    def spent(scale: float) -> float:
        return float(np.sum(2.0 * clip**2 / np.maximum(scale * shape, least)))

    if spent(0.0) <= budget:
        return least
    high = 1.0
    while spent(high) > budget:
        high *= 2.0
    scale = optimize.brentq(lambda each: spent(each) - budget, 0.0, high, xtol=1e-14, rtol=1e-14)
    return np.maximum(scale * shape, least)


def static(budget: float, clip: float, least: Sequence[float] | np.ndarray) -> np.ndarray:
    """The rival that gives every round the same share of the budget, whatever the number of the round, [T]."""
    least = np.asarray(least, float)
    return np.maximum(2.0 * clip**2 * len(least) / budget, least)


def cost(plan: np.ndarray, rate: float) -> float:
    """What is left of all rounds' noise in the end, sum_t rate^-t x_t."""
    return float(np.sum(rate ** -np.arange(1.0, len(plan) + 1) * plan))


def _check(budget: float, rate: float) -> None:
    if budget <= 0:
        raise ValueError(f"privacy.budget: expected a number above 0, received {budget}")
    if not 0 < rate < 1:
        raise ValueError(f"privacy.rate: expected a loss that shrinks, above 0 and below 1 a round, received {rate}")
