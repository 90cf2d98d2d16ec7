"""Gradients by epochs are those of a descent through all samples; a student's are those of its loss, and it learns."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import teacher
from overair.learning.data.digits import Digits
from overair.learning.gradients import over_epochs
from overair.learning.models.cnn import Cnn
from overair.learning.models.dropout_cnn import DropoutCnn
from overair.learning.models.softmax import Softmax


def of_digits(model: Any, wanted: list[int], seed: int = 2, batch: int = 100) -> Any:
    data = Digits().load()
    x, y = data.x_train[:530], data.y_train[:530]
    return over_epochs(model, x, y, wanted, batch, 0.1, seed), x, y


def test_gradients_are_those_of_a_descent_through_all_samples() -> None:
    found, x, y = of_digits(Cnn().build((8, 8, 1), 10, 0), [1, 2])
    model, rng, gradients = Cnn().build((8, 8, 1), 10, 0), np.random.default_rng(2), []
    loss, optimizer = keras.losses.SparseCategoricalCrossentropy(from_logits=True), keras.optimizers.SGD(0.1)
    for _ in range(2):
        order = rng.permutation(530)[:500]  # whole batches of 100
        assert len({*order.tolist()}) == 500
        for batch in np.split(order, 5):
            with tf.GradientTape() as tape:
                value = loss(y[batch], model(x[batch]))
            parts = tape.gradient(value, model.trainable_variables)
            gradients.append(np.concatenate([np.ravel(part) for part in parts]))
            optimizer.apply(parts, model.trainable_variables)
    for number in (1, 2):
        own = gradients[5 * (number - 1) : 5 * number]
        for got, wanted in ((found[number].mean, np.mean(own, axis=0)), (found[number].last, own[-1])):
            assert np.linalg.norm(got - wanted) < 1e-3 * np.linalg.norm(wanted)  # float32


@pytest.mark.parametrize("network", [Softmax(), DropoutCnn()], ids=str)
def test_an_epoch_does_not_depend_on_which_others_are_asked_for(network: Any) -> None:
    shape = (8, 8, 1) if isinstance(network, Softmax) else (16, 16, 1)
    data = Digits().load()
    x = tf.image.resize(data.x_train[:100], shape[:2])

    def at(*epochs: int) -> Any:
        return over_epochs(network.build(shape, 10, 0), x, data.y_train[:100], epochs, 20, 0.1, 3)

    alone, both = at(2), at(3, 2)
    assert [*alone] == [2] and sorted(both) == [2, 3]
    np.testing.assert_array_equal(alone[2].mean, both[2].mean)
    np.testing.assert_array_equal(alone[2].last, both[2].last)


@pytest.mark.parametrize("activation", ["erf", "relu"])
def test_a_students_gradient_is_that_of_its_loss(activation: teacher.Activation) -> None:
    rng = np.random.default_rng(0)
    weights, fixed, x = rng.normal(size=[20, 4]), rng.normal(size=[20, 3]), rng.normal(size=[7, 20])
    w = tf.Variable(weights)

    def output(of: Any) -> tf.Tensor:
        fields = tf.constant(x) @ of / 20**0.5
        hidden = tf.math.erf(fields / 2**0.5) if activation == "erf" else tf.nn.relu(fields)
        return tf.reduce_sum(hidden, axis=1)

    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((output(w) - output(tf.constant(fixed))) ** 2) / 2
    np.testing.assert_allclose(teacher.gradient(weights, fixed, x, activation), tape.gradient(loss, w), rtol=1e-9)


@pytest.mark.parametrize("activation", ["erf", "relu"])
def test_a_student_of_as_many_units_learns_what_the_teacher_knows(activation: teacher.Activation) -> None:
    """Its gradients vanish; without noise online descent ends at the teacher (Saad, Solla, 1995)."""
    found = teacher.over_epochs(20, 1, 1, activation, 2000, [1, 8], 1, 0.5, seed=1)
    first, last = (float(np.linalg.norm(found[number].mean)) for number in (1, 8))
    assert last < 0.01 * first


def test_a_students_epoch_follows_from_the_seed_alone() -> None:
    def at(*epochs: int, seed: int = 0) -> Any:
        return teacher.over_epochs(16, 2, 4, "erf", 10, epochs, 5, 0.2, seed)

    alone, both = at(2), at(4, 2)
    np.testing.assert_array_equal(alone[2].mean, both[2].mean)
    np.testing.assert_array_equal(alone[2].last, both[2].last)
    assert alone[2].mean.shape == (64,) and alone[2].mean.dtype == np.float32
    assert not np.array_equal(at(2, seed=1)[2].last, alone[2].last)
