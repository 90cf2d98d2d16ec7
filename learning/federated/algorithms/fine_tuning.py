"""Fine-tuning: FedAvg, and every device takes some more local steps from the server's model to the one it uses."""

import tensorflow as tf

from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights
from . import Sample
from ._adapting import Adapting
from ._local import plain, walk


@dataclass(frozen=True)
class FineTuning(Adapting):
    """Local steps of plain SGD, and more of them before a model is used: what personal algorithms must beat.

    It is ``Fedavg``, and every device takes ``adapt`` more local steps from the server's model to the one it uses. With
    adapt = 0 every device uses the server's model as it is.

    Jiang, Konecny, Rush, Kannan, "Improving federated learning personalization via model agnostic meta learning", 2019;
    Cheng, Chadha, Duchi, "Fine-tuning is fine in federated learning", 2021.

    >>> import tensorflow as tf
    >>> from overair.learning import FineTuning
    >>> from overair.phy import keys
    >>> drawn = FineTuning(adapt=3).practice(keys.key(0), tf.constant([4, 8]), largest=8, batch_size=2)
    >>> drawn.positions.shape  # of the samples that devices adapt to, by devices, steps and batch
    TensorShape([2, 3, 2])
    """

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        path = walk(task.gradient, plain(self.learning_rate), weights, sample, steps, key)
        return path.moved, path.loss
