"""Local steps: how many a device takes in a round, and the walk itself, with whatever an algorithm adds to a step.

A step whose batch holds no sample is none: where shares differ, the smaller ones pass theirs in fewer, and a device
that manages a part of its work has no samples in the rest. Nothing moves there, whatever corrects the others.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, NamedTuple, TypeAlias

import tensorflow as tf
from annotated_types import Gt, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from .. import batches
from ..batches import Batches
from ..task import Task, Weights
from . import Sample

UNROLLED = 10  # as many steps are compiled one by one: on CNNs a loop within the loop over devices costs a third more
Parts = list[tf.Tensor]
Slope = Callable[..., tuple[tf.Tensor, Parts, Parts]]  # what Task.gradient takes -> loss, slope, statistics
There: TypeAlias = tf.Tensor | float  # 0 for a step without samples, else 1; a number where that is known
Move = Callable[[Parts, Parts, There], Parts]  # weights, slope, and whether there are samples -> weights


@dataclass(frozen=True)
class Local:
    """Local steps of SGD."""

    learning_rate: Annotated[float, Gt(0), Le(1e6)] = 0.1
    """Of the local steps."""
    steps: Annotated[int, Gt(0), Le(10**6)] | None = None
    """Local steps of a round; one epoch unless steps or epochs are given."""
    epochs: Annotated[int, Gt(0), Le(10**6)] | None = None
    """Passes over the device's own share in a round."""

    def __post_init__(self) -> None:
        if self.steps is not None and self.epochs is not None:
            name = type(self).__name__.lower()
            raise ValueError(f"{name}: expected steps or epochs, received both, {self.steps} and {self.epochs}")

    def batches(self, key: Key, sizes: tf.Tensor, largest: int, batch_size: int | None) -> Batches:
        if batch_size is None:
            return batches.everything(sizes, largest, self.steps or self.epochs or 1)
        if self.steps is not None:
            return batches.with_repetition(key, sizes, self.steps, batch_size)
        return batches.epochs(key, sizes, largest, self.epochs or 1, batch_size)

    def downhill(self, task: Task) -> Slope:
        """The gradient times the rate, downhill: scaled where it begins, which costs nothing."""
        return partial(task.gradient, times=tf.constant(-self.learning_rate))


class Walk(NamedTuple):
    """Where local steps have led."""

    moved: Weights  # from there to the start
    steps: tf.Tensor | float  # that had samples
    loss: tf.Tensor  # mean over them

    @property
    def mean_step(self) -> Parts:
        """How far a step moved trainable weights, on average."""
        return [way * (1.0 / self.steps) for way in self.moved.trainable]

    def end(self, start: Weights) -> Weights:
        """Where they have led, from there on."""
        ends = [[old - way for old, way in zip(*parts, strict=True)] for parts in zip(start, self.moved, strict=True)]
        return Weights(*ends)


def plain(rate: float) -> Move:
    """A step of plain SGD along a gradient, of which nothing is left where there are no samples."""
    return lambda now, gradient, there: [w - rate * g for w, g in zip(now, gradient, strict=True)]


def walk(slope: Slope, move: Move, weights: Weights, sample: Sample, steps: int, key: Key) -> Walk:
    """From the weights on, by moves along a slope."""

    def step(index: tf.Tensor, now: Weights, total: tf.Tensor, done: tf.Tensor) -> tuple[tf.Tensor, ...]:
        x, y, mask = sample(index)
        loss, gradient, after = slope(now, x, y, mask, key, index)
        any_samples = tf.reduce_any(mask > 0)
        there = 1.0 if sample.whole else tf.cast(any_samples, tf.float32)
        trainable = move(now.trainable, gradient, there)
        statistics = [tf.where(any_samples, new, old) for old, new in zip(now.statistics, after, strict=True)]
        return index + 1, Weights(trainable, statistics), total + loss, done + there

    progress = (tf.constant(0), weights, tf.zeros([]), tf.zeros([]))
    if steps <= UNROLLED:
        for _ in range(steps):
            progress = step(*progress)
    else:
        progress = tf.while_loop(lambda index, *_: index < steps, step, progress, maximum_iterations=steps)
    _, end, total, done = progress
    moved = [
        [old - new for old, new in zip(before, after, strict=True)] for before, after in zip(weights, end, strict=True)
    ]
    taken = float(steps) if sample.whole else tf.maximum(done, 1.0)
    return Walk(Weights(*moved), taken, total / taken)
