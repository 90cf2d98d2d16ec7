"""The rate of the training of a network that is to be cut falls along one cosine from its start to its end."""

import keras
import numpy as np
import pytest

from overair.learning.data import Arrays
from overair.learning.inference.split.training import Training


def test_the_rate_is_halved_in_the_middle_of_all_epochs_and_gone_at_their_end() -> None:
    x, y = np.zeros([8, 4, 4, 1], np.float32), np.zeros([8], np.int32)
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    rates: list[float] = []
    training = Training(epochs=2, batch_size=4, learning_rate=0.01)
    training.run(model, Arrays(x, y, x, y, 2), 0, keep=lambda _: rates.append(float(model.optimizer.learning_rate)))
    assert rates == pytest.approx([0.005, 0.0], abs=1e-8)
