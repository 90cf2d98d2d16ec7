"""Gradients of a network while it learns, and what is made of them: their largest entries, shuffled or normal ones."""

from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from ..ota.layers import Layers, size_of
from ..phy import keys
from .federated.task import Task, flatten

Entries = Literal["real", "shuffled", "normal"]


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
