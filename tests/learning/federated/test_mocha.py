"""MOCHA on ridge regressions against closed forms: relations, rest points, limits, and what is refused."""

from functools import partial
from operator import itemgetter
from typing import Any

import keras
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import tensorflow as tf

from overair.learning import Federation, Mocha, Task
from overair.learning.data import Arrays
from overair.learning.federated.algorithms import Heard, Sample
from overair.learning.federated.algorithms.mocha import related
from overair.learning.federated.task import flatten
from overair.ota import Analog, Digital, Ideal, Median
from overair.ota.apart import Separate
from overair.phy import Air, Awgn, Grid, keys
from tests.learning.federated.quadratics import Half

Tasks = list[tuple[np.ndarray, np.ndarray]]
THREE: Tasks = [
    (np.array([[1.0, 0], [0, 1], [1, 1]]), np.array([1.0, 2, 3])),
    (np.array([[1.0, 2], [2, 1]]), np.array([2.0, 1])),
    (np.array([[1.0, -1], [1, 1], [2, 0], [0, 1]]), np.array([0.0, 2, 2, 1])),
]


def random_tasks(seed: int) -> Tasks:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=3)
    return [(x, x @ (common + rng.normal(size=3)) + 0.1 * rng.normal(size=7)) for x in rng.normal(size=[4, 7, 3])]


def sigma_of(w: np.ndarray, eps: float) -> np.ndarray:
    """The best relations of models [d, K], by singular values."""
    _, values, right = np.linalg.svd(w)
    roots = np.sqrt(np.append(values, np.zeros(len(right)))[: len(right)] ** 2 + eps**2)
    return right.T * (roots / roots.sum()) @ right


def alternated(tasks: Tasks, lam: float, eps: float, times: int) -> tuple[np.ndarray, np.ndarray]:
    """Models [d, K] of least loss at the relations, one linear system, and the best relations of them, in turn."""
    features, sigma = tasks[0][0].shape[1], np.eye(len(tasks)) / len(tasks)
    fits = scipy.linalg.block_diag(*[x.T @ x / len(y) for x, y in tasks])
    right = np.concatenate([x.T @ y / len(y) for x, y in tasks])
    for _ in range(times):
        system = fits + lam * np.kron(np.linalg.inv(sigma), np.eye(features))
        w = np.linalg.solve(system, right).reshape(len(tasks), features).T
        sigma = sigma_of(w, eps)
    return w, sigma


