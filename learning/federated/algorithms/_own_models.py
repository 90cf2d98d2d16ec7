"""Algorithms whose devices have models of their own, and whose server has none."""

from typing import Any, ClassVar

import tensorflow as tf

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights, moved
from . import Sample, Usual
from ._local import Local


@dataclass(frozen=True)
class OwnModels(Local, Usual):
    """What a device keeps has a ``model``, less the one that all began with, [d]."""

    moves: ClassVar[bool] = True
    drifts: ClassVar[bool] = True
    personal: ClassVar[bool] = True
    server_model: ClassVar[bool] = False

    def models(self, own: Any) -> tf.Tensor:
        model: tf.Tensor = own.model
        return model

    def own_model(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Nest, own: Any
    ) -> Weights:
        return moved(weights, own.model)
