"""Simulations as rows of the comparison with theory: many keys, one compiled draw, a mean and its standard error."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from ..phy import keys
from .check import Row


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
