"""The exact attack on a network whose first layer is dense with a bias.

One picture is exact, whatever stands behind that layer. Of several, a softmax regression shows one for every class
whose bias has a negative gradient, the mean of its pictures by what each weighs; of other networks all that is shown is
one mean of all. `learning/leakage/dense.py` has the formulas.
"""

import numpy as np

from ....ota.layers import size_of
from ....phy.keys import Key
from ....phy.strict import dataclass
from ...federated.task import Task, Weights
from .. import dense
from ..matching import labels_of
from . import Found, Ready, nothing


@dataclass(frozen=True)
class Dense:
    """Takes no time, and no weights."""

    def check(self, task: Task) -> None:
        inputs = size_of((tuple(task.model.input_shape[1:]),))
        kernel, bias = (*task.layers, (), ())[:2]
        if len(kernel) != 2 or kernel[0] != inputs or bias != kernel[1:]:
            told = " x ".join(map(str, kernel))
            raise ValueError(
                f"attack: expected a network whose first layer is dense on all {inputs} inputs, with a bias, "
                f"received one that begins with weights of {told}; take dlg or inverting, or softmax or fc as model"
            )

    def ready(self, task: Task, count: int) -> Ready:
        self.check(task)
        shape, classes, (kernel_of, _) = task.model.input_shape[1:], task.outputs, task.layers[:2]
        first, single = size_of((kernel_of,)), len(task.layers) == 2

        def found(weights: Weights, seen: np.ndarray, key: Key) -> Found:
            if not seen.any():
                return nothing(task, count)
            kernel, bias = seen[:first].reshape(kernel_of), seen[first : first + kernel_of[1]]
            if count > 1 and single:
                there = np.flatnonzero(bias < 0)
                return Found(dense.inputs_by_class(kernel, bias)[there].reshape(-1, *shape), there)
            labels = labels_of(seen[: task.trainable][-classes:], count)
            return Found(np.broadcast_to(dense.input_of(kernel, bias).reshape(shape), (count, *shape)), labels)

        return found
