"""A batch that is encoded and decoded in parts comes back as it would in one piece, in its order."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning.images import Transmission, transmission
from overair.learning.images.networks.adaptive import Adaptive
from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019
from overair.learning.over_air import OverAir
from overair.phy import Air, Awgn, Grid, keys

SHAPE = 32, 32, 3
AIR = Air(Grid(), Awgn(), 1)


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).random((count, *SHAPE), np.float32)


def model(adapts: bool) -> Transmission:
    network, channels = (Adaptive(8, 1, 1), 128) if adapts else (Bourtsoulatze2019(), 8)
    parts = network.encoder(SHAPE, channels), network.decoder(SHAPE, channels)
    return Transmission(parts[0], OverAir(AIR, (0.0, 20.0)), parts[1], network.shares)


@pytest.mark.parametrize("known", [True, False], ids=["a known batch", "any batch"])
@pytest.mark.parametrize("adapts", [False, True], ids=["one input", "two inputs"])
@pytest.mark.parametrize("parts", [2, 3])
def test_parts_side_by_side_are_the_whole(
    monkeypatch: pytest.MonkeyPatch, parts: int, adapts: bool, known: bool
) -> None:
    """Of 1, 16, 17 and 50 images, which are one part or several, the last one shorter than others."""
    monkeypatch.setattr(transmission, "PARTS", parts)
    whole = model(adapts)
    call = tf.function(lambda x, snr_db: whole(x, snr_db=snr_db, key=keys.key(1)), autograph=False)
    for count in (1, 16, 17, 50):
        x, snr_db = tf.constant(images(count)), tf.linspace(0.0, 20.0, count)
        signature = tf.TensorSpec([count if known else None, *SHAPE]), tf.TensorSpec([None])
        received = call.get_concrete_function(*signature)(x, snr_db)
        assert received.shape == x.shape
        np.testing.assert_allclose(received, whole(x, snr_db=snr_db, key=keys.key(1)), rtol=0, atol=1e-5)


class Sizes(keras.layers.Layer):
    """Keeps the sizes of the batches that pass."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int | None] = []

    def call(self, x: tf.Tensor) -> tf.Tensor:
        self.seen.append(x.shape[0])
        return x


def test_only_inference_in_a_graph_is_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transmission, "PARTS", 2)
    sizes = Sizes()
    encoder = keras.Sequential([keras.Input((4,)), sizes, keras.layers.Dense(4)])
    whole = Transmission(encoder, OverAir(AIR), keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)]))
    x = tf.ones([40, 4])
    for training, expected in ((False, [20, 20]), (True, [40])):
        sizes.seen = []
        tf.function(lambda training=training: whole(x, training=training), autograph=False)()
        assert sizes.seen == expected
    sizes.seen = []
    whole(x)
    assert sizes.seen == [40]
