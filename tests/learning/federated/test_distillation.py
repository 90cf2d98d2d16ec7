"""Federated distillation against numpy: targets of the others, labels that some lack, noise, and lost devices."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Distillation, Fedavg, Federation
from overair.learning.data import Arrays
from overair.learning.federated.algorithms.distillation import distributions, targets
from overair.ota import Ideal, Median, Outcome, Round
from overair.phy import Air, Awgn, Grid

CLASSES, FEATURES, STEPS, RATE, GAMMA = 4, 3, 2, 0.3, 1.7
SIZES, LOST = (4, 6, 5), 1
LABELS = np.array([0, 1, 1, 0, 0, 0, 1, 2, 2, 1, 1, 1, 0, 1, 1], np.int32)  # 2 is one device's, 3 nobody's


class Losing(Ideal):
    """Device 1 sends and is not decoded."""

    def add(self, acc: Any, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Any:
        return super().add(acc, round, devices, tf.where((devices == LOST)[:, None], 0.0, updates))

    def end(self, acc: Any, state: Any, round: Round) -> Outcome:
        outcome = super().end(acc, state, round)
        return outcome._replace(report=outcome.report._replace(decoded=tf.range(len(SIZES)) != LOST))


def model(seed: int) -> keras.Model:
    first = keras.initializers.GlorotUniform(seed=5)
    return keras.Sequential([keras.layers.Input((FEATURES,)), keras.layers.Dense(CLASSES, kernel_initializer=first)])


def data() -> Arrays:
    x = np.random.default_rng(3).normal(size=[len(LABELS), FEATURES]).astype(np.float32)
    return Arrays(x, LABELS, x, LABELS, CLASSES)


def federation(algorithm: Any, uplink: Any = None, sizes: Any = SIZES, **options: Any) -> Federation:
    shares = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    parts = (model, data(), shares, algorithm, uplink or Ideal(), Air(Grid(), Awgn(), len(sizes)), 10)
    return Federation(*parts, options.pop("optimizer", lambda: keras.optimizers.SGD(1.0)), **options)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def by_hand(rounds: int, heard: tuple[bool, ...]) -> np.ndarray:
    """Devices' weights, bias last, [K, F + 1, C], of full batches."""
    x = np.concatenate([data().x_train, np.ones([len(LABELS), 1])], 1)
    shares = np.split(np.arange(len(LABELS)), np.cumsum(SIZES)[:-1])
    start = model(0).get_weights()
    models = [np.concatenate([start[0], start[1][None]]).astype(float) for _ in SIZES]
    said: list[dict[int, np.ndarray]] = [{} for _ in SIZES]  # of the last round, by label
    for _ in range(rounds):
        now: list[dict[int, np.ndarray]] = []
        for k, share in enumerate(shares):
            wanted = {}
            for label in range(CLASSES):
                others = [j for j in range(len(SIZES)) if j != k and heard[j] and label in said[j]]
                if others:
                    wanted[label] = np.average(
                        [said[j][label] for j in others], axis=0, weights=[SIZES[j] for j in others]
                    )
            outputs = []
            for _ in range(STEPS):
                p = softmax(x[share] @ models[k])
                outputs.append(p)
                slope = np.stack([p[i] - np.eye(CLASSES)[y] for i, y in enumerate(LABELS[share])])
                for i, y in enumerate(LABELS[share]):
                    if y in wanted:
                        slope[i] += GAMMA * (p[i] - wanted[y])
                models[k] = models[k] - RATE * x[share].T @ slope / len(share)
            mean = np.mean(outputs, axis=0)
            now.append({y: mean[LABELS[share] == y].mean(axis=0) for y in np.unique(LABELS[share])})
        said = now
    return np.stack(models)


def found(made: Federation, rounds: int) -> tuple[np.ndarray, Any]:
    state = made.init(0)
    for _ in range(rounds):
        state, _ = made.step(state, 0, 0.0)
    start = np.concatenate([np.ravel(part) for part in state.weights.trainable])
    return start + made.algorithm.models(state.memory.own).numpy(), state


@pytest.mark.parametrize("uplink", [Ideal(), Losing()], ids=["all", "lost"])
def test_rounds_are_those_of_numpy(uplink: Any) -> None:
    """Unequal shares, a label of one device alone, one of nobody, and a device that is not heard and learns on."""
    made = federation(Distillation(RATE, steps=STEPS, gamma=GAMMA), uplink, chunk=2)
    models, state = found(made, 3)
    heard = tuple(isinstance(uplink, Losing) is False or k != LOST for k in range(len(SIZES)))
    np.testing.assert_allclose(models, by_hand(3, heard).reshape(len(SIZES), -1), atol=2e-6)
    assert np.any(np.abs(models - by_hand(3, (False,) * 3).reshape(len(SIZES), -1)) > 1e-3)  # others do teach
    x = np.concatenate([data().x_test, np.ones([len(LABELS), 1])], 1)
    right = [np.mean(np.argmax(x @ each.reshape(-1, CLASSES), 1) == LABELS) for each in models]
    assert float(made.evaluate(state)[0]) == pytest.approx(np.mean(right), abs=1e-6)


