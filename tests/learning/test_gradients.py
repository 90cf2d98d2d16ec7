"""Gradients that studies compress and recover are those of a descent, and what is made of them is what is said."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning.data.digits import Digits
from overair.learning.gradients import gradients, largest, variant
from overair.learning.models.dropout_cnn import DropoutCnn
from overair.learning.models.lenet import Lenet
from overair.ota.layers import size_of

LAYERS = ((5, 5, 2, 3), (3,), (40, 10))


def entries(size: int = size_of(LAYERS)) -> np.ndarray:
    return np.random.default_rng(3).laplace(size=size)


@pytest.mark.parametrize(("network", "batch", "rate"), [(DropoutCnn(dropout=0.0), 64, 0.1), (Lenet(), 128, 0.05)])
def test_a_gradient_is_that_of_a_descent_after_so_many_steps(network: Any, batch: int, rate: float) -> None:
    data, model = Digits().load(), network.build((28, 28, 1), 10, 0)
    x = tf.image.resize(data.x_train, [28, 28]).numpy()
    found = gradients(network.build((28, 28, 1), 10, 0), x, data.y_train, (1, 3), batch, rate, seed=0)
    loss, optimizer = keras.losses.SparseCategoricalCrossentropy(from_logits=True), keras.optimizers.SGD(rate)
    rng, expected = np.random.default_rng(0), []
    for _ in range(4):
        some = rng.choice(len(data.y_train), batch, replace=False)
        with tf.GradientTape() as tape:
            value = loss(data.y_train[some], model(x[some]))
        parts = tape.gradient(value, model.trainable_variables)
        expected.append(np.concatenate([np.ravel(part) for part in parts]))
        optimizer.apply(parts, model.trainable_variables)
    for got, wanted in zip(found, (expected[1], expected[3]), strict=True):
        assert np.linalg.norm(got - wanted) < 1e-3 * np.linalg.norm(wanted)  # float32
    assert np.linalg.norm(expected[1] - expected[3]) > 0.1 * np.linalg.norm(expected[1])


def test_a_gradient_does_not_depend_on_which_others_are_asked_for() -> None:
    data = Digits().load()

    def at(*moments: int) -> np.ndarray:
        model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "tanh")])
        model.set_weights([np.ones([64, 10], np.float32), np.zeros([10], np.float32)])
        return gradients(model, data.x_train, data.y_train, moments, 16, 0.3, seed=2)

    np.testing.assert_array_equal(at(2)[0], at(5, 2)[1])


def test_the_largest_are_kept() -> None:
    x = entries(1000)
    kept = largest(x, 0.25)
    assert np.count_nonzero(kept) == 250
    assert np.abs(kept[kept != 0]).min() > np.abs(x[kept == 0]).max()
    np.testing.assert_array_equal(kept[kept != 0], x[kept != 0])
    assert np.count_nonzero(largest(x, 1e-9)) == 1


def test_shuffling_moves_entries_within_kernels_only() -> None:
    x, bounds = largest(entries(), 0.3), np.cumsum([150, 3])
    kernel, *rest = np.split(variant(x, "shuffled", LAYERS, 0), bounds)
    before, *untouched = np.split(x, bounds)
    assert not np.array_equal(kernel, before)
    np.testing.assert_array_equal(np.sort(kernel), np.sort(before))
    for part, same in zip(rest, untouched, strict=True):
        np.testing.assert_array_equal(part, same)


def test_normal_amplitudes_stand_on_the_same_support() -> None:
    x = largest(entries(4000), 0.3)
    normal = variant(x, "normal", (), 0)
    np.testing.assert_array_equal(normal != 0, x != 0)
    power = (normal[x != 0] ** 2).mean()
    assert abs(power - 1) < 4.5 * (2 / 1200) ** 0.5
    np.testing.assert_array_equal(variant(x, "real", (), 0), x)
