"""Algorithms whose devices keep models of their own; who has not been heard yet has the server's."""

from typing import ClassVar, NamedTuple

import tensorflow as tf

from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights
from . import Memory, Sample, Stateless
from ._local import Local


class Own(NamedTuple):
    """What a device keeps."""

    model: Weights
    there: tf.Tensor  # 1 once there is one


@dataclass(frozen=True)
class Keeping(Local, Stateless):
    """What is sent, and the model that is kept, are an algorithm's own matter."""

    moves: ClassVar[bool] = True
    personal: ClassVar[bool] = True
    vectors: ClassVar[int] = 1

    def init(self, task: Task, devices: int) -> Memory:
        rows = tf.nest.map_structure(lambda part: tf.zeros([devices, *part.shape]), task.weights())
        return Memory((), Own(rows, tf.zeros([devices])))

    def own_model(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: tuple[()], own: Own
    ) -> Weights:
        return begun(weights, own)


def begun(weights: Weights, own: Own) -> Weights:
    """A device's own model, or the server's."""
    return tf.nest.map_structure(lambda server, mine: tf.where(own.there > 0, mine, server), weights, own.model)


def kept(model: Weights) -> Own:
    return Own(model, tf.ones([]))
