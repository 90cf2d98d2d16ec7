"""Training by factors: they make the gradient, what is sent and charged is theirs, and errors are as foretold."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Task, Weights
from overair.learning.data.mnist import Mnist
from overair.learning.factors import FactoredTask, Found, Sending, stepping
from overair.learning.models.cnn import Cnn
from overair.learning.models.dropout_cnn import DropoutCnn
from overair.learning.models.fc import Fc
from overair.learning.models.lenet import Lenet
from overair.ota import DitheredFactors, NaiveFactors, QsgdFixed, coding
from overair.ota.compressors import Known
from overair.ota.factors import gradient
from overair.phy import keys

SHAPE = (28, 28, 1)
SAMPLES = 12
TABLE = {64: 133, 128: 67, 256: 33}  # gains of 1-bit ISGQ by the batch of a worker, table 3.3


def batch() -> tuple[tf.Tensor, tf.Tensor]:
    return keys.uniform(keys.key(1), [SAMPLES, *SHAPE]), tf.range(SAMPLES) % 10


def plain(task: Task, weights: list[tf.Tensor], x: tf.Tensor, y: tf.Tensor) -> list[tf.Tensor]:
    gradients: list[tf.Tensor] = task.gradient(
        Weights(weights, []), x, y, tf.ones(len(y)), keys.key(0), tf.constant(0)
    )[1]
    return gradients


@pytest.mark.parametrize("model", [Fc(hidden=(30, 20)), Fc(hidden=()), Lenet(), Cnn()], ids=str)
def test_factors_as_they_are_make_the_gradient(model: Any) -> None:
    task = FactoredTask(model.build(SHAPE, 10, 0))
    weights, (x, y) = task.weights().trainable, batch()
    found = task.back(weights, x, y)
    for one, other in zip(task.gradients(found), plain(task, weights, x, y), strict=True):
        assert np.allclose(one, other, rtol=1e-3, atol=1e-5 * np.abs(other).max())
    for layer, x_, delta in zip(task.dense, found.x, found.delta, strict=True):
        assert (*x_.shape, *delta.shape) == (layer.kernel.shape[0], SAMPLES, layer.kernel.shape[1], SAMPLES)
    assert sum(part.shape.num_elements() for part in found.rest) == task.size - sum(
        layer.count_params() for layer in task.dense
    )
    assert [tuple(task.layers[place]) for place in task.kernels] == [tuple(layer.kernel.shape) for layer in task.dense]


def functional() -> keras.Model:
    entry = keras.Input(SHAPE)
    return keras.Model(entry, keras.layers.Dense(3)(keras.layers.Flatten()(entry)))


@pytest.mark.parametrize(
    "model",
    [
        DropoutCnn().build((32, 32, 3), 10, 0),
        functional(),
        keras.Sequential([keras.Input((6,)), keras.layers.Dense(3), keras.layers.BatchNormalization()]),
        keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, kernel_regularizer="l2")]),
        keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(3, 8), keras.layers.Flatten()]),
    ],
    ids=["dropout", "functional", "statistics", "regularizer", "no dense layer"],
)
def test_models_that_cannot_be_taken_apart_are_refused(model: keras.Model) -> None:
    with pytest.raises(ValueError, match="model: expected .*, received "):
        FactoredTask(model)


def test_what_has_no_factors_goes_directly_and_both_are_charged() -> None:
    task, direct = FactoredTask(Lenet().build(SHAPE, 10, 0)), QsgdFixed()
    codec, key, (x, y) = NaiveFactors(), keys.key(2), batch()
    found = task.back(task.weights().trainable, x, y)
    sent, bits = Sending(codec, direct, 20.0).send(task, found, key)
    flat = tf.concat([tf.reshape(part, [-1]) for part in found.rest], 0)
    known = Known(tuple(tuple(part.shape) for part in found.rest)).filled(len(flat))
    decoded, used = direct.compress(flat, tf.constant(32.0 * len(flat) / 20), keys.fold(key, "direct"), known)
    convolutions = [part for part in sent if len(part.shape) == 4]
    assert len(convolutions) == 2
    assert np.array_equal(tf.reshape(convolutions[0], [-1]), decoded[: convolutions[0].shape.num_elements()])
    charged = float(used)
    for layer, (x_, delta) in enumerate(zip(found.x, found.delta, strict=True)):
        own = keys.fold(key, "layer", layer)
        message = codec.encode(x_, delta, own)
        both = codec.decode(message, own)
        assert np.array_equal(sent[task.kernels[layer]], gradient(*both))
        assert np.array_equal(sent[task.kernels[layer] + 1], tf.reduce_mean(both[1], axis=1))
        charged += float(message.bits(codec.alphabets))
    assert float(bits) == pytest.approx(charged)


def test_without_factors_and_compressor_gradients_are_sent_as_they_are() -> None:
    task, (x, y) = FactoredTask(Lenet().build(SHAPE, 10, 0)), batch()
    found = task.back(task.weights().trainable, x, y)
    sent, bits = Sending().send(task, found, keys.key(0))
    assert all(np.array_equal(one, other) for one, other in zip(sent, task.gradients(found), strict=True))
    assert float(bits) == 32 * task.size
    assert np.isnan(Sending().foretold(found)).all()
    _, bits = Sending(compressor=QsgdFixed(), gain=20.0).send(task, found, keys.key(0))
    assert 0.8 * 32 * task.size / 20 < float(bits) <= 32 * task.size / 20


@pytest.mark.parametrize("exactly", [False, True])
def test_the_server_takes_a_step_by_the_mean_of_what_devices_sent(exactly: bool) -> None:
    task, sending, devices = FactoredTask(Fc(hidden=(20,)).build((4, 4, 1), 10, 0)), Sending(DitheredFactors()), 3
    x, y = keys.uniform(keys.key(3), [50, 4, 4, 1]), tf.range(50) % 10
    weights, seed = task.weights().trainable, tf.constant(7, tf.int64)
    found = [
        stepping(task, sending, x, y, devices, 8, 0.3, exactly, measured)(weights, tf.constant(5), seed)
        for measured in (False, True)
    ]
    key, total, errors = keys.key(7, "factors", 5), [0.0 for _ in weights], []
    places = keys.uniform(keys.fold(key, "batches"), [devices, 8]).numpy()
    for device, rows in enumerate((places * 50).astype(int)):
        own = task.back(weights, tf.gather(x, rows), tf.gather(y, rows))
        sent, bits = sending.send(task, own, keys.fold(key, "device", device))
        exact = task.gradients(own)
        total = [one + other for one, other in zip(total, exact if exactly else sent, strict=True)]
        errors.append([float(np.sum((sent[at] - exact[at]) ** 2) / np.sum(np.square(exact[at]))) for at in (0, 2)])
    for after, seen in found:
        for new, old, sums in zip(after, weights, total, strict=True):
            assert np.allclose(new, old - 0.3 / devices * sums, atol=1e-5)
        assert float(seen.bits) == pytest.approx(float(bits), rel=0.2)
    assert np.allclose(found[1][1].error, np.mean(errors, axis=0), rtol=1e-3)
    assert not np.any(found[0][1].error)


# --- MNIST, 784-1000-300-100-10


@pytest.fixture(scope="module")
def mnist() -> Any:
    try:
        return Mnist().load()
    except ValueError as missing:
        pytest.skip(str(missing))


def learnt(data: Any, samples: int, moments: list[int]) -> list[tuple[FactoredTask, Found]]:
    """A batch's factors at some moments of training by dithered factors of one level."""
    task = FactoredTask(Fc(hidden=(1000, 300, 100)).build(SHAPE, 10, 0))
    x, y, seed = tf.constant(data.x_train), tf.constant(data.y_train), tf.constant(0, tf.int64)
    step = stepping(task, Sending(DitheredFactors()), x, y, 1, samples, 0.05, False, False)
    weights, found = task.weights().trainable, []
    for number in range(max(moments) + 1):
        if number in moments:
            rows = np.random.default_rng(number).choice(len(y), samples)
            found.append((task, task.back(weights, tf.gather(x, rows), tf.gather(y, rows))))
        weights, _ = step(weights, tf.constant(number), seed)
    return found


