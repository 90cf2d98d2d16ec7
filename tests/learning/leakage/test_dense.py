"""The exact attack: inputs and labels from gradients, the error that noise leaves, and what antennas take apart."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special

from overair.learning import Task
from overair.learning.leakage import dense, views
from overair.ota import Analog, Identity, Round, Terms, apply
from overair.phy import Air, Awgn, FullInversion, Grid, keys

INPUTS, CLASSES = 30, 4


def gradients(x: np.ndarray, y: np.ndarray, hidden: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Of the first layer's kernel and bias, float64."""
    rng = np.random.default_rng(0)
    width = hidden or CLASSES
    kernel, bias = rng.normal(size=[INPUTS, width]) * 0.2, rng.normal(size=width) * 0.2
    head = rng.normal(size=[width, CLASSES]) if hidden else np.eye(CLASSES)
    before = x @ kernel + bias
    after = 1 / (1 + np.exp(-before)) if hidden else before
    logits = after @ head
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    d = (p / p.sum(axis=1, keepdims=True) - np.eye(CLASSES)[y]) / len(x)
    d = (d @ head.T) * (after * (1 - after)) if hidden else d
    return x.T @ d, d.sum(axis=0)


@pytest.mark.parametrize("hidden", [None, 7])
def test_the_input_of_one_sample_is_exact_whatever_stands_behind_the_layer(hidden: int | None) -> None:
    x = np.random.default_rng(1).random([1, INPUTS])
    kernel, bias = gradients(x, np.array([2]), hidden)
    np.testing.assert_allclose(dense.input_of(kernel, bias), x[0], rtol=1e-12)
    assert hidden or dense.label_of(bias) == 2
    assert not np.any(dense.input_of(kernel, 0 * bias))


def test_a_real_update_of_keras_gives_its_sample_away() -> None:
    model = keras.Sequential([keras.layers.Input((INPUTS,)), keras.layers.Dense(CLASSES)])
    task, x = Task(model), keys.uniform(keys.key(0), [1, INPUTS])
    _, (kernel, bias), _ = task.gradient(task.weights(), x, tf.constant([3]), tf.ones([1]), keys.key(1), tf.constant(0))
    np.testing.assert_allclose(dense.input_of(kernel.numpy(), bias.numpy()), x[0], atol=1e-5)
    assert dense.label_of(bias.numpy()) == 3


def test_of_several_samples_a_class_shows_the_mean_by_its_weights() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.random([5, INPUTS]), np.array([0, 1, 1, 0, 3])
    kernel, bias = gradients(x, y)
    found = dense.inputs_by_class(kernel, bias)
    for label in np.flatnonzero(bias < 0):
        assert label in y and np.any(found[label])
    one = gradients(x[[4]], y[[4]])
    np.testing.assert_allclose(dense.inputs_by_class(*one)[3], x[4], rtol=1e-10)
    assert not np.any(found[2])


def test_the_error_that_noise_leaves() -> None:
    x, s, draws = np.random.default_rng(3).random([1, INPUTS]), 0.002, 4000
    d = np.full(10, 0.1) - np.eye(10)[4]  # of zero weights and ten classes
    assert d @ d == pytest.approx(0.9)
    kernel, rng = np.outer(x[0], d), np.random.default_rng(4)
    found = np.stack(
        [dense.input_of(kernel + s * rng.normal(size=kernel.shape), d + s * rng.normal(size=10)) for _ in range(draws)]
    )
    error, expected = ((found - x) ** 2).mean(axis=0), s**2 * (1 + x[0] ** 2) / 0.9
    np.testing.assert_allclose(error, expected, rtol=4.5 * (2 / draws) ** 0.5)


