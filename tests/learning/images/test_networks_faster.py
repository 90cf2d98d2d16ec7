"""Layers that are faster than Keras's have the same values and gradients, with the same weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning.images.networks._faster import Convolution, PRelu, Transposed

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saving with h5py
Make = Callable[[], keras.Layer]
OPTIONS = {
    "kernel_initializer": keras.initializers.GlorotUniform(1),
    "bias_initializer": keras.initializers.Constant(0.3),
}
SLOPES = keras.initializers.RandomUniform(-0.5, 1.5, seed=1)  # bent either way


def convolution(kind: type, *shape: Any, **options: Any) -> Make:
    return lambda: kind(4, *shape, **OPTIONS, **options)


PAIRS: dict[str, tuple[Make, Make]] = {
    f"{ours.__name__}-{'-'.join(map(str, shape))}-{'-'.join(options)}": (
        convolution(ours, *shape, **options),
        convolution(theirs, *shape, **options),
    )
    for ours, theirs in ((Convolution, keras.layers.Conv2D), (Transposed, keras.layers.Conv2DTranspose))
    for shape, options in (
        ((5, 2, "same"), {}),
        ((5, 2, "same"), {"activation": "sigmoid"}),
        ((5, 2, "same"), {"use_bias": False}),
        ((5, 1, "same"), {}),
        ((3, 2, "same"), {}),
        ((5, 2, "valid"), {}),
    )
} | {
    "PRelu": (
        lambda: PRelu(SLOPES, shared_axes=[1, 2]),
        lambda: keras.layers.PReLU(SLOPES, shared_axes=[1, 2]),
    )
}


def known(layer: keras.Layer, x: tf.Tensor, compiled: bool) -> list[np.ndarray]:
    """Values, and gradients by the input and by all weights."""

    def both(x: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            total = tf.reduce_sum(tf.sin(y))
        return [y, *tape.gradient(total, [x, *layer.trainable_variables])]

    return [each.numpy() for each in (tf.function(both) if compiled else both)(x)]


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("sides", [(8, 12), (7, 10)], ids=str)
@pytest.mark.parametrize("pair", PAIRS)
def test_values_and_gradients_are_those_of_keras(pair: str, sides: tuple[int, int], compiled: bool) -> None:
    ours, theirs = (make() for make in PAIRS[pair])
    x = tf.constant(np.random.default_rng(0).normal(size=(3, *sides, 6)), tf.float32)
    one, other = known(ours, x, compiled), known(theirs, x, compiled)
    assert len(one) == len(other) == 2 + len(ours.get_weights())
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5 * max(1.0, np.abs(b).max()))


@pytest.mark.parametrize("pair", ["Convolution-5-2-same-", "Transposed-5-2-same-"])
def test_images_of_any_even_size_pass(pair: str) -> None:
    ours = keras.Sequential([keras.Input((None, None, 6)), PAIRS[pair][0]()])
    theirs = keras.Sequential([keras.Input((None, None, 6)), PAIRS[pair][1]()])
    for sides in ((8, 12), (4, 6)):
        x = np.random.default_rng(0).normal(size=(3, *sides, 6)).astype(np.float32)
        np.testing.assert_allclose(ours(x), theirs(x), atol=1e-5)


@pytest.mark.parametrize("pair", PAIRS)
def test_they_are_saved_and_loaded(pair: str, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((8, 8, 6)), PAIRS[pair][0]()])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[0]) is type(model.layers[0])
    x = np.random.default_rng(0).normal(size=(3, 8, 8, 6)).astype(np.float32)
    np.testing.assert_array_equal(model(x), loaded(x))
