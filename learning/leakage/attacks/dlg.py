"""Deep leakage from gradients: L-BFGS on the squared distance of the gradient of guessed pictures from the one seen."""

from typing import Annotated, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from ...federated.task import Task, Weights
from ..matching import Matching, check, labels_of
from . import Found, Ready, nothing

CERTAIN = 50.0  # logit of a label that is known


@dataclass(frozen=True)
class Dlg:
    """From normal noise, and the start that ends nearest of several: deep leakage from gradients.

    L-BFGS on the squared distance of the gradient of guessed pictures from the one seen, |g - seen|^2 / |seen|^2. It
    needs second derivatives: networks with sigmoids, such as ``dlg_lenet``, give pictures away, those with ReLU hardly.
    Labels follow from the gradient of the last layer's bias, or are guessed with the pictures.

    Zhu, Liu, Han, "Deep leakage from gradients", NeurIPS 2019.

    >>> import tensorflow as tf
    >>> from overair.learning import Task
    >>> from overair.learning.federated.task import flatten
    >>> from overair.learning.leakage.attacks.dlg import Dlg
    >>> from overair.learning.models.softmax import Softmax
    >>> from overair.phy import keys
    >>> task, picture = Task(Softmax().build((2, 1, 1), classes=3, seed=0)), tf.constant([[[[0.25]], [[0.75]]]])
    >>> seen = task.gradient(task.weights(), picture, tf.constant([1]), tf.ones([1]), keys.key(0), tf.constant(0))[1]
    >>> found = Dlg(steps=50).ready(task, count=1)(task.weights(), flatten(seen).numpy(), keys.key(0))
    >>> found.pictures.ravel().round(2).tolist(), found.labels.tolist()
    ([0.25, 0.75], [1])
    """

    steps: Annotated[int, Ge(1), Le(100_000)] = 300
    """Steps of L-BFGS, at most."""
    labels: Literal["rule", "joint"] = "rule"
    """From the last bias's gradient, or guessed with the pictures."""
    starts: Annotated[int, Ge(1), Le(1000)] = 1
    """Starts, of which the nearest end counts."""

    def check(self, task: Task) -> None:
        check(task)

    def ready(self, task: Task, count: int) -> Ready:
        matching, classes, joint = Matching(task, count), task.outputs, self.labels == "joint"

        def found(weights: Weights, seen: np.ndarray, key: Key) -> Found:
            if not seen.any():
                return nothing(task, count)
            known = CERTAIN * np.eye(classes)[labels_of(seen[-classes:], count)]
            ends = []
            for number in range(self.starts):
                own = keys.fold(key, "start", number)
                start = keys.normal(keys.fold(own, "pictures"), matching.shape)
                logits = keys.normal(keys.fold(own, "labels"), known.shape) if joint else tf.constant(known, tf.float32)
                ends.append(matching.nearest(weights, tf.constant(seen), start, logits, joint, self.steps))
            best = min(ends, key=lambda end: end.mismatch)
            return Found(best.pictures, best.logits.argmax(axis=1))

        return found
