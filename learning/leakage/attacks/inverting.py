"""Inverting gradients: signed Adam on the angle between the gradient of guessed pictures and the one seen.

Pictures stay within 0 and 1, and are smooth by their total variation. Geiping, Bauermeister, Droege, Moeller,
"Inverting gradients: how easy is it to break privacy in federated learning?", NeurIPS 2020, takes up to 24,000 steps.
`learning/leakage/matching.py` has it.
"""

from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from ...federated.task import Task, Weights
from ..matching import Matching, check, labels_of
from . import Found, Ready, nothing


@dataclass(frozen=True)
class Inverting:
    """Whatever the scale of what is seen."""

    steps: Annotated[int, Ge(1), Le(100_000)] = 2400
    """Steps of signed Adam."""
    rate: Annotated[float, Gt(0), Le(10)] = 0.1
    """The first size of a step, in units of the brightest pixel."""
    smooth: Annotated[float, Ge(0), Le(100)] = 0.001
    """Weight of the total variation beside one minus the cosine."""

    def check(self, task: Task) -> None:
        check(task)

    def ready(self, task: Task, count: int) -> Ready:
        matching, classes = Matching(task, count), task.outputs

        def found(weights: Weights, seen: np.ndarray, key: Key) -> Found:
            if not seen.any():
                return nothing(task, count)
            labels = labels_of(seen[-classes:], count)
            start = keys.uniform(keys.fold(key, "pictures"), matching.shape)
            shares = tf.one_hot(labels, classes)
            asked = tf.constant(self.smooth), tf.constant(self.rate), tf.constant(self.steps)
            pictures, _ = matching.signed(weights, tf.constant(seen), start, shares, *asked)
            return Found(pictures.numpy(), labels)

        return found
