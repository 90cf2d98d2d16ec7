"""Fine-tuning: FedAvg, and every device takes some more local steps from the server's model to the one it uses.

What personal algorithms must beat. With adapt = 0 every device uses the server's model as it is. Jiang, Konecny, Rush,
Kannan, "Improving federated learning personalization via model agnostic meta learning", 2019; Cheng, Chadha, Duchi,
"Fine-tuning is fine in federated learning", 2021.
"""

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ....phy.keys import Key
from ....phy.strict import STRICT
from ..task import Task, Weights
from . import Sample
from ._adapting import Adapting
from ._local import plain, walk


@dataclass(frozen=True, config=STRICT)
class FineTuning(Adapting):
    """Local steps of plain SGD, and more of them before a model is used."""

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        path = walk(task.gradient, plain(self.learning_rate), weights, sample, steps, key)
        return path.moved, path.loss
