"""Rounds on quadratics f_k(x) = a_k/2 |x - b_k|^2, of which everything is known, by an algorithm's own methods."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from overair.learning import Task, Weights
from overair.learning.federated.algorithms import Heard, Sample
from overair.learning.federated.task import flatten, moved
from overair.phy import keys

CURVATURES, OPTIMA = (1.0, 4.0, 10.0), (1.0, -1.0, 3.0)


class Half(keras.losses.Loss):
    """|o_1 - o_2|^2 / 2 of the two halves of an output."""

    def __init__(self) -> None:
        super().__init__(reduction="none")

    def call(self, _: Any, outputs: Any) -> Any:
        one, other = tf.split(outputs, 2, axis=1)
        return tf.reduce_sum((one - other) ** 2, axis=1) / 2.0


def point(size: int) -> Callable[[int], keras.Model]:
    """x [size], from 0 on; a sample (sqrt a, sqrt a b) makes a/2 |x - b|^2 of it."""

    def build(seed: int) -> keras.Model:
        inputs = keras.layers.Input((1 + size,))
        x = keras.layers.Dense(size, use_bias=False, kernel_initializer="zeros")(inputs[:, :1])
        return keras.Model(inputs, keras.layers.Concatenate()([x, inputs[:, 1:]]))

    return build


def samples(curvatures: Any, optima: Any) -> np.ndarray:
    """One of each device, [K, 1 + size]."""
    root = np.sqrt(np.asarray(curvatures, float))[:, None]
    b = np.asarray(optima, float).reshape(len(root), -1)
    return np.concatenate([root, root * b], axis=1).astype(np.float32)


class Setting(NamedTuple):
    """Devices, and how they take part."""

    curvatures: Any = CURVATURES
    optima: Any = OPTIMA
    shares: Any = (1 / 3, 1 / 3, 1 / 3)
    steps: Any = (5, 5, 5)
    sends: Callable[[int], np.ndarray] | None = None  # weights of a round, [K]; the shares unless given
    noise: float = 0.0  # standard deviation in the sum, of everything that is sent
    drawn: int = 1  # batches of a step, all alike here


class Path(NamedTuple):
    """What there was after each round."""

    x: Any  # [rounds + 1, size]
    own: list[Any]  # of each device
    common: list[Any]


def play(algorithm: Any, setting: Setting, rounds: int, seed: int = 0) -> Path:
    """Rounds of devices in their order, and a server that subtracts what it is told to."""
    x = tf.constant(samples(setting.curvatures, setting.optima))
    devices, size = x.shape[0], x.shape[1] - 1
    task = Task(point(size)(0), Half())
    weights, memory, most = task.weights(), algorithm.init(task, devices), max(setting.steps)
    common, own = memory.common, [tf.nest.map_structure(itemgetter(k), memory.own) for k in range(devices)]
    path = Path([flatten(weights.trainable)], [own], [common])

    @tf.function(autograph=False)
    def compute(x: tf.Tensor, steps: tf.Tensor, weights: Weights, common: Any, own: Any) -> Any:
        x, nothing = tf.repeat(x, setting.drawn, 0), tf.zeros([setting.drawn], tf.int32)
        sample = Sample(lambda step: (x, nothing, tf.cast(tf.fill([setting.drawn], step < steps), tf.float32)))
        sent, own, _ = algorithm.compute(task, weights, sample, most, keys.key(0), common, own)
        return flatten([*sent.trainable, *sent.statistics]), own

    for number in range(rounds):
        sending = np.asarray(setting.sends(number) if setting.sends else setting.shares, np.float32)
        heard = Heard(
            tf.constant(sending),
            tf.constant(setting.shares, tf.float32),
            tf.cast(setting.steps, tf.float32),
            tf.constant(sending > 0),
        )
        total, own = keys.normal(keys.key(seed, number), [size]) * setting.noise, list(own)
        for k in np.flatnonzero(sending):
            sent, own[k] = compute(x[k : k + 1], tf.constant(setting.steps[k]), weights, common, own[k])
            total += sending[k] * sent
        common, step = algorithm.serve(task, common, total, heard)
        weights = moved(weights, -step)
        for kept, now in zip(path, (flatten(weights.trainable), own, common), strict=True):
            kept.append(now)
    return Path(np.stack(path.x), path.own, path.common)
