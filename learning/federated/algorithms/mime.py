"""Mime: local steps along g_k(v) - g_k(x) + g(x), with the mean gradient g at the server's weights x."""

from typing import ClassVar, NamedTuple

import tensorflow as tf

from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights, flatten
from . import Heard, Memory, Sample, Usual
from ._local import Local, Parts, There, walk


class Turn(NamedTuple):
    """Whose turn a round is."""

    walks: tf.Tensor  # 0 where gradients are sent, 1 where local steps are taken
    mean: Parts  # eta g(x); zero where it is asked for


@dataclass(frozen=True)
class Mime(Local, Usual):
    """Local steps towards the minimum of the mean, along g_k(v) - g_k(x) + g(x).

    Here g is the mean gradient at the server's weights x. That mean is a sum of its own. So rounds take turns: in one
    devices send eta g_k(x), the mean over the samples of their steps, and the server only tells them the mean of these;
    in the next they take local steps and send x - y_k. A step of the server costs two rounds, in elements, energy and
    time as in accuracy over rounds, and a walking step two gradients of each sample, at v and at x. It is for a server
    with plain SGD: one with momentum sees a step of zero whenever gradients are sent.

    Karimireddy, Jaggi, Kale, Mohri, Reddi, Stich, Suresh, "Breaking the centralized barrier for cross-device federated
    learning", NeurIPS 2021 (with SGD as its base).

    >>> from overair.learning import Mime
    >>> Mime(steps=5).turns, Mime(steps=5).passes  # rounds of a step, and gradients of each sample in these
    (2, (1.0, 2.0))
    """

    moves: ClassVar[bool] = True
    turns: ClassVar[int] = 2
    passes: ClassVar[tuple[float, ...]] = (1.0, 2.0)

    def init(self, task: Task, devices: int) -> Memory:
        return Memory(Turn(tf.zeros([]), task.zeros()), ())

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Turn, own: tuple[()]
    ) -> tuple[Weights, tuple[()], tf.Tensor]:
        downhill, walks = self.downhill(task), common.walks

        def slope(now: Weights, *batch: tf.Tensor) -> tuple[tf.Tensor, Parts, Parts]:
            loss, here, statistics = downhill(now, *batch)
            there = downhill(weights, *batch)[1]
            return loss, [walks * h + (1.0 - 2.0 * walks) * t for h, t in zip(here, there, strict=True)], statistics

        def move(now: Parts, downhill: Parts, there: There) -> Parts:
            return [v + g - there * m for v, g, m in zip(now, downhill, common.mean, strict=True)]

        path = walk(slope, move, weights, sample, steps, key)
        share = walks + (1.0 - walks) / path.steps
        statistics = [walks * change for change in path.moved.statistics]
        return Weights([share * way for way in path.moved.trainable], statistics), own, path.loss

    def serve(self, task: Task, common: Turn, estimate: tf.Tensor, heard: Heard) -> tuple[Turn, tf.Tensor]:
        received, statistics = task.split(estimate)
        told = tf.math.divide_no_nan(1.0 - common.walks, heard.total)
        mean = [told * way for way in received]
        return Turn(1.0 - common.walks, mean), common.walks * flatten([*received, statistics])
