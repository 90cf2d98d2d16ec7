"""FedAvg (local SGD): each device takes local steps and sends how far its weights moved, theta - theta_k."""

from typing import ClassVar

import tensorflow as tf

from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights
from . import Sample, Stateless
from ._local import Local, plain, walk


@dataclass(frozen=True)
class Fedavg(Local, Stateless):
    """Local steps of plain SGD (FedAvg, local SGD).

    Each device takes local steps v <- v - eta grad f_k(v) from the server's weights theta to theta_k and sends how far
    its weights moved, u_k = theta - theta_k, [d]. With the server's optimizer at plain SGD of rate 1, theta <- theta -
    sum_k w_k u_k is federated averaging; any other optimizer makes it adaptive.

    McMahan, Moore, Ramage, Hampson, Aguera y Arcas, "Communication-efficient learning of deep networks from
    decentralized data", AISTATS 2017; Reddi et al., "Adaptive federated optimization", ICLR 2021.

    >>> import tensorflow as tf
    >>> from overair.learning import Fedavg
    >>> from overair.phy import keys
    >>> drawn = Fedavg(learning_rate=0.1, epochs=2).batches(keys.key(0), tf.constant([4, 8]), largest=8, batch_size=4)
    >>> drawn.positions.shape, drawn.steps.numpy().tolist()  # devices, steps and batch; the first has half the steps
    (TensorShape([2, 4, 4]), [2.0, 4.0])
    """

    moves: ClassVar[bool] = True

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        path = walk(task.gradient, plain(self.learning_rate), weights, sample, steps, key)
        return path.moved, path.loss
