"""A model as pure functions: what a padded batch charges, and statistics that noise has spoilt."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Fedavg, Task
from overair.learning.federated.algorithms import Sample
from overair.learning.federated.batches import epochs
from overair.phy import keys

RNG = np.random.default_rng(0)
X, Y = tf.constant(RNG.random((8, 4), np.float32)), tf.constant(RNG.integers(0, 3, 8), tf.int32)


def shrinking() -> Task:
    """A model whose regulariser adds 0.5 |W|^2 = 6 to the loss and W = 1 to its gradient."""
    dense = keras.layers.Dense(3, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5))
    return Task(keras.Sequential([keras.layers.Input((4,)), dense]))


def test_a_regulariser_is_charged_once_a_batch_and_not_on_padding() -> None:
    task = shrinking()
    whole, half, none = (
        task.gradient(task.weights(), X, Y, tf.constant(mask, tf.float32), keys.key(0), tf.constant(0))
        for mask in ([1] * 8, [1] * 4 + [0] * 4, [0] * 8)
    )
    assert float(none[0]) == 0 and not any(np.any(slope) for slope in none[1])
    for found, used in ((whole, 8), (half, 4)):
        logits = X.numpy()[:used] @ np.ones((4, 3))
        odds = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        slope = X.numpy()[:used].T @ (odds - np.eye(3)[Y.numpy()[:used]]) / used
        np.testing.assert_allclose(found[1][0], slope + 1, atol=1e-6)
        loss = -np.log(odds[np.arange(used), Y.numpy()[:used]]).mean()
        assert float(found[0]) == pytest.approx(loss + 6, rel=1e-6)


@pytest.mark.parametrize("steps", [2, 5])
def test_a_device_that_has_no_samples_left_does_not_move(steps: int) -> None:
    """Steps of padding alone, as a short share has in an epoch of long ones: neither the loss nor the regulariser."""
    task, begun = shrinking(), []

    def sample(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        begun.append(step)
        return X, Y, tf.cast(tf.fill([8], step < 1), tf.float32)

    one, _ = Fedavg(0.1, steps=1).update(task, task.weights(), Sample(sample), 1, keys.key(0))
    more, _ = Fedavg(0.1, steps=steps).update(task, task.weights(), Sample(sample), steps, keys.key(0))
    assert len(begun) == 1 + steps
    for left, right in zip(one.trainable, more.trainable, strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_moving_variance_below_zero_is_read_as_zero() -> None:
    """sqrt(variance + epsilon) of what noise on the air has brought below -epsilon would be NaN."""
    layers = [keras.layers.Input((4,)), keras.layers.BatchNormalization(epsilon=0.25), keras.layers.Dense(3)]
    task = Task(keras.Sequential(layers))
    weights = task.weights()
    mean, _ = weights.statistics

    def of(variance: list[float]) -> np.ndarray:
        return np.array(task.evaluate(weights._replace(statistics=[mean, tf.constant(variance)]), X, Y))

    spoilt = of([1.0, -0.1, -0.25, -9.0])
    assert np.all(np.isfinite(spoilt))
    np.testing.assert_array_equal(spoilt, of([1.0, 0.0, 0.0, 0.0]))
    assert spoilt[1] != of([1.0, 0.0, 0.0, 1.0])[1]
    below = task.evaluate(weights._replace(statistics=[mean - 1.0, tf.ones([4])]), X, Y)  # as a mean may well be
    assert below[1] != of([1.0] * 4)[1]


def test_every_epoch_and_every_device_has_an_order_of_its_own() -> None:
    """Two orders of 20 samples are equal with probability 1/20!; a sample keeps its place in 1 of 20 on average."""
    count, size, devices = 50, 20, 2
    positions = epochs(keys.key(1), tf.fill([devices], size), size, count, 5).positions.numpy()
    orders = positions.reshape(devices * count, size)
    assert len(np.unique(orders, axis=0)) == devices * count
    kept = (orders[1:] == orders[:-1]).sum()  # of random orders each has a mean and a variance of 1
    assert abs(kept - (devices * count - 1)) < 4.5 * (devices * count - 1) ** 0.5
