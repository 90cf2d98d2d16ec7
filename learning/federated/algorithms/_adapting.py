"""Algorithms whose devices adapt the server's model before they use it, by local steps on their training data."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import dataclass
from .. import batches
from ..batches import Batches
from ..task import Task, Weights
from . import Sample, Stateless
from ._local import Local, plain, walk


@dataclass(frozen=True)
class Adapting(Local, Stateless):
    """What is sent is an algorithm's own matter."""

    adapt: Annotated[int, Ge(0), Le(10**6)] = 5
    """Steps of SGD on its own data by which a device makes its model of the server's."""
    moves: ClassVar[bool] = True
    personal: ClassVar[bool] = True

    @property
    def adapt_rate(self) -> float:
        """Of these steps."""
        return self.learning_rate

    def practice(self, key: Key, sizes: tf.Tensor, largest: int, batch_size: int | None) -> Batches:
        if batch_size is None:
            return batches.everything(sizes, largest, self.adapt)
        return batches.with_repetition(key, sizes, self.adapt, batch_size)

    def own_model(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Nest, own: Nest
    ) -> Weights:
        return walk(task.gradient, plain(self.adapt_rate), weights, sample, steps, key).end(weights)
