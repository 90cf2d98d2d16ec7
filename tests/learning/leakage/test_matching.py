"""Gradient matching: its gradient and slopes by other means, and what an exact gradient gives away, or nothing does."""

import time
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Task
from overair.learning.data.digits import Digits
from overair.learning.federated.task import flatten
from overair.learning.leakage import matching, views
from overair.learning.leakage.attacks.dense import Dense
from overair.learning.leakage.attacks.dlg import Dlg
from overair.learning.leakage.attacks.inverting import Inverting
from overair.learning.models.dlg_lenet import DlgLenet
from overair.phy import keys

SHAPE, CLASSES = (5, 5, 1), 4


@pytest.fixture(scope="module")
def task() -> Task:
    """As the network of DLG, with one small convolution."""
    kernels = (keras.initializers.RandomUniform(-0.5, 0.5, seed) for seed in (1, 2))
    layers = keras.layers
    conv = layers.Conv2D(4, 3, padding="same", activation="sigmoid", kernel_initializer=next(kernels))
    dense = layers.Dense(CLASSES, kernel_initializer=next(kernels))
    return Task(keras.Sequential([keras.Input(SHAPE), conv, layers.Flatten(), dense]))


@pytest.fixture(scope="module")
def pair(task: Task) -> matching.Matching:
    return matching.Matching(task, 2)


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(0).random((2, *SHAPE)).astype(np.float32), np.array([2, 0])


