"""Inverting gradients: signed Adam on the angle between the gradient of guessed pictures and the one seen."""

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
    """Whatever the scale of what is seen: by the angle between gradients of pictures guessed and sent.

    Signed Adam descends 1 - cos(g, seen) + smooth TV(x), where pictures x stay within 0 and 1 and TV is their total
    variation; the rate falls to a tenth after 3/8, 5/8 and 7/8 of the steps.

    Geiping, Bauermeister, Droege, Moeller, "Inverting gradients: how easy is it to break privacy in federated
    learning?", NeurIPS 2020, takes up to 24,000 steps.

    >>> import tensorflow as tf
    >>> from overair.learning import Task
    >>> from overair.learning.federated.task import flatten
    >>> from overair.learning.leakage.attacks.inverting import Inverting
    >>> from overair.learning.models.softmax import Softmax
    >>> from overair.phy import keys
    >>> task, picture = Task(Softmax().build((2, 1, 1), classes=3, seed=0)), tf.constant([[[[0.25]], [[0.75]]]])
    >>> seen = task.gradient(task.weights(), picture, tf.constant([1]), tf.ones([1]), keys.key(0), tf.constant(0))[1]
    >>> found = Inverting(steps=100).ready(task, count=1)(task.weights(), flatten(seen).numpy(), keys.key(0))
    >>> found.pictures.shape, found.labels.tolist()
    ((1, 2, 1, 1), [1])
    """

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
