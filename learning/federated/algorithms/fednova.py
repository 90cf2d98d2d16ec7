"""FedNova: what devices send is their mean step, so that who takes more steps has no more say.

With y_k after tau_k local steps from x, x <- x - tau sum_k w_k (x - y_k)/tau_k, with the mean number tau of steps of
those that are heard. So x rests where sum_k w_k of the mean gradients is zero, where FedAvg's rest weights devices by
their steps. Wang, Liu, Liang, Joshi, Poor, "Tackling the objective inconsistency problem in heterogeneous federated
optimization", NeurIPS 2020.
"""

from typing import ClassVar

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import STRICT
from ..task import Task, Weights, flatten
from . import Heard, Sample, Usual
from ._local import Local, plain, walk


@dataclass(frozen=True, config=STRICT)
class Fednova(Local, Usual):
    """Local steps of plain SGD, averaged."""

    moves: ClassVar[bool] = True

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Nest, own: Nest
    ) -> tuple[Weights, Nest, tf.Tensor]:
        path = walk(task.gradient, plain(self.learning_rate), weights, sample, steps, key)
        return Weights(path.mean_step, path.moved.statistics), own, path.loss

    def serve(self, task: Task, common: Nest, estimate: tf.Tensor, heard: Heard) -> tuple[Nest, tf.Tensor]:
        step, statistics = task.split(estimate)
        return common, flatten([*(heard.mean_steps * way for way in step), statistics])
