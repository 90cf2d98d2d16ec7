"""Simulations as rows of the comparison with theory: many keys, one compiled draw, a mean and its standard error."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ..phy import keys

SIGMAS = 4.5


class Row(NamedTuple):
    """One comparison."""

    name: str
    expected: float
    measured: float
    error: float  # standard error of the measurement

    @property
    def agrees(self) -> bool:
        """Within what chance and float32 allow."""
        return abs(self.measured - self.expected) <= SIGMAS * self.error + 1e-4 * abs(self.expected)


def row(name: str, expected: float, samples: np.ndarray) -> Row:
    """A row from independent samples of what is expected."""
    return Row(name, float(expected), *mean_and_error(np.asarray(samples, np.float64)))


def mean_and_error(samples: np.ndarray) -> tuple[float, float]:
    """The mean and its standard error."""
    return float(samples.mean()), float(samples.std(ddof=1) / len(samples) ** 0.5)


def repeat(draw: Callable[[tf.Tensor], tf.Tensor], count: int) -> np.ndarray:
    """Draws from ``count`` different keys, compiled."""

    @tf.function(autograph=False)
    def all_draws() -> tf.Tensor:
        return tf.map_fn(lambda i: draw(keys.key(2026, i)), tf.range(count), fn_output_signature=tf.float32)

    return all_draws().numpy()
