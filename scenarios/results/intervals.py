"""Confidence intervals over seeds: Student's, of 95 %, for means and for differences between points.

All schemes see the same links, so differences are taken seed by seed: their intervals are far narrower than those of
what is compared.
"""

import math

import numpy as np
import xarray as xr
from scipy.special import bdtr, stdtrit

LEVEL = 0.95


def half_width(values: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Half of the interval of the mean of seeds [..., S], of those that are finite; NaN where fewer than two are.

    t s / sqrt(n), with s the standard deviation of n seeds and t the quantile of Student's law of n - 1 degrees.
    """
    there = np.isfinite(values)
    count = there.sum(axis=-1)
    freedom = np.where(count > 1, count - 1.0, np.nan)
    means = np.where(there, values, 0.0).sum(axis=-1, keepdims=True) / np.maximum(count, 1)[..., None]
    squares = (np.where(there, values - means, 0.0) ** 2).sum(axis=-1)
    found: np.ndarray = stdtrit(freedom, (1 + level) / 2) * np.sqrt(squares / freedom / np.maximum(count, 1))
    return found


def median(values: np.ndarray) -> tuple[float, float, float]:
    """The median of seeds [S] and its interval from one order statistic to another; infinite ones are kept.

    The k-th least and the k-th largest of n hold the median between them with probability 1 - 2 P(B < k), B binomial
    of n and 1/2; k is the largest for which that is at least the level. NaN where even all n seeds are too few.
    """
    there = np.sort(values[~np.isnan(values)])
    if not there.size:
        return math.nan, math.nan, math.nan
    low, high = there[(there.size - 1) // 2], there[there.size // 2]
    middle = float(low if low == high else (low + high) / 2)
    fewer = 2 * bdtr(np.arange(there.size // 2 + 1), there.size, 0.5)  # [k - 1], the probability of a miss
    at = int((fewer <= 1 - LEVEL).sum()) - 1
    return (middle, float(there[at]), float(there[-1 - at])) if at >= 0 else (middle, math.nan, math.nan)


def paired(values: np.ndarray) -> tuple[float, float, float]:
    """The median of differences [S] between what two searches found, and its interval.

    A difference between two that are both out of reach, NaN, can be any number. It counts as the least at the lower end
    and as the largest at the upper one; the median is NaN where that makes two of it.
    """
    unknown = np.isnan(values)
    if unknown.all():
        return math.nan, math.nan, math.nan
    least, most = (median(np.where(unknown, end, values)) for end in (-math.inf, math.inf))
    return least[0] if least[0] == most[0] else math.nan, least[1], most[2]


def of(dataset: xr.Dataset) -> xr.Dataset:
    """The lower and the upper end of the interval of every measure, along ``bound``."""
    ends = xr.DataArray([-1, 1], {"bound": ["low", "high"]}, ["bound"])
    found = {}
    for name, values in dataset.data_vars.items():
        if "seed" in values.dims:
            half = xr.apply_ufunc(half_width, values, input_core_dims=[["seed"]])
            means = values.where(np.isfinite(values)).mean("seed")
            found[name] = (means + ends * half).assign_attrs(values.attrs)
    return xr.Dataset(found, attrs={**dataset.attrs, "level": LEVEL})


def differences(dataset: xr.Dataset, axis: str, label: object) -> xr.Dataset:
    """What every point has more than the one with this label on an axis, all else equal, seed by seed."""
    there = {name: values for name, values in dataset.data_vars.items() if axis in values.dims}
    itself, found = dataset[axis] == label, {}
    for name, each in there.items():
        more = each - each.sel({axis: label}, drop=True)
        found[name] = more.where(~itself | np.isnan(each), 0.0).assign_attrs(each.attrs)  # also where it is infinite
    return xr.Dataset(found, attrs=dataset.attrs)