@pytest.mark.parametrize("samples", TABLE)
def test_gains_of_table_3_3_by_real_bytes(mnist: Any, samples: int) -> None:
    codec, gains = DitheredFactors(), []
    for task, found in learnt(mnist, samples, [0, 50, 100, 200]):
        assert task.size == 1_116_410
        real, charged = 0, 0.0
        for layer, (x, delta) in enumerate(zip(found.x, found.delta, strict=True)):
            message = codec.encode(x, delta, keys.key(4, layer))
            for symbols, alphabet in zip(message[:2], codec.alphabets, strict=True):
                flat = symbols.numpy().ravel()
                data = coding.encode(flat, alphabet)
                assert np.array_equal(coding.decode(data, flat.size, alphabet), flat)
                real += 8 * len(data)
            real += 32 * 2
            charged += float(message.bits(codec.alphabets))
        assert real <= charged <= 1.001 * real
        gains.append(32 * task.size / real)
    assert np.mean(gains) == pytest.approx(TABLE[samples], rel=0.08)


@pytest.mark.parametrize("codec", [DitheredFactors(), DitheredFactors(2, 3, zero=False)], ids=str)
def test_errors_on_real_activations_are_those_of_d_4(mnist: Any, codec: DitheredFactors) -> None:
    draws = 60
    _, found = learnt(mnist, 128, [100])[0]
    for x, delta in zip(found.x, found.delta, strict=True):
        exact = gradient(x, delta)

        @tf.function(autograph=False)
        def error(key: tf.Tensor, x: tf.Tensor = x, delta: tf.Tensor = delta, exact: tf.Tensor = exact) -> tf.Tensor:
            return tf.reduce_sum((gradient(*codec.decode(codec.encode(x, delta, key), key)) - exact) ** 2)

        errors = np.array([float(error(keys.key(6, draw))) for draw in range(draws)])
        assert abs(errors.mean() - float(codec.error(x, delta))) < 3 * errors.std() / draws**0.5
