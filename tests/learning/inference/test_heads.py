"""What a head is told while it is trained: how much of the training is over, and what its bits cost by then."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning.inference.retrieval import heads, quantised
from overair.phy import keys
from overair.phy.keys import Key

FEATURES = np.random.default_rng(0).normal(size=[6, 4, 5]).astype(np.float32)  # [C, D, F]


def test_progress_rises_from_nothing_in_equal_steps_to_the_end() -> None:
    told: list[float] = []

    def note(progress: np.ndarray) -> np.ndarray:
        told.append(float(progress))
        return np.zeros([], np.float32)

    def send(z: tf.Tensor, key: Key, progress: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return z, tf.ensure_shape(tf.numpy_function(note, [progress], tf.float32), [])

    heads.train(heads.head(5, 3, 0), FEATURES, send, 4, keys.key(1))
    assert told == [0.0, 0.25, 0.5, 0.75]


def test_the_price_of_a_bit_rises_from_nothing_over_the_first_half(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Callable[[tf.Tensor, Key, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]] = []

    def train(model: keras.Model, features: np.ndarray, send: Callable, *_: object) -> None:
        kept.append(send)

    monkeypatch.setattr(heads, "train", train)
    for price in (0.1, 0.3):
        quantised.train(FEATURES, 3, price, 10, 0, keys.key(1))
    z = tf.constant(FEATURES[0, :, :3])
    prices = np.array([[send(z, keys.key(2), tf.constant(at))[1] for at in (0.0, 0.25, 0.5, 1.0)] for send in kept])
    np.testing.assert_allclose(prices[0], prices[0, -1] * np.array([0, 0.5, 1, 1]), rtol=1e-5)
    np.testing.assert_allclose(prices[1], 3 * prices[0], rtol=1e-5)
    assert prices[0, -1] > 0