def seen(task: Task, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What a device computes."""
    told = tf.constant(x), tf.constant(y), tf.ones([len(y)]), keys.key(0), tf.constant(0)
    return np.asarray(flatten(task.gradient(task.weights(), *told)[1]))


def test_the_network_is_as_published() -> None:
    model = DlgLenet().build((28, 28, 1), 10, 0)
    assert model.count_params() == (25 + 1) * 12 + 2 * (12 * 25 + 1) * 12 + (7 * 7 * 12 + 1) * 10 == 13_426
    drawn = np.concatenate([np.ravel(weight) for weight in model.get_weights()])
    assert np.abs(drawn).max() <= 0.5  # uniform: the deviation is 1 / sqrt(12), and its error that of fourth moments
    assert drawn.std() == pytest.approx(12**-0.5, abs=4.5 * 12**0.5 / 2 * ((1 / 80 - 1 / 144) / drawn.size) ** 0.5)


def test_the_gradient_is_that_of_a_device(task: Task, pair: matching.Matching, sample: Any) -> None:
    x, y = sample
    own = pair.gradient(task.weights(), tf.constant(x), tf.one_hot(y, CLASSES))
    np.testing.assert_allclose(flatten(own), seen(task, x, y), atol=1e-6)


@pytest.mark.parametrize("part", ["pictures", "logits"])
def test_the_slope_is_that_of_differences(task: Task, pair: matching.Matching, sample: Any, part: str) -> None:
    """Toward the logits of labels, too, of which TensorFlow's own cross-entropy has no second derivative."""
    x, y = sample
    rng, given = np.random.default_rng(1), tf.constant(seen(task, x, y))
    place, toward = rng.normal(size=pair.numbers + 2 * CLASSES), np.zeros(pair.numbers + 2 * CLASSES)
    toward[: pair.numbers if part == "pictures" else None] = 1.0
    toward[: 0 if part == "pictures" else pair.numbers] = 0.0
    toward *= rng.normal(size=toward.size)
    logits = tf.zeros([2, CLASSES])

    def told(at: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = pair._distance(task.weights(), given, tf.constant(at, tf.float32), logits, True)
        return float(value), slope.numpy()

    step = 0.02 / np.linalg.norm(toward)
    (high, _), (low, _), (value, slope) = (told(place + sign * step * toward) for sign in (1, -1, 0))
    expected = (high - low) / (2 * step)
    assert abs(expected) > 1e-3 * value  # there is one
    assert slope @ toward == pytest.approx(expected, rel=0.01, abs=float(4e-7 * value / step))


def test_the_distance_is_in_units_of_what_is_seen(task: Task, pair: matching.Matching, sample: Any) -> None:
    x, y = sample
    other, given = np.roll(x, 1, axis=0), seen(task, x, y)
    shares = np.log(np.maximum(np.eye(CLASSES)[y], 1e-30))
    value, _ = pair._distance(
        task.weights(), tf.constant(given), tf.constant(other.ravel()), tf.constant(shares, tf.float32), False
    )
    expected = np.sum((seen(task, other, y) - given) ** 2) / np.sum(given**2)
    assert float(value) == pytest.approx(expected, rel=1e-4)
    cosine, _ = pair._turned(task.weights(), tf.constant(7.0 * given), tf.constant(other), tf.one_hot(y, CLASSES), 0.5)
    one, two = seen(task, other, y), given
    steps = [np.abs(np.diff(other[..., 0], axis=axis)).mean() for axis in (1, 2)]
    expected = 1 - one @ two / np.linalg.norm(one) / np.linalg.norm(two) + 0.5 * sum(steps)
    assert float(cosine) == pytest.approx(expected, rel=1e-4)


def test_signed_steps(task: Task, pair: matching.Matching, sample: Any) -> None:
    """The first is the rate against the sign; eight of one direction make 3 + 2/10 + 2/100 + 1/1000 rates."""
    x, y = sample
    given, shares = tf.constant(seen(task, x, y)), tf.one_hot(y, CLASSES)
    start = tf.constant(np.random.default_rng(2).uniform(0.3, 0.7, x.shape), tf.float32)
    _, slope = pair._turned(task.weights(), given, start, shares, 0.0)
    found, least = pair.signed(task.weights(), given, start, shares, *map(tf.constant, (0.0, 0.001, 1)))
    np.testing.assert_allclose(found, start - 0.001 * np.sign(slope), atol=1e-6)
    assert float(least) < float(pair._turned(task.weights(), given, start, shares, 0.0)[0])
    found, _ = pair.signed(task.weights(), given, start, shares, *map(tf.constant, (0.0, 1e-5, 8)))
    clear = np.abs(slope) > np.median(np.abs(slope))  # whose sign stays
    walked = (np.asarray(start - found) * np.sign(slope))[clear]
    np.testing.assert_allclose(walked, 3.221e-5, atol=2e-7)


@pytest.mark.parametrize("count", [1, 3, 9])
def test_labels_follow_from_the_last_bias(count: int) -> None:
    rng = np.random.default_rng(count)
    for _ in range(20):
        labels = np.sort(rng.integers(0, 5, count))
        mean = 0.2 + rng.uniform(-0.45, 0.45, 5) / count  # of probabilities: no two differ by 1/N
        bias = mean - np.bincount(labels, minlength=5) / count
        np.testing.assert_array_equal(matching.labels_of(bias, count), labels)


@pytest.mark.parametrize(
    "attack, least",
    [(Dlg(steps=100), 50.0), (Dlg(steps=100, labels="joint"), 50.0), (Inverting(steps=400, smooth=0.0), 35.0)],
)
def test_an_exact_gradient_gives_its_picture_away(task: Task, sample: Any, attack: Any, least: float) -> None:
    x, y = sample[0][:1], sample[1][:1]
    ready, given = attack.ready(task, 1), seen(task, x, y)
    found = ready(task.weights(), given, keys.key(5))
    assert found.labels == y and views.psnr_db(found.pictures, x) > least
    again = ready(task.weights(), given, keys.key(5))
    assert again.pictures.tobytes() == found.pictures.tobytes()  # by the key
    other = ready(task.weights(), given, keys.key(6))
    assert other.pictures.tobytes() != found.pictures.tobytes()
    nothing = ready(task.weights(), 0 * given, keys.key(5))
    assert not nothing.pictures.any() and nothing.pictures.shape == x.shape
    hidden = ready(
        task.weights(), given.std() * np.random.default_rng(3).normal(size=given.size).astype("f"), keys.key(5)
    )
    guess = views.psnr_db(np.full_like(x, 0.5), x)
    assert views.psnr_db(hidden.pictures, x) < guess + 1  # of another vector it shows nothing
    assert guess == pytest.approx(-10 * np.log10(np.mean((x - 0.5) ** 2)), abs=1e-4)


def test_more_starts_end_nearer(task: Task, sample: Any) -> None:
    x, y = sample[0][:1], sample[1][:1]
    given, found = seen(task, x, y), []
    for starts in (1, 3):
        pictures = Dlg(steps=6, starts=starts).ready(task, 1)(task.weights(), given, keys.key(9)).pictures
        found.append(np.sum((seen(task, pictures.astype(np.float32), y) - given) ** 2))
    assert found[1] <= found[0]


def test_what_an_attacker_cannot_know_is_refused() -> None:
    layers = keras.layers
    for extra, told in ((layers.Dropout(0.5), "random layers"), (layers.BatchNormalization(), "batch statistics")):
        task = Task(keras.Sequential([layers.Input((5,)), extra, layers.Dense(3)]))
        for attack in (Dlg(), Inverting()):
            with pytest.raises(
                ValueError, match=f"^attack: expected a network without {told}, which.*take another model$"
            ):
                attack.check(task)
    with pytest.raises(ValueError, match="^attack: expected a network whose first layer is dense on all 25 inputs"):
        Dense().check(Task(DlgLenet().build(SHAPE, CLASSES, 0)))


@pytest.mark.slow
def test_a_picture_of_28_by_28_is_matched_in_a_minute() -> None:
    images = Digits().load().x_train[:1]
    x, y = np.array(tf.image.resize(images, [28, 28])), Digits().load().y_train[:1]
    task = Task(DlgLenet().build(x.shape[1:], 10, 0))
    ready, given = Dlg().ready(task, 1), seen(task, x, y)
    started = time.process_time()
    found = ready(task.weights(), given, keys.key(0))
    assert time.process_time() - started < 60
    assert found.labels == y and views.psnr_db(found.pictures, x) > 25
