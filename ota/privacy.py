"""Privacy by noise: what a receiver can tell of a change in what was sent, and the epsilon that follows, exactly.

Two inputs whose signals at the receiver differ by an energy E, over all antennas, elements and rounds, in noise of
power N0 are told apart as two normal laws mu deviations apart are, mu^2 = 2 E / N0 (Dong, Roth, Su, "Gaussian
differential privacy", JRSS B 2022). Rounds add up mu^2, and (epsilon, delta) holds exactly where

    delta >= Phi(mu/2 - epsilon/mu) - exp(epsilon) Phi(-mu/2 - epsilon/mu),

as Balle and Wang showed ("Improving the Gaussian mechanism", ICML 2018). That holds for neighbours, inputs of which one
has a change that the other lacks, and only if the energy is *bounded* whatever the data: of a clip and a level that
follows from it. A level that follows from what devices would really spend says something of the data by itself, and
then there is no guarantee at all.

* Device level: all that a device sends is the change. With its budget P over M elements a round, a device alone has
  E = M P at most, and mu^2 = 2 M T P / N0 over T rounds, whatever the number of devices, the clip or the code.
* Sample level: one sample of n is replaced. With each gradient of n clipped to gamma, and the level that of n gamma,
  the signal changes by 2/n of what the budget allows: E = (2/n)^2 M P.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, special


def delta_of(mu: float, epsilon: float) -> float:
    """The least delta at which a mechanism of this mu is (epsilon, delta) private."""
    if mu == 0:
        return 0.0
    above, below = mu / 2 - epsilon / mu, -mu / 2 - epsilon / mu
    first = special.log_ndtr(above)  # both may be tiny, and their difference is told by logarithms
    second = epsilon + special.log_ndtr(below)
    return float(math.exp(first) * -math.expm1(min(second - first, 0.0)))


def epsilon_of(mu: float, delta: float) -> float:
    """The least epsilon at which it is (epsilon, delta) private; 0 where delta alone bears it."""
    _check_delta(delta)
    if not math.isfinite(mu):
        return math.inf
    if delta_of(mu, 0.0) <= delta:
        return 0.0
    high = mu * mu / 2 + mu * math.sqrt(2 * math.log(1 / delta)) + 1.0  # Chernoff's bound
    return float(optimize.brentq(lambda e: delta_of(mu, e) - delta, 0.0, high, xtol=1e-12, rtol=1e-13))


def mu_of(epsilon: float, delta: float) -> float:
    """The largest mu that is (epsilon, delta) private."""
    _check_delta(delta)
    if epsilon < 0:
        raise ValueError(f"privacy.epsilon: expected at least 0, received {epsilon}")
    high = 1.0
    while delta_of(high, epsilon) < delta:
        high *= 2.0
    return float(optimize.brentq(lambda mu: delta_of(mu, epsilon) - delta, 0.0, high, xtol=1e-15, rtol=1e-13))


def composed(mus: Sequence[float] | np.ndarray) -> float:
    """The mu of rounds after each other, each chosen with what the ones before gave in view."""
    return float(np.sqrt(np.sum(np.square(np.asarray(mus, float)))))


def free_below_db(epsilon: float, delta: float, elements: int, rounds: int, samples: int | None = None) -> float:
    """The P/N0, in dB, up to which the channel's noise alone is enough; of a device, or of one of its samples replaced.

    Of a single antenna of unit gain, where a device spends all of its budget on so many elements a round.
    """
    share = 1.0 if samples is None else 2.0 / samples
    return 10.0 * math.log10(mu_of(epsilon, delta) ** 2 / (2.0 * elements * rounds * share**2))


def multiplier(snr: float, elements: int, samples: int | None = None) -> float:
    """Noise over sensitivity of a round, z = 1/mu, as accountants of sampled Gaussian mechanisms have it."""
    share = 1.0 if samples is None else 2.0 / samples
    return 1.0 / math.sqrt(2.0 * elements * snr * share**2)


def advantage(mu: float) -> float:
    """How far the best test of whether the change is there is right more often than wrong, 2 Phi(mu/2) - 1."""
    return float(2.0 * special.ndtr(mu / 2.0) - 1.0)


def least_artificial_share(z: float, snr: float, elements: int, devices: float) -> float:
    """The least share s of everybody's power that is noise, so that a round has the noise multiplier z.

    All arrive alike with (1 - s) P for data and s P for noise; of the ``devices`` that are honest, the noise of all
    protects each: z^2 = (1/snr + devices s) / (2 M (1 - s)). 0 where the channel's noise is enough.
    """
    wanted = 2.0 * elements * z**2
    return max(0.0, (wanted - 1.0 / snr) / (devices + wanted))


def _check_delta(delta: float) -> None:
    if not 0 < delta < 1:
        raise ValueError(f"privacy.delta: expected a probability above 0 and below 1, received {delta}")
