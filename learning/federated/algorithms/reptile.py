"""Reptile: local steps to y_k as in FedAvg, of which the server goes a part, x <- x - epsilon sum_k w_k (x - y_k)."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights
from . import Sample
from ._adapting import Adapting
from ._local import plain, walk


@dataclass(frozen=True)
class Reptile(Adapting):
    """Local steps of plain SGD, and a part of the way.

    Local steps lead from x to y_k as in ``Fedavg``, of which the server goes a part only, x <- x - epsilon sum_k w_k (x
    - y_k). With epsilon = 1 it is FedAvg with fine-tuning. Several steps of one task bend the sum towards a point from
    which few steps lead far: ``adapt`` of them make the model that a device uses.

    Nichol, Achiam, Schulman, "On first-order meta-learning algorithms", 2018.

    >>> from overair.learning import Reptile
    >>> Reptile(steps=5, epsilon=0.5, adapt=10).personal
    True
    """

    epsilon: Annotated[float, Gt(0), Le(1)] = 0.5
    """Share of the way to where local steps lead; the server's optimizer comes on top."""
    drifts: ClassVar[bool] = True

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        path = walk(task.gradient, plain(self.learning_rate), weights, sample, steps, key)
        return Weights([self.epsilon * way for way in path.moved.trainable], path.moved.statistics), path.loss
