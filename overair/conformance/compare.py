"""What tests of several families share: small links, and what is the same, finite, or right on average."""

from typing import Any

import numpy as np
import tensorflow as tf

from ..phy import Grid, Paths, keys
from ..scenarios.promises import wrong

GRID = Grid(subcarriers=32, symbols=4, prefix=16)
PLACE = keys.key(0, "place")


def same(one: Any, other: Any, rtol: float = 0.0, atol: float = 0.0) -> bool:
    pairs = zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True)
    return all(np.allclose(a, b, rtol, atol, equal_nan=True) for a, b in pairs)


def finite(nest: Any) -> bool:
    return all(bool(np.all(np.isfinite(value))) for value in tf.nest.flatten(nest))


def mean_is(draws: np.ndarray, expected: np.ndarray) -> bool:
    """Whether the mean over the first axis is as expected, to 5 standard errors and float32 rounding."""
    error = 5 * draws.std(axis=0) / len(draws) ** 0.5 + 2e-5 * np.abs(expected).max(initial=0.0)
    return bool(np.all(np.abs(draws.mean(axis=0) - expected) <= error))


def mean_off(draws: np.ndarray, expected: np.ndarray) -> float:
    """How far the mean over the first axis is from what is expected at most, over the largest of that."""
    return float(np.abs(draws.mean(axis=0) - expected).max() / np.abs(expected).max())


def says(scheme: Any, method: str, expected: str, received: str) -> str:
    """The line of an assertion: file, class, method, what was expected and what came."""
    return str(wrong(scheme, method, expected, received))


def is_precise(paths: Paths) -> bool:
    return (paths.a.dtype, paths.tau.dtype, paths.power.dtype) == (tf.complex64, tf.float32, tf.float32)
