"""Models have the parameters they say, weights that a seed alone decides, and end in logits."""

import os
import random
import subprocess
import sys
from functools import partial
from itertools import combinations
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import overair
from overair.learning import Federation, Sgd
from overair.learning.data import Data
from overair.learning.data.cifar10 import FOLDER, Cifar10
from overair.learning.data.files import local_folder
from overair.learning.data.mnist import Mnist
from overair.learning.models import Model
from overair.learning.models.cifarnet import Cifarnet
from overair.learning.models.cnn import Cnn
from overair.learning.models.dropout_cnn import DropoutCnn
from overair.learning.models.lenet import Lenet
from overair.learning.models.softmax import Softmax
from overair.learning.models.vgg_like import VggLike
from overair.ota import Ideal
from overair.phy import Air, Awgn, Grid

MODELS: list[Model] = [Softmax(), Lenet(), Cnn(), DropoutCnn(), Cifarnet(), VggLike()]
GREY, COLOUR, SMALL = (28, 28, 1), (32, 32, 3), (8, 8, 1)


def kernels(model: keras.Model) -> list[np.ndarray]:
    return [weight.numpy() for weight in model.trainable_variables if len(weight.shape) > 1]


@pytest.mark.parametrize(
    ("model", "shape", "parameters"),
    [
        (Softmax(), GREY, 7_850),
        (Softmax(), COLOUR, 30_730),
        (Softmax(), SMALL, 650),
        (Softmax(), (5,), 60),
        (Lenet(), GREY, 61_706),
        (Lenet(), COLOUR, 156 + 300 + 2_416 + (576 * 120 + 120) + 10_164 + 850),
        (Lenet(), (12, 12, 1), 156 + 2_416 + (16 * 120 + 120) + 10_164 + 850),
        (Cnn(), GREY, 316_426),
        (Cnn(), COLOUR, 416 + 800 + 12_832 + (2048 * 192 + 192) + 1_930),
        (Cnn(), SMALL, 416 + 12_832 + (128 * 192 + 192) + 1_930),
        (DropoutCnn(), GREY, 112_340),
        (DropoutCnn(0.0), GREY, 130 + 1_260 + 5_020 + (320 * 320 + 320) + 3_210),
        (DropoutCnn(), COLOUR, 380 + 1_260 + 5_020 + (500 * 320 + 320) + 3_210),
        (VggLike(), COLOUR, 204_570),
        (Cifarnet(), COLOUR, 1_068_298),
        (Cifarnet(), GREY, 1_664 + 102_464 + (2304 * 384 + 384) + 73_920 + 1_930),
    ],
    ids=str,
)
def test_the_number_of_parameters_is_as_documented(model: Model, shape: tuple[int, ...], parameters: int) -> None:
    assert isinstance(model, Model)
    built = model.build(shape, 10, 0)
    assert built.count_params() == parameters
    assert built.output_shape == (None, 10) and built.input_shape == (None, *shape)
    assert sum(int(np.prod(weight.shape)) for weight in built.trainable_variables) == parameters


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_outputs_are_logits(model: Model) -> None:
    built = model.build(GREY, 3, 0)
    x = np.random.default_rng(0).random((4, *GREY), np.float32)
    logits = built(x).numpy()
    assert logits.shape == (4, 3) and logits.dtype == np.float32
    assert built.layers[-1].activation is keras.activations.linear
    assert logits.min() < 0 and np.abs(logits.sum(axis=1) - 1).min() > 1e-3  # no probabilities


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_equal_seeds_give_equal_weights_and_others_do_not(model: Model) -> None:
    seeds = [0, 1, 2**31, 2**32, 2**32 + 1, 2**63 - 1]
    first = [kernels(model.build(GREY, 10, seed)) for seed in seeds]
    again = [kernels(model.build(GREY, 10, seed)) for seed in seeds]
    for mine, same in zip(first, again, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(mine, same, strict=True))
    for one, other in combinations(first, 2):
        assert not any(np.any(a == b) and np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_neighbouring_seeds_and_layers_share_no_numbers() -> None:
    """Scaled to their bound, the kernels of two seeds or two layers are uncorrelated: |r| < 4.5 / sqrt(n)."""
    scaled = []
    for seed in range(3):
        scaled += [kernel.ravel()[:2000] / np.abs(kernel).max() for kernel in kernels(Cnn().build(GREY, 10, seed))[1:]]
    for one, other in combinations(scaled, 2):
        size = min(len(one), len(other))
        for lag in (0, 1, 4):
            r = np.corrcoef(one[lag:size], other[: size - lag])[0, 1]
            assert abs(r) < 4.5 / np.sqrt(size - lag)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_weights_are_uniform_within_glorots_bound_and_biases_zero(model: Model) -> None:
    for weight in model.build(GREY, 10, 3).trainable_variables:
        values = weight.numpy()
        if values.ndim == 1:
            assert not values.any()
            continue
        field = int(np.prod(values.shape[:-2]))
        bound = np.sqrt(6 / (field * (values.shape[-2] + values.shape[-1])))
        assert np.abs(values).max() <= bound * (1 + 1e-6)
        mean_square_error = np.sqrt(4 / 45) / np.sqrt(values.size)  # of u^2, u uniform on [-1, 1]
        assert abs(np.mean((values / bound) ** 2) - 1 / 3) < 4.5 * mean_square_error


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_no_global_random_state_is_touched(model: Model) -> None:
    def draws(build: bool) -> list[object]:
        keras.utils.set_random_seed(11)
        if build:
            model.build(GREY, 10, 0)
        return [random.random(), np.random.random(), float(keras.random.normal([])), float(tf.random.normal([]))]

    before = random.getstate(), str(np.random.get_state())
    model.build(GREY, 10, 0)
    assert before == (random.getstate(), str(np.random.get_state()))
    assert draws(build=True) == draws(build=False)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_no_global_random_state_is_read(model: Model) -> None:
    built = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        built.append(kernels(model.build(GREY, 10, 0)))
    assert all(np.array_equal(a, b) for a, b in zip(*built, strict=True))


def test_another_process_builds_the_same_weights() -> None:
    code = """
import hashlib
from overair.learning.models.lenet import Lenet
weights = Lenet().build((28, 28, 1), 10, 7).get_weights()
print(hashlib.sha256(b"".join(weight.tobytes() for weight in weights)).hexdigest())
"""
    environment = os.environ | {"PYTHONPATH": str(Path(overair.__file__).parent.parent)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    import hashlib

    here = b"".join(weight.tobytes() for weight in Lenet().build(GREY, 10, 7).get_weights())
    assert run.stdout.split()[-1:] == [hashlib.sha256(here).hexdigest()], run.stderr


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_every_weight_gets_a_gradient(model: Model) -> None:
    built = model.build(GREY, 10, 0)
    x = tf.random.stateless_uniform([64, *GREY], [1, 2])
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(np.arange(64) % 10, built(x))
    for gradient in tape.gradient(loss, built.trainable_variables):
        assert np.all(np.isfinite(gradient)) and np.any(gradient)


@pytest.mark.parametrize(
    ("model", "shape", "said"),
    [
        (Lenet(), SMALL, "at least 12 x 12, for lenet, received 8 x 8 x 1; "),
        (Lenet(), (28, 11, 1), "received 28 x 11 x 1; "),
        (Lenet(), (28, 28), "received 28 x 28; "),
        (Cnn(), (3, 8, 1), "at least 4 x 4, for cnn, received 3 x 8 x 1; "),
        (Cnn(), (784,), "received 784; "),
        (DropoutCnn(), (15, 28, 1), "at least 16 x 16, for dropout_cnn, received 15 x 28 x 1; "),
        (Cifarnet(), (23, 24, 3), "at least 24 x 24, for cifarnet, received 23 x 24 x 3; "),
    ],
    ids=str,
)
def test_images_too_small_for_the_convolutions_are_refused(model: Model, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(ValueError) as error:
        model.build(shape, 10, 0)
    assert str(error.value).startswith("model: expected") and said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_a_negative_seed_is_refused(model: Model) -> None:
    with pytest.raises(ValueError, match="seed: expected a number of at least 0, received -1"):
        model.build(GREY, 10, -1)


def test_the_three_convolutions_have_the_kernels_of_the_lecture() -> None:
    built = DropoutCnn().build(GREY, 10, 0)
    assert [kernel.shape for kernel in kernels(built)[:3]] == [(5, 5, 1, 5), (5, 5, 5, 10), (5, 5, 10, 20)]
    (flat,) = (layer for layer in built.layers if isinstance(layer, keras.layers.Flatten))
    assert flat.input.shape == (None, 4, 4, 20)


def test_dropout_leaves_out_its_share_in_training_alone() -> None:
    built = DropoutCnn(0.3).build(GREY, 10, 0)
    (layer,) = (layer for layer in built.layers if isinstance(layer, keras.layers.Dropout))
    ones = np.ones((100, 320), np.float32)
    left_out = float(np.mean(layer(ones, training=True).numpy() == 0))
    assert abs(left_out - 0.3) < 4.5 * np.sqrt(0.3 * 0.7 / ones.size)
    assert np.array_equal(layer(ones, training=False), ones)


@pytest.mark.parametrize("shape", [COLOUR, (29, 24, 1)], ids=str)
def test_cifarnet_sees_the_middle_of_an_image(shape: tuple[int, ...]) -> None:
    built = Cifarnet().build(shape, 10, 0)
    x = np.random.default_rng(0).random((1, *shape), np.float32)
    rows, columns = (shape[0] - 24) // 2, (shape[1] - 24) // 2
    inside = np.zeros(shape, bool)
    inside[rows : rows + 24, columns : columns + 24] = True
    with tf.GradientTape() as tape:
        tape.watch(image := tf.constant(x))
        logits = built(image)
    slope = tape.gradient(logits, image).numpy()[0]
    assert not slope[~inside].any() and np.mean(slope[inside] != 0) > 0.99


@pytest.mark.parametrize(
    ("model", "data", "folder", "rounds", "least"),
    [(DropoutCnn(), Mnist(), "mnist", 150, 0.85), (Cifarnet(), Cifar10(), FOLDER, 100, 0.2)],
    ids=["dropout_cnn", "cifarnet"],
)
def test_a_federation_learns_with_it_within_few_rounds(
    model: Model, data: Data, folder: str, rounds: int, least: float
) -> None:
    if local_folder(folder) is None:
        pytest.skip(f"needs the folder {folder} in $OVERAIR_DATA")
    arrays = data.load()
    arrays = arrays._replace(x_test=arrays.x_test[:1000], y_test=arrays.y_test[:1000])
    shares = np.array_split(np.random.default_rng(0).permutation(len(arrays.y_train)), 2)
    build = partial(model.build, arrays.x_train.shape[1:], arrays.classes)
    sgd = partial(keras.optimizers.SGD, 0.02, momentum=0.9)
    federation = Federation(build, arrays, shares, Sgd(), Ideal(), Air(Grid(), Awgn(), 2), 1, sgd, batch_size=32)
    state = federation.init(0)
    for _ in range(rounds):
        state, _ = federation.step(state, 0, 0.0)
    assert float(federation.evaluate(state)[0]) > least
