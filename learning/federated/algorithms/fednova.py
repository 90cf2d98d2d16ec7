"""FedNova: what devices send is their mean step, so that who takes more steps has no more say."""

from typing import ClassVar

import tensorflow as tf

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights, flatten
from . import Heard, Sample, Usual
from ._local import Local, plain, walk


@dataclass(frozen=True)
class Fednova(Local, Usual):
    """Local steps of plain SGD, averaged, so that who takes more steps has no more say (FedNova).

    With y_k after tau_k local steps from the server's weights x, devices send (x - y_k)/tau_k and

        x <- x - tau sum_k w_k (x - y_k)/tau_k,

    with the mean number tau of steps of those that are heard. So x rests where sum_k w_k of the mean gradients is zero,
    where FedAvg's rest weights devices by their steps.

    Wang, Liu, Liang, Joshi, Poor, "Tackling the objective inconsistency problem in heterogeneous federated
    optimization", NeurIPS 2020.

    >>> import tensorflow as tf
    >>> from overair.learning import Fednova, Task
    >>> from overair.learning.federated.algorithms import Heard
    >>> from overair.learning.models.softmax import Softmax
    >>> half, all_sent = tf.constant([0.5, 0.5]), tf.constant([True, True])
    >>> heard = Heard(weights=half, shares=half, steps=tf.constant([2.0, 6.0]), sent=all_sent)
    >>> task = Task(Softmax().build((2,), classes=2, seed=0))  # of 6 parameters
    >>> Fednova().serve(task, (), tf.ones([6]), heard)[1].numpy().tolist()  # 4 steps on average
    [4.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    """

    moves: ClassVar[bool] = True

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Nest, own: Nest
    ) -> tuple[Weights, Nest, tf.Tensor]:
        path = walk(task.gradient, plain(self.learning_rate), weights, sample, steps, key)
        return Weights(path.mean_step, path.moved.statistics), own, path.loss

    def serve(self, task: Task, common: Nest, estimate: tf.Tensor, heard: Heard) -> tuple[Nest, tf.Tensor]:
        step, statistics = task.split(estimate)
        return common, flatten([*(heard.mean_steps * way for way in step), statistics])