def least(tasks: Tasks, lam: float, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """The models [d, K] of least loss by a general solver, with the best relations in closed form, and these."""
    shape = tasks[0][0].shape[1], len(tasks)

    def roots(w: np.ndarray) -> np.ndarray:
        return np.sqrt(np.append(np.linalg.svd(w, compute_uv=False), np.zeros(shape[1]))[: shape[1]] ** 2 + eps**2)

    def loss(flat: np.ndarray) -> float:
        w = flat.reshape(shape)
        fits = [np.sum((x @ w[:, k] - y) ** 2) / (2 * len(y)) for k, (x, y) in enumerate(tasks)]
        return float(sum(fits) + lam / 2 * roots(w).sum() ** 2)

    w = scipy.optimize.minimize(loss, np.zeros(shape).ravel(), method="BFGS", options={"gtol": 1e-7}).x.reshape(shape)
    return w, sigma_of(w, eps)


def play(algorithm: Mocha, tasks: Tasks, rounds: int, steps: int = 5, lost: int | None = None) -> Any:
    """Models [d, K] and relations after rounds of all devices at once, on all their data; ``lost`` is not heard."""
    features, most = tasks[0][0].shape[1], max(len(y) for _, y in tasks)
    inputs = keras.layers.Input((features + 1,))
    out = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")(inputs[:, :features])
    task = Task(keras.Model(inputs, keras.layers.Concatenate()([out, inputs[:, features:]])), Half())
    padded = np.zeros([len(tasks), most, features + 1], np.float32)
    mask = np.zeros([len(tasks), most], np.float32)
    for k, (x, y) in enumerate(tasks):
        padded[k, : len(y)], mask[k, : len(y)] = np.concatenate([x, y[:, None]], 1), 1.0
    weights, memory, count = task.weights(), algorithm.init(task, len(tasks)), len(tasks)
    there = tf.constant(np.arange(count) != lost)
    shares = tf.where(there, 1.0 / count, 0.0)

    def batch(k: int, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return tf.constant(padded[k]), tf.zeros([most], tf.int32), tf.constant(mask[k])

    @tf.function(autograph=False)
    def round(memory: Any) -> Any:
        sent = []
        for k in range(count):
            own = tf.nest.map_structure(itemgetter(k), memory.own)
            sample = Sample(partial(batch, k))
            update, _, _ = algorithm.compute(task, weights, sample, steps, keys.key(0), memory.common, own)
            sent.append(flatten(update.trainable))
        apart = Separate(tf.where(there[:, None], tf.stack(sent), 0.0), there)
        heard = Heard(shares, shares, tf.fill([count], float(steps)), tf.fill([count], True), apart)
        return algorithm.conclude(task, memory, memory.own, tf.zeros([task.size]), heard)[0]

    for _ in range(rounds):
        memory = round(memory)
    return algorithm.models(memory.own).numpy().T, memory.common.sigma.numpy()


def test_the_relations_of_a_vector() -> None:
    w = np.array([[1.0, 0], [0.8, 0.6], [-1, 0.5]])
    found = related(tf.constant(w.T, tf.float32), 1e-9).numpy()
    np.testing.assert_allclose(found, [[0.675371, -0.003456], [-0.003456, 0.324629]], atol=1e-6)
    assert np.trace(w @ np.linalg.inv(found) @ w.T) == pytest.approx(5.787716, abs=1e-5)
    assert np.linalg.norm(w, "nuc") ** 2 == pytest.approx(5.787716, abs=1e-6)


@pytest.mark.parametrize(("features", "devices"), [(6, 4), (3, 5)])
def test_relations_are_those_of_a_matrix_root_and_finite_of_low_rank(features: int, devices: int) -> None:
    w = np.random.default_rng(1).normal(size=[features, devices])
    eps = 1e-3 if devices > features else 1e-9
    root = scipy.linalg.sqrtm(w.T @ w + eps**2 * np.eye(devices)).real
    found = related(tf.constant(w.T), eps).numpy()
    np.testing.assert_allclose(found, root / np.trace(root), atol=1e-9)
    assert np.linalg.eigvalsh(found)[0] > 0 and np.all(np.isfinite(np.linalg.inv(found)))
    np.testing.assert_allclose(related(tf.zeros([devices, features]), eps), np.eye(devices) / devices, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 7])
def test_devices_that_are_not_related_rest_where_each_alone_would_at_its_share_of_lambda(steps: int) -> None:
    w, sigma = play(Mocha(0.2, steps=steps, lam=0.1, every=0), THREE, 1500 // steps, steps)
    np.testing.assert_allclose(w[:, 0], [0.890688, 1.417004], atol=2e-6)
    alone = [np.linalg.solve(x.T @ x / len(y) + 3 * 0.1 * np.eye(2), x.T @ y / len(y)) for x, y in THREE]
    np.testing.assert_allclose(w.T, alone, atol=2e-6)
    np.testing.assert_array_equal(sigma, np.eye(3) / 3)


def test_models_and_relations_go_where_alternating_goes() -> None:
    """Models settle before each step of the relations. The vector is of eps = 0, where none leaves the first plane."""
    ends, relations = alternated(THREE, 0.1, 1e-8, 25)
    np.testing.assert_allclose(ends, [[1.037292, 0.277831, 0.860451], [1.623012, 0.722258, 1.016232]], atol=2e-6)
    assert relations[0, 0] == pytest.approx(0.564606, abs=2e-6)
    w, sigma = play(Mocha(0.2, steps=5, lam=0.1, eps=1e-4, every=40), THREE, 800)
    ends, relations = alternated(THREE, 0.1, 1e-4, 20)
    np.testing.assert_allclose(w, ends, atol=1e-4)
    np.testing.assert_allclose(sigma, relations, atol=1e-4)


@pytest.mark.parametrize(("steps", "every"), [(1, 1), (4, 1), (3, 5)])
def test_models_of_other_tasks_rest_where_the_loss_is_least(steps: int, every: int) -> None:
    """Whatever the steps; four devices of three features, so that W'W is singular."""
    tasks = random_tasks(3)
    w, sigma = play(Mocha(0.15, steps=steps, lam=0.03, eps=0.05, every=every), tasks, 1200 // steps, steps)
    closed, relations = least(tasks, 0.03, 0.05)
    np.testing.assert_allclose(w, closed, atol=1e-4)
    np.testing.assert_allclose(sigma, relations, atol=1e-4)


def test_limits_are_devices_alone_and_one_model_for_all() -> None:
    tasks = random_tasks(5)
    w, _ = play(Mocha(0.2, steps=5, lam=0.0), tasks, 400)
    np.testing.assert_allclose(w.T, [np.linalg.lstsq(x, y, rcond=None)[0] for x, y in tasks], atol=2e-5)
    w, sigma = play(Mocha(0.2, steps=5, lam=0.05), [tasks[0]] * 3, 100)
    np.testing.assert_allclose(sigma, np.full([3, 3], 1 / 3), atol=2e-3)
    np.testing.assert_allclose(w - w[:, :1], 0.0, atol=1e-6)


def test_relations_however_tight_make_no_step_too_large() -> None:
    """All models are nearly alike: Omega has an eigenvalue above 1e5, and steps of SGD along it would diverge."""
    tasks = [(x, x @ np.array([1.0, 1.0 + 1e-3 * k])) for k, (x, _) in enumerate(THREE)]
    w, sigma = play(Mocha(0.2, steps=5, lam=0.1, eps=1e-6), tasks, 300)
    assert np.linalg.eigvalsh(np.linalg.inv(sigma))[-1] > 1e5
    assert np.all(np.isfinite(w)) and np.all(np.abs(w) < 2)


def test_who_is_not_heard_is_moved_by_the_others_alone() -> None:
    w, sigma = play(Mocha(0.2, steps=5, lam=0.1), THREE, 1, lost=2)
    assert not np.any(w[:, 2])  # Sigma was I/K in the first round
    w, sigma = play(Mocha(0.2, steps=5, lam=0.1), [THREE[0]] * 3, 40, lost=2)
    assert not np.any(w[:, 2]) and np.all(np.abs(w[:, :2]) > 0.1)  # nothing of it was ever heard: it is related to none


def model(seed: int) -> keras.Model:
    return keras.Sequential(
        [keras.layers.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.BatchNormalization(),
         keras.layers.Dense(2)]
    )  # fmt: skip


def federation(algorithm: Any, uplink: Any, **options: Any) -> Federation:
    x = np.random.default_rng(0).normal(size=[12, 3]).astype(np.float32)
    data = Arrays(x, np.arange(12, dtype=np.int32) % 2, x, np.arange(12, dtype=np.int32) % 2, 2)
    shares, air = np.split(np.arange(12), 3), Air(Grid(), Awgn(), 3)
    return Federation(model, data, shares, algorithm, uplink, air, 200, lambda: keras.optimizers.SGD(1.0), **options)


def test_a_keras_model_learns_over_a_digital_uplink() -> None:
    made = federation(Mocha(0.3, steps=4, lam=1e-3), Digital())
    state, losses = made.init(0), []
    for _ in range(6):
        state, metrics = made.step(state, 0, 20.0)
        losses.append(float(metrics.train_loss))
    assert losses[-1] < 0.8 * losses[0] and bool(metrics.finite)
    models = made.algorithm.models(state.memory.own).numpy()
    assert np.any(np.abs(models[0] - models[1]) > 1e-3) and float(made.evaluate(state)[0]) > 0.5


@pytest.mark.parametrize(
    ("uplink", "options", "words"),
    [
        (Analog(), {}, "uplink: expected one that decodes every device with mocha, whose server needs each model"),
        (Analog(groups=3), {}, "uplink: expected one that decodes every device with mocha"),
        (Ideal(), {"aggregator": Median()}, "aggregator: expected none with mocha, .* received Median"),
    ],
)
def test_what_has_no_single_updates_is_refused(uplink: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}"):
        federation(Mocha(), uplink, **options)
