"""The exact attack on a network whose first layer is dense with a bias."""

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
    """Takes no time, and no weights: the exact attack on a network whose first layer is dense with a bias.

    Of one picture x the gradient of the kernel is G = outer(x, d), with d that of the bias, so x = G d / |d|^2,
    whatever stands behind that layer. Of several, a softmax regression shows one for every class whose bias has a
    negative gradient, the mean of its pictures by what each weighs; of other networks all that is shown is one mean of
    all.

    Phong et al., "Privacy-preserving deep learning via additively homomorphic encryption", IEEE TIFS 2018; Zhao,
    Mopuri, Bilen, "iDLG", 2020.

    >>> import tensorflow as tf
    >>> from overair.learning import Task
    >>> from overair.learning.federated.task import flatten
    >>> from overair.learning.leakage.attacks.dense import Dense
    >>> from overair.learning.models.softmax import Softmax
    >>> from overair.phy import keys
    >>> task, picture = Task(Softmax().build((2, 1, 1), classes=3, seed=0)), tf.constant([[[[0.25]], [[0.75]]]])
    >>> seen = task.gradient(task.weights(), picture, tf.constant([1]), tf.ones([1]), keys.key(0), tf.constant(0))[1]
    >>> found = Dense().ready(task, count=1)(task.weights(), flatten(seen).numpy(), keys.key(0))
    >>> found.pictures.ravel().round(4).tolist(), found.labels.tolist()
    ([0.25, 0.75], [1])
    """

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