def test_who_is_alone_is_taught_nothing() -> None:
    alone = federation(Distillation(RATE, steps=STEPS, gamma=GAMMA), sizes=(15,))
    central = federation(Fedavg(RATE, steps=STEPS), sizes=(15,))
    state = central.init(0)
    for _ in range(3):
        state, _ = central.step(state, 0, 0.0)
    after = np.concatenate([np.ravel(part) for part in state.weights.trainable])
    np.testing.assert_allclose(found(alone, 3)[0][0], after, atol=2e-6)


def row(value: float, held: float) -> list[float]:
    """Of a label among two: the output for it, for the other one, and whether it is held."""
    return [value * held, (1 - value) * held, held]


def test_a_ratio_of_sums_where_some_devices_lack_a_label() -> None:
    values, held, w = np.array([0.9, 0.7, 0.0, 0.2, 0.0]), np.array([1.0, 1, 0, 1, 0]), 0.2
    sent = np.array(
        [row(v, h) + [0.0] * 3 for v, h in zip(values, held, strict=True)], np.float32
    )  # of label 1 nothing
    total = w * sent.sum(axis=0)
    mean = targets(tf.constant(total), tf.constant(w / 2)).numpy()
    np.testing.assert_allclose(mean, [[0.6, 0.4], [0.0, 0.0]], atol=1e-6)
    others = targets(tf.constant(total - w * sent[0]), tf.constant(w / 2)).numpy()
    assert others[0, 0] == pytest.approx(0.45, abs=1e-6) and np.all(np.isfinite(others))
    assert (values * held).sum() / 5 == pytest.approx(0.36)  # what a division by all devices would bring
    noisy = total + np.random.default_rng(0).normal(size=6) * 0.01
    assert not np.any(
        targets(tf.constant(noisy, tf.float32), tf.constant(w / 2)).numpy()[1]
    )  # nobody's label stays nobody's


@pytest.mark.parametrize(("devices", "deviation"), [(10, 0.05), (4, 0.02)])
def test_noise_in_the_mean_is_larger_in_the_target_of_a_device(devices: int, deviation: float) -> None:
    draws, classes = 3, 60
    rng = np.random.default_rng(1)
    outputs = rng.dirichlet(np.ones(classes), [devices, classes])  # [M, C, C]
    sent = np.concatenate([outputs, np.ones([devices, classes, 1])], 2).reshape(devices, -1)
    left = sent.mean(axis=0) - sent[0] / devices
    noise = rng.normal(size=[draws, classes, classes + 1]) * deviation
    noise[:, :, -1] = 0.0
    received = tf.constant(left + noise.reshape(draws, -1), tf.float32)
    found = np.stack([targets(one, tf.constant(0.5 / devices)) for one in tf.unstack(received)])
    error = found - outputs[1:].mean(axis=0)
    wanted = (devices / (devices - 1)) ** 2 * deviation**2
    if devices == 10:
        assert wanted == pytest.approx(0.003086, abs=1e-6)
    assert np.mean(error**2) == pytest.approx(wanted, rel=4 * np.sqrt(2 / error.size))


def test_the_nearest_distribution_is_nearest() -> None:
    """p is nearest to v among distributions if (v - p) (e - p) <= 0 for each corner e."""
    v = np.random.default_rng(2).normal(size=[50, 6]).astype(np.float32)
    v[0] = 0.0
    p = distributions(tf.constant(v)).numpy()
    assert not np.any(p[0])
    np.testing.assert_allclose(p[1:].sum(axis=1), 1.0, atol=1e-6)
    assert np.all(p >= 0)
    way = v[1:] - p[1:]
    assert np.all(way - np.sum(way * p[1:], axis=1, keepdims=True) <= 1e-6)
    kept = np.random.default_rng(2).dirichlet(np.ones(6), 5).astype(np.float32)
    np.testing.assert_allclose(distributions(tf.constant(kept)).numpy(), kept, atol=1e-6)


def test_what_is_sent_does_not_grow_with_the_model() -> None:
    made = federation(Distillation())
    assert made.terms.size == CLASSES * (CLASSES + 1) and made.terms.layers == ((CLASSES, CLASSES + 1),)
    floats = {"softmax": 7850, "lenet": 61_706, "keras": 1_199_882}
    assert [-(-size // 2) for size in floats.values()] == [3925, 30853, 599_941] and 10 * 11 / 2 == 55
    assert [round(size / 100, 1) for size in floats.values()] == [78.5, 617.1, 11998.8]


def test_what_cannot_be_distilled_is_refused() -> None:
    with pytest.raises(
        ValueError, match="^algorithm: expected labels that two devices hold, or more, with distillation"
    ):
        made = data()._replace(y_train=np.repeat(np.arange(3, dtype=np.int32), 5))
        Distillation().check(
            federation(Fedavg()).task, federation(Fedavg()).terms, made.y_train, np.split(np.arange(15), 3)
        )
    with pytest.raises(ValueError, match="^aggregator: expected mean with distillation, .* received Median"):
        federation(Distillation(), aggregator=Median())
    with pytest.raises(ValueError, match="^loss: expected the cross-entropy of logits with distillation"):
        federation(Distillation(), loss=keras.losses.SparseCategoricalCrossentropy(reduction="none"))
    with pytest.raises(ValueError, match="^optimizer: expected plain sgd with distillation"):
        federation(Distillation(), optimizer=lambda: keras.optimizers.Adam(0.1))
