"""FedAvg (local SGD): each device takes local steps and sends how far its weights moved, theta - theta_k.

With the server's optimizer at plain SGD of rate 1 this is federated averaging; any other optimizer makes it adaptive.
McMahan, Moore, Ramage, Hampson, Aguera y Arcas, "Communication-efficient learning of deep networks from decentralized
data", AISTATS 2017; Reddi et al., "Adaptive federated optimization", ICLR 2021.
"""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le
from pydantic.dataclasses import dataclass

from ....phy.keys import Key
from ....phy.strict import STRICT
from .. import batches
from ..batches import Batches
from ..task import Task, Weights
from . import Sample

UNROLLED = 10  # as many steps are compiled one by one: on CNNs a loop within the loop over devices costs a third more


@dataclass(frozen=True, config=STRICT)
class Fedavg:
    """Local steps of plain SGD."""

    learning_rate: Annotated[float, Gt(0), Le(1e6)] = 0.1
    """Of the local steps."""
    steps: Annotated[int, Gt(0), Le(10**6)] | None = None
    """Local steps of a round; one epoch unless steps or epochs are given."""
    epochs: Annotated[int, Gt(0), Le(10**6)] | None = None
    """Passes over the device's own share in a round."""
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.steps is not None and self.epochs is not None:
            raise ValueError(f"fedavg: expected steps or epochs, received both, {self.steps} and {self.epochs}")

    def batches(self, key: Key, sizes: tf.Tensor, largest: int, batch_size: int | None) -> Batches:
        if batch_size is None:
            return batches.everything(sizes, largest, self.steps or self.epochs or 1)
        if self.steps is not None:
            return batches.with_repetition(key, sizes, self.steps, batch_size)
        return batches.epochs(key, sizes, largest, self.epochs or 1, batch_size)

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        def step(index: tf.Tensor, now: Weights, total: tf.Tensor) -> tuple[tf.Tensor, Weights, tf.Tensor]:
            x, y, mask = sample(index)
            loss, gradient, after = task.gradient(now, x, y, mask, key, index)
            trainable = [w - self.learning_rate * g for w, g in zip(now.trainable, gradient, strict=True)]
            any_samples = tf.reduce_any(mask > 0)
            statistics = [tf.where(any_samples, new, old) for old, new in zip(now.statistics, after, strict=True)]
            return index + 1, Weights(trainable, statistics), total + loss

        progress = (tf.constant(0), weights, tf.zeros([]))
        if steps <= UNROLLED:
            for _ in range(steps):
                progress = step(*progress)
        else:
            progress = tf.while_loop(lambda index, *_: index < steps, step, progress, maximum_iterations=steps)
        _, end, total = progress
        moved = [
            [old - new for old, new in zip(before, after, strict=True)]
            for before, after in zip(weights, end, strict=True)
        ]
        return Weights(*moved), total / steps