@pytest.mark.parametrize("square, noisy_db, alone_db", [(0.1120, 39.08, 28.95), (0.1085, 39.10, 29.09)])
def test_decibels_follow_from_the_mean_square_of_the_pictures_taken(
    square: float, noisy_db: float, alone_db: float
) -> None:
    """Of a pixel of MNIST it is 0.1120 over all 60,000, with a deviation of 0.041 from picture to picture.

    39.10 and 29.09 dB, which are told elsewhere, are both of 0.1085: of a few hundred pictures (the first 200 have
    0.1083), of which 200 err by 0.041 / sqrt(200) = 0.003. The formulas and their constants are the same.
    """
    deviation, side, elements, snr = 0.0407, 784, 3925, 10.0
    assert -10 * np.log10(0.01**2 * (1 + square) / 0.9) == pytest.approx(noisy_db, abs=0.005)
    # of pictures of two values that have this mean and deviation: the formula is applied to each
    each = [np.full(side, (square + sign * deviation) ** 0.5) for sign in (1, -1)]
    alone = np.mean([dense.alone_on_air(x, elements, snr).mean() for x in each])
    assert -10 * np.log10(alone) == pytest.approx(alone_db, abs=0.005)


def test_one_device_alone_on_the_air() -> None:
    x, y = np.random.default_rng(5).random([1, INPUTS]), np.array([1])
    kernel, bias = gradients(x, y)
    update = tf.constant(np.concatenate([kernel.ravel(), bias]), tf.float32)[None]
    elements, snr_db, draws = update.shape[1] // 2, 40.0, 150
    air = Air(Grid(32, 2), Awgn(), 1)
    terms, uplink = Terms(air, update.shape[1], elements), Analog(Identity(), FullInversion())
    state = uplink.init(terms, air.init(keys.key(0)))

    @tf.function(autograph=False)
    def sent(key: tf.Tensor) -> tf.Tensor:
        link = air.draw(air.init(keys.key(0)), keys.fold(key, "link"), 0.0, terms.slots, snr_db)
        return apply(uplink, state, Round(terms, key, tf.ones([1]), link), update)[0]

    errors = []
    for number in range(draws):
        estimate = sent(keys.key(number)).numpy()
        found = dense.input_of(estimate[: kernel.size].reshape(kernel.shape), estimate[kernel.size :])
        errors.append(((found - x[0]) ** 2).mean())
    expected = dense.alone_on_air(x[0], elements, 10 ** (snr_db / 10)).mean()
    assert np.mean(errors) == pytest.approx(expected, abs=4 * float(np.std(errors)) / draws**0.5)


def test_devices_are_seen_alone_with_as_many_antennas_and_not_before() -> None:
    rng, devices, symbols, noise, draws = np.random.default_rng(6), 3, 50, 0.1, 200
    b = rng.normal(size=devices) + 1j * rng.normal(size=devices)
    for antennas in (2, 3, 8):
        h = rng.normal(size=[antennas, devices]) + 1j * rng.normal(size=[antennas, devices])
        said = views.zero_forced_noise(h, b, noise)
        if antennas < devices:
            assert np.all(np.isinf(said))
            continue
        x = rng.normal(size=[devices, symbols]) + 1j * rng.normal(size=[devices, symbols])
        errors = []
        for _ in range(draws):
            n = (rng.normal(size=[antennas, symbols, 2]) @ [1, 1j]) * (noise / 2) ** 0.5
            errors.append((np.abs(views.zero_forced(h @ (b[:, None] * x) + n, h, b) - x) ** 2).mean(axis=1))
        np.testing.assert_allclose(np.mean(errors, axis=0), said, rtol=4.5 / (draws * symbols) ** 0.5)


def test_a_guess_of_the_class_is_what_a_picture_must_beat() -> None:
    rng = np.random.default_rng(7)
    labels = np.arange(400) % 2
    pictures = np.clip(0.5 + 0.1 * rng.normal(size=[400, 64]), 0, 1)
    own = 10 * np.log10(200 / 199)  # a picture is part of its class's mean
    mean = -10 / np.log(10) * (special.digamma(32) - np.log(32))  # of logarithms of chi-square of 64 pixels
    error = 10 / np.log(10) * (special.polygamma(1, 32) / 400) ** 0.5
    assert views.class_mean_db(pictures, labels) == pytest.approx(20.0 + own + mean, abs=4.5 * error)
    assert views.psnr_db(np.full(4, 2.0), np.ones(4)) == float("inf")  # brought into range
    assert views.psnr_db(np.full(4, 0.9), np.ones(4)) == pytest.approx(20.0)
