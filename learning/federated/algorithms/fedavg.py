"""FedAvg (local SGD): each device takes local steps and sends how far its weights moved, theta - theta_k.

With the server's optimizer at plain SGD of rate 1 this is federated averaging; any other optimizer makes it adaptive.
McMahan, Moore, Ramage, Hampson, Aguera y Arcas, "Communication-efficient learning of deep networks from decentralized
data", AISTATS 2017; Reddi et al., "Adaptive federated optimization", ICLR 2021.
"""

from typing import ClassVar

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ....phy.keys import Key
from ....phy.strict import STRICT
from ..task import Task, Weights
from . import Sample, Stateless
from ._local import Local, plain, walk


@dataclass(frozen=True, config=STRICT)
class Fedavg(Local, Stateless):
    """Local steps of plain SGD."""

    moves: ClassVar[bool] = True

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        path = walk(task.gradient, plain(self.learning_rate), weights, sample, steps, key)
        return path.moved, path.loss
