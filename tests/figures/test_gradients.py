"""Gradients that studies compress and recover are those of a descent, taken after the steps that are asked for."""

from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.figures import bayes_gradients, qcs_errors
from overair.learning.data import Arrays
from overair.learning.data.digits import Digits
from overair.learning.models.dropout_cnn import DropoutCnn
from overair.learning.models.lenet import Lenet


class Enlarged:
    """Digits of 28 x 28 pixels, in place of a data set that is not there everywhere."""

    def load(self) -> Arrays:
        data = Digits().load()
        return data._replace(x_train=tf.image.resize(data.x_train, [28, 28]).numpy())


class Certain:
    """The network of the study without its dropout."""

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        return DropoutCnn(dropout=0.0).build(shape, classes, seed)


@pytest.mark.parametrize(
    ("study", "network", "batch", "rate"), [(bayes_gradients, Certain(), 64, 0.1), (qcs_errors, Lenet(), 128, 0.05)]
)
def test_a_gradient_is_that_of_a_descent_after_so_many_steps(
    study: ModuleType, network: Any, batch: int, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bayes_gradients, "Mnist", Enlarged)
    monkeypatch.setattr(bayes_gradients, "DropoutCnn", Certain)
    found = study.gradients((1, 3))
    data, model = Enlarged().load(), network.build((28, 28, 1), 10, 0)
    loss, optimizer = keras.losses.SparseCategoricalCrossentropy(from_logits=True), keras.optimizers.SGD(rate)
    rng, expected = np.random.default_rng(0), []
    for _ in range(4):
        some = rng.choice(len(data.y_train), batch, replace=False)
        with tf.GradientTape() as tape:
            value = loss(data.y_train[some], model(data.x_train[some]))
        parts = tape.gradient(value, model.trainable_variables)
        expected.append(np.concatenate([np.ravel(part) for part in parts]))
        optimizer.apply(parts, model.trainable_variables)
    for got, wanted in zip(found, (expected[1], expected[3]), strict=True):
        assert np.linalg.norm(got - wanted) < 1e-3 * np.linalg.norm(wanted)  # float32
    assert np.linalg.norm(expected[1] - expected[3]) > 0.1 * np.linalg.norm(expected[1])
