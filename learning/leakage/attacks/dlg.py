"""Deep leakage from gradients: L-BFGS on the squared distance of the gradient of guessed pictures from the one seen.

It needs second derivatives: networks with sigmoids, such as dlg_lenet, give pictures away, those with ReLU hardly. Zhu,
Liu, Han, "Deep leakage from gradients", NeurIPS 2019. `learning/leakage/matching.py` has it.
"""

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
    """From normal noise, and the start that ends nearest of several."""

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
