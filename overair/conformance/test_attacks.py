"""Every attack, found by its file, on a network that all can attack: pictures for whatever is seen, none for zeros."""

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ..learning import Task
from ..learning.federated.task import flatten
from ..phy import keys

SHAPE, CLASSES = (3, 4, 1), 5


@pytest.fixture(scope="module")
def task() -> Task:
    kernels = (keras.initializers.RandomUniform(-0.5, 0.5, seed) for seed in (1, 2))
    return Task(
        keras.Sequential(
            [
                keras.Input(SHAPE),
                keras.layers.Flatten(),
                keras.layers.Dense(8, "sigmoid", kernel_initializer=next(kernels)),
                keras.layers.Dense(CLASSES, kernel_initializer=next(kernels)),
            ]
        )
    )


def gradient(task: Task, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    told = tf.constant(x), tf.constant(y), tf.ones([len(y)]), keys.key(0), tf.constant(0)
    return np.asarray(flatten(task.gradient(task.weights(), *told)[1]))


def test_attacks(attack: Any, task: Task) -> None:
    """Whatever its fields; how near searches come is tested with their formulas."""
    attack = dataclasses.replace(attack, **{name: 2 for name in ("steps",) if hasattr(attack, name)})
    attack.check(task)
    x, y = np.random.default_rng(0).random((3, *SHAPE), np.float32), np.array([4, 1, 1])
    ready, given = attack.ready(task, 3), gradient(task, x, y)
    for seen in (given, 0 * given):
        found = ready(task.weights(), seen, keys.key(0))
        assert len(found.pictures) == len(found.labels) and found.pictures.shape[1:] == SHAPE
        assert np.isfinite(found.pictures).all() and set(found.labels) <= set(range(CLASSES))
        assert bool(found.pictures.any()) == bool(seen.any())
        again = ready(task.weights(), seen, keys.key(0))
        assert again.pictures.tobytes() == found.pictures.tobytes()
