"""Devices are tested by their own models and label mixes, on test data that nobody is dealt and nobody learns from."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Broadcast, Ditto, Federation, FineTuning, LabelFlip, State, Weights
from overair.learning.data import Arrays
from overair.learning.federated.algorithms._keeping import Own
from overair.learning.federated.personal import LabelMixes, mixes, summary
from overair.ota import Ideal
from overair.phy import Air, Awgn, Grid, keys

CLASSES, FEATURES, RATE, ADAPT = 5, 4, 0.4, 3
RNG = np.random.default_rng(3)
SHARES = [np.arange(3), np.arange(3, 10), np.arange(10, 14), np.arange(14, 22)]
LABELS = np.array([3, 3, 3, 0, 0, 1, 1, 1, 2, 1, 2, 2, 2, 3, 0, 1, 1, 2, 2, 2, 2, 0], np.int32)  # of 4 holds nobody
TESTED = np.array([0, 0, 0, 1, 2, 2, 4, 4, 1, 0, 0, 4], np.int32)  # none of 3
X, X_TEST = (RNG.normal(size=[len(labels), FEATURES]).astype(np.float32) for labels in (LABELS, TESTED))


def federation(
    x_test: np.ndarray = X_TEST, x: np.ndarray = X, adapt: int = ADAPT, algorithm: Any = None, **options: Any
) -> Federation:
    def model(seed: int) -> keras.Model:
        start = keras.initializers.RandomNormal(seed=seed)
        return keras.Sequential(
            [keras.layers.Input((FEATURES,)), keras.layers.Dense(CLASSES, kernel_initializer=start)]
        )

    data, air = Arrays(x, LABELS, x_test, TESTED, CLASSES), Air(Grid(), Awgn(), len(SHARES))
    algorithm = algorithm or FineTuning(RATE, steps=1, adapt=adapt)
    return Federation(model, data, SHARES, algorithm, Ideal(), air, 50, lambda: keras.optimizers.SGD(1.0), **options)


@pytest.fixture(scope="module")
def made() -> Federation:
    return federation()


def probabilities(w: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    logits = x @ w + b
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)


def adapted(state: State, device: int, steps: int, drift: Any = 0.0) -> list[np.ndarray]:
    """By gradient descent on all that a device holds."""
    flat = np.concatenate([np.ravel(part) for part in state.weights.trainable]).astype(float) + drift
    w, b = flat[: FEATURES * CLASSES].reshape(FEATURES, CLASSES), flat[FEATURES * CLASSES :]
    x, y = X[SHARES[device]], LABELS[SHARES[device]]
    for _ in range(steps):
        error = (probabilities(w, b, x) - np.eye(CLASSES)[y]) / len(y)
        w, b = w - RATE * x.T @ error, b - RATE * error.sum(axis=0)
    return [w, b]


def own_accuracy(model: list[np.ndarray], device: int) -> float:
    """sum_c p_c A_c over the classes that are tested, by counting."""
    w, b = model
    right = probabilities(w, b, X_TEST).argmax(axis=1) == TESTED
    held = [int(c) for c in LABELS[SHARES[device]] if c in TESTED]
    return float(np.mean([right[TESTED == c].mean() for c in held])) if held else np.nan


def test_accuracy_is_that_of_each_device_on_its_own_mix(made: Federation) -> None:
    state = made.init(0)
    found = made.evaluate_personal(state, 0).numpy()
    expected = [own_accuracy(adapted(state, k, ADAPT), k) for k in range(4)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.isnan(found[0]) and np.isfinite(found[1:]).all()  # the first holds only what the test data lack
    assert len({*np.round(found[1:], 6)}) == 3


def test_adapting_never_sees_test_data_nor_what_others_hold(made: Federation) -> None:
    """Pictures of the test data and of all other devices become nonsense, and models stay as they are, bit for bit."""
    x = np.full_like(X, np.nan)
    x[SHARES[2]] = X[SHARES[2]]
    other, key, device = federation(np.full_like(X_TEST, np.nan), x), keys.key(9), tf.constant(2)
    state = made.init(0)

    def models(of: Federation) -> list[np.ndarray]:
        model = of.devices.own_model(device, state.weights, of.devices.practice(key), state.memory, key)
        return [part.numpy() for part in model.trainable]

    for one, same, start in zip(models(made), models(other), state.weights.trainable, strict=True):
        assert np.array_equal(one, same) and np.isfinite(one).all() and np.any(one != start)


def test_batches_to_adapt_on_follow_from_seed_and_round_alone() -> None:
    made = federation(batch_size=2)
    key = keys.key(0, "personal", 1)
    positions = made.devices.practice(key).positions.numpy()
    assert positions.shape == (4, ADAPT, 2) and np.array_equal(positions, made.devices.practice(key).positions)
    assert np.any(positions != made.devices.practice(keys.key(1, "personal", 1)).positions)
    assert np.all(positions < np.array([len(share) for share in SHARES])[:, None, None])
    state = made.init(0)
    np.testing.assert_array_equal(made.evaluate_personal(state, 0), made.evaluate_personal(state, 0))


def test_devices_with_models_of_their_own_begin_there() -> None:
    made = federation(adapt=0, downlink=Broadcast(3.0))
    drift = RNG.normal(size=[4, (FEATURES + 1) * CLASSES]).astype(np.float32)
    state = made.init(0)._replace(drift=tf.constant(drift))
    expected = [own_accuracy(adapted(state, k, 0, drift[k]), k) for k in range(4)]
    np.testing.assert_allclose(made.evaluate_personal(state, 0), expected, atol=1e-6)


def test_models_that_devices_keep_are_their_own_rows() -> None:
    """Of those that have one; the third was never heard."""
    made = federation(algorithm=Ditto(steps=1))
    start, kept = made.init(0), RNG.normal(size=[4, (FEATURES + 1) * CLASSES]).astype(np.float32)
    w, b = kept[:, : FEATURES * CLASSES].reshape(4, FEATURES, CLASSES), kept[:, FEATURES * CLASSES :]
    rows = Own(Weights([tf.constant(w), tf.constant(b)], []), tf.constant([1.0, 1.0, 0.0, 1.0]))
    found = made.evaluate_personal(start._replace(memory=start.memory._replace(own=rows)), 0)
    expected = [own_accuracy(adapted(start, k, 0) if k == 2 else [w[k], b[k]], k) for k in range(4)]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_attackers_are_not_counted_and_lie_about_no_mix() -> None:
    made = federation(adapt=0, attackers=LabelFlip(count=1))
    state = made.init(0)
    found, (attacker,) = made.evaluate_personal(state, 0).numpy(), np.flatnonzero(made.attack.marked)
    expected = np.array([own_accuracy(adapted(state, k, 0), k) for k in range(4)])
    expected[attacker] = np.nan
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_label_nobody_holds_and_one_that_is_not_tested_divide_nothing() -> None:
    found = mixes(LABELS, SHARES, CLASSES)
    np.testing.assert_allclose(found[1], np.array([2, 4, 1, 0, 0]) / 7)
    np.testing.assert_array_equal(found[:, 4], 0)
    with np.errstate(all="raise"):
        dealt = LabelMixes(Arrays(X, LABELS, X_TEST, TESTED, CLASSES), SHARES, np.ones(4, bool))
    np.testing.assert_array_equal(dealt.devices, [1, 2, 3])
    chosen, worth = (each.numpy() for each in dealt.of(tf.constant(1)))
    assert {*TESTED[chosen]} == {0, 1, 2}
    np.testing.assert_allclose([worth[TESTED[chosen] == c].sum() for c in range(3)], [2 / 7, 4 / 7, 1 / 7], rtol=1e-6)


def test_it_is_what_dealing_test_data_by_the_mix_gives_on_average() -> None:
    """Of 20,000 test sets of one sample each, drawn by the mix; a known model is right or wrong about each sample."""
    random = np.random.default_rng(0)
    right, mix = random.random(len(TESTED)) < 0.5, mixes(LABELS, SHARES, CLASSES)[3]
    dealt = LabelMixes(Arrays(X, LABELS, X_TEST, TESTED, CLASSES), SHARES, np.ones(4, bool))
    chosen, worth = (each.numpy() for each in dealt.of(tf.constant(3)))
    classes = random.choice(CLASSES, 20_000, p=mix)
    told = [right[random.choice(np.flatnonzero(TESTED == c))] for c in classes]
    expected = float(worth[right[chosen]].sum() / worth.sum())
    error = (expected * (1 - expected) / 20_000) ** 0.5
    assert np.mean(told) == pytest.approx(expected, abs=4.5 * error)


def test_the_mean_and_the_worst_tenth() -> None:
    accuracies = np.append(np.arange(25) / 100, np.nan)[RNG.permutation(26)]
    assert summary(accuracies) == pytest.approx((0.12, 0.01))  # the worst three of 25
    assert np.isnan(summary(np.array([np.nan]))).all()
