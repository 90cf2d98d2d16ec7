"""FedProx: local steps that are drawn back to the server's weights theta, along g + mu (v - theta)."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights
from . import Sample, Stateless
from ._local import Local, Parts, There, walk


@dataclass(frozen=True)
class Fedprox(Local, Stateless):
    """Local steps with a proximal term (FedProx).

    They are drawn back to the server's weights theta, v <- v - eta (grad f_k(v) + mu (v - theta)), and theta - theta_k
    is sent as by ``Fedavg``, which it is with mu = 0.

    Li, Sahu, Zaheer, Sanjabi, Talwalkar, Smith, "Federated optimization in heterogeneous networks", MLSys 2020.

    >>> from overair.learning import Fedprox
    >>> Fedprox(learning_rate=0.05, steps=5, mu=0.1).passes  # gradients of each sample that it uses
    (1.0,)
    """

    mu: Annotated[float, Ge(0), Le(1e6)] = 0.01
    """Weight of the proximal term; mu/2 |v - theta|^2 is added to what a device minimises."""
    moves: ClassVar[bool] = True
    drifts: ClassVar[bool] = True

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        def move(now: Parts, downhill: Parts, there: There) -> Parts:
            pull = self.learning_rate * self.mu * there
            parts = zip(now, downhill, weights.trainable, strict=True)
            return [(1.0 - pull) * v + pull * x + g for v, g, x in parts]  # at first all but g is the same for all

        path = walk(self.downhill(task), move, weights, sample, steps, key)
        return path.moved, path.loss
