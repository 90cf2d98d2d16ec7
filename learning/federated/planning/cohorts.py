"""Cohorts in closed form: how many are met again, and how far a cohort's mean is from everybody's.

C of K devices take part in each of R rounds, every set as likely. Of the C R that take part in all, a share

    1 - K (1 - (1 - C/K)^R) / (C R)

was met in an earlier round. The mean of a cohort's values has variance S^2 (1/C - 1/K), with S^2 = sum_k (x_k - mean)^2
/ (K - 1); of values drawn by coins of chance C/K and divided by it, it is sum_k x_k^2 (1 - C/K) / (C K), which no
spread of values takes below that of their mean. Cochran, "Sampling techniques", 1977, ch. 2.
"""

import math


def met_before(devices: int, cohort: int, rounds: int) -> float:
    """The share of all that take part who did so before, on average."""
    _check(devices, cohort)
    if rounds < 1:
        raise ValueError(f"rounds: expected at least 1, received {rounds}")
    if cohort == devices:
        return 1 - 1 / rounds
    never = math.expm1(rounds * math.log1p(-cohort / devices))  # less 1, without loss for few of very many
    return 1 + devices * never / (cohort * rounds)


def variance(spread: float, devices: int, cohort: int) -> float:
    """Of a cohort's mean, from the variance S^2 among all devices."""
    _check(devices, cohort)
    return spread * (1 / cohort - 1 / devices)


def _check(devices: int, cohort: int) -> None:
    if not 1 <= cohort <= devices:
        raise ValueError(f"cohort: expected 1 to all {devices} devices, received {cohort}")
