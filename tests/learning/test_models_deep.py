"""The larger models have the parameters they say, normalise as told, and learn; moving statistics travel."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from overair.learning import Federation, Sgd
from overair.learning.data.digits import Digits
from overair.learning.federated.task import Task
from overair.learning.models import Model
from overair.learning.models.lenet_tf import LenetTf
from overair.learning.models.resnet18 import Resnet18
from overair.ota import Ideal
from overair.phy import Air, Awgn, Grid

GREY, COLOUR = (28, 28, 1), (32, 32, 3)
MODELS: list[Model] = [LenetTf(), Resnet18(8), Resnet18(4, norm="batch"), Resnet18(4, stem="large")]


def resnet_parameters(width: int, side: int, channels: int, classes: int) -> tuple[int, int]:
    """Of all weights, and of moving statistics if there are any: counted from the paper's table."""
    weights, normalised = side**2 * channels * width, width
    before = width
    for stage in range(4):
        filters = width * 2**stage
        for block in range(2):
            weights += 9 * filters * (before if block == 0 else filters) + 9 * filters**2
            normalised += 2 * filters
            if block == 0 and stage:
                weights += before * filters
                normalised += filters
        before = filters
    return weights + 2 * normalised + (before + 1) * classes, 2 * normalised


@pytest.mark.parametrize(
    ("model", "shape", "parameters"),
    [
        (LenetTf(), GREY, 1_663_370),
        (LenetTf(), GREY, 832 + 51_264 + (3_136 * 512 + 512) + 5_130),
        (LenetTf(), COLOUR, 2_432 + 51_264 + (8 * 8 * 64 * 512 + 512) + 5_130),
        (Resnet18(), COLOUR, 11_173_962),
        (Resnet18(stem="large"), COLOUR, 11_181_642),
        (Resnet18(8), COLOUR, 176_402),
        (Resnet18(12), GREY, resnet_parameters(12, 3, 1, 10)[0]),
        (Resnet18(3), GREY, resnet_parameters(3, 3, 1, 10)[0]),  # in a single group
        (Resnet18(8, stem="large"), (40, 33, 2), resnet_parameters(8, 7, 2, 10)[0]),
    ],
    ids=str,
)
def test_the_number_of_parameters_is_as_documented(model: Model, shape: tuple[int, ...], parameters: int) -> None:
    built = model.build(shape, 10, 0)
    assert built.count_params() == parameters == sum(int(np.prod(w.shape)) for w in built.trainable_variables)
    assert built.output_shape == (None, 10) and built.input_shape == (None, *shape)


def test_the_published_counts_are_those_of_the_papers_table() -> None:
    assert resnet_parameters(64, 3, 3, 10) == (11_173_962, 9_600)
    assert resnet_parameters(64, 7, 3, 10)[0] == 11_181_642
    assert resnet_parameters(64, 7, 3, 1000)[0] == 11_689_512  # of ImageNet


@pytest.mark.parametrize("width", [4, 8])
def test_moving_statistics_are_part_of_an_update_and_group_normalisation_has_none(width: int) -> None:
    weights, statistics = resnet_parameters(width, 3, 3, 10)
    batch, group = (Task(Resnet18(width, norm=norm).build(COLOUR, 10, 0)) for norm in ("batch", "group"))
    assert (group.size, group.keeps_statistics) == (weights, False)
    assert (batch.size, batch.keeps_statistics) == (weights + statistics, True)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_outputs_are_logits_and_every_weight_gets_a_gradient(model: Model) -> None:
    built = model.build(GREY, 3, 0)
    assert built.layers[-1].activation is keras.activations.linear
    x = tf.random.stateless_uniform([32, *GREY], [1, 2])
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(np.arange(32) % 3, built(x, training=True))
    for gradient in tape.gradient(loss, built.trainable_variables):
        assert np.all(np.isfinite(gradient)) and np.any(gradient)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_weights_follow_from_the_seed_alone(model: Model) -> None:
    keras.utils.set_random_seed(1)
    first, other = (model.build(GREY, 10, seed).get_weights() for seed in (0, 2**32))
    keras.utils.set_random_seed(2)
    again = model.build(GREY, 10, 0).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True) if a.ndim > 1)


def test_group_normalisation_treats_samples_alone_and_batch_normalisation_does_not() -> None:
    x = np.random.default_rng(0).random((4, *GREY), np.float32)
    for norm, alone in (("group", True), ("batch", False)):
        built = Resnet18(4, norm=norm).build(GREY, 10, 0)  # type: ignore[arg-type]
        whole, part = built(x, training=True).numpy()[:2], built(x[:2], training=True).numpy()
        assert np.allclose(whole, part, atol=1e-4) == alone


def test_a_federation_learns_with_it() -> None:
    """Digits of 8 x 8 pixels, whose labels a network that learned nothing would tell in a tenth of cases."""
    arrays = Digits().load()
    shares = np.array_split(np.random.default_rng(0).permutation(len(arrays.y_train)), 2)
    build = partial(Resnet18(4, norm="batch").build, arrays.x_train.shape[1:], arrays.classes)
    sgd = partial(keras.optimizers.SGD, 0.05, momentum=0.9)
    federation = Federation(build, arrays, shares, Sgd(), Ideal(), Air(Grid(), Awgn(), 2), 1, sgd, batch_size=32)
    state = federation.init(0)
    for _ in range(60):
        state, _ = federation.step(state, 0, 0.0)
    assert float(federation.evaluate(state)[0]) > 0.5


@pytest.mark.parametrize(
    ("model", "shape", "said"),
    [
        (LenetTf(), (3, 28, 1), "at least 4 x 4, for lenet_tf, received 3 x 28 x 1; "),
        (Resnet18(), (7, 8, 3), "at least 8 x 8, for resnet18, received 7 x 8 x 3; "),
        (Resnet18(), (64,), "for resnet18, received 64; "),
    ],
    ids=str,
)
def test_images_too_small_for_the_convolutions_are_refused(model: Model, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(ValueError) as error:
        model.build(shape, 10, 0)
    assert str(error.value).startswith("model: expected") and said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("width", [0, 513])
def test_a_width_out_of_bounds_is_refused(width: int) -> None:
    with pytest.raises(ValidationError, match="width"):
        Resnet18(width=width)
