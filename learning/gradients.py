"""Gradients of a network while it learns, and what is made of them: their largest entries, shuffled or normal ones."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ..ota.layers import Layers, size_of
from ..phy import keys
from .federated.task import Task, Weights, flatten

Entries = Literal["real", "shuffled", "normal"]


class EpochGradients(NamedTuple):
    """The gradients of an epoch, [d] each."""

    mean: np.ndarray  # over its batches
    last: np.ndarray  # of its last batch


def gradients(
    model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    moments: Sequence[int],
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> np.ndarray:
    """On a batch of samples x [N, ...] with labels y [N], after so many steps of plain SGD, [moments, d]."""
    task, rng = Task(model), np.random.default_rng(seed)
    samples, weights, found = tf.constant(x), task.weights(), {}
    for step in range(max(moments) + 1):
        batch = rng.choice(len(y), batch_size, replace=False)
        some, labels = tf.gather(samples, batch), tf.constant(y[batch])
        key = keys.key(seed, step)
        _, parts, statistics = task.gradient(weights, some, labels, tf.ones([batch_size]), key, tf.constant(0))
        if step in moments:
            found[step] = flatten(parts).numpy()
        moved = [w - learning_rate * g for w, g in zip(weights.trainable, parts, strict=True)]
        weights = weights._replace(trainable=moved, statistics=statistics)
    return np.stack([found[moment] for moment in moments])


def over_epochs(
    model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    wanted: Sequence[int],
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> dict[int, EpochGradients]:
    """Of plain SGD that goes through all samples in a new order each epoch, for the wanted ones, numbered from 1.

    Batches are whole: samples left over at the end of an epoch are left out.
    """
    task, rng = Task(model), np.random.default_rng(seed)
    samples, labels, weights = tf.constant(x), tf.constant(y), task.weights()
    steps, found = len(y) // batch_size, {}

    @tf.function(autograph=False)
    def epoch(weights: Weights, order: tf.Tensor, key: keys.Key) -> tuple[Weights, tf.Tensor, tf.Tensor]:
        def step(at: tf.Tensor, weights: Weights, total: tf.Tensor, _: tf.Tensor) -> tuple[object, ...]:
            batch, ones = order[at], tf.ones([batch_size])
            some, own = tf.gather(samples, batch), keys.fold(key, at)
            _, parts, statistics = task.gradient(weights, some, tf.gather(labels, batch), ones, own, tf.constant(0))
            moved = [w - learning_rate * g for w, g in zip(weights.trainable, parts, strict=True)]
            last = flatten(parts)
            return at + 1, Weights(moved, statistics), total + last, last

        zeros = tf.zeros([sum(int(np.prod(w.shape)) for w in weights.trainable)])
        start = (tf.constant(0), weights, zeros, zeros)
        _, weights, total, last = tf.while_loop(lambda at, *_: at < steps, step, start, parallel_iterations=1)
        return weights, total / steps, last

    for number in range(1, max(wanted) + 1):
        order = rng.permutation(len(y))[: steps * batch_size].reshape(steps, batch_size)
        weights, mean, last = epoch(weights, tf.constant(order, tf.int32), keys.key(seed, number))
        if number in wanted:
            found[number] = EpochGradients(mean.numpy(), last.numpy())
    return found


def largest(gradient: np.ndarray, share: float) -> np.ndarray:
    """The share of entries that is largest in magnitude, one at least, zeros elsewhere."""
    count = max(round(share * gradient.size), 1)
    return np.where(np.abs(gradient) >= np.sort(np.abs(gradient), axis=None)[-count], gradient, 0.0)


def variant(x: np.ndarray, entries: Entries, layers: Layers, seed: int) -> np.ndarray:
    """A vector x [d] as it is; with each kernel of a convolution shuffled within itself; or with normal amplitudes.

    Shuffling leaves layers' shares of large entries and amplitudes as they are, and nobody his neighbours.
    """
    rng = np.random.default_rng(seed)
    if entries == "normal":
        return np.where(x != 0, rng.normal(size=x.shape), 0.0)
    if entries == "shuffled":
        parts = np.split(x, np.cumsum([size_of((layer,)) for layer in layers])[:-1])
        return np.concatenate(
            [rng.permutation(part) if len(layer) == 4 else part for part, layer in zip(parts, layers, strict=True)]
        )
    return x
