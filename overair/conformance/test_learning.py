"""Every scheme of learning, found by walking the package, goes through the checks of its family."""

import urllib.request
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from ..learning import Task, Weights
from ..learning.federated.algorithms import Sample
from ..learning.images.networks import Network, channels_of
from ..learning.images.schemes import Job, Trial
from ..ota import Analog, Ideal, Outcome, Terms, apply
from ..ota.round import Round
from ..phy import Air, Awgn, Grid, keys
from ..scenarios.promises import shown
from .compare import says
from .found import label, usual

LABELS = np.random.default_rng(1).permutation(np.repeat(np.arange(10), [18, 22, 17, 23, 21, 22, 21, 19, 14, 20]))
IMAGES = np.random.default_rng(2).random((40, 32, 32, 3), np.float32)
SHAPE, GREY, DEVICES = (32, 32, 3), (32, 32, 1), 4


def parameters(model: keras.Model) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in model.get_weights()]


def alike(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(map(np.array_equal, one, other))


def test_data(data: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> None:
        raise OSError("no net in tests")

    monkeypatch.setattr(urllib.request, "urlopen", nothing)
    try:
        arrays = data.load()
    except (ValueError, OSError) as missing:
        pytest.skip(str(missing))
    for x, y in ((arrays.x_train, arrays.y_train), (arrays.x_test, arrays.y_test)):
        received = f"{shown(x)} from {x.min():g} to {x.max():g}"
        good = x.dtype == np.float32 and x.ndim == 4 and 0 <= x.min() < x.max() <= 1
        assert good, says(data, "load", "float32 images [N, height, width, colours] from 0 to 1", received)
        whole = y.dtype == np.int32 and len(x) == len(y) and set(np.unique(y)) == set(range(arrays.classes))
        expected, received = (
            f"int32 labels [{len(x)}], all from 0 to {arrays.classes - 1}",
            f"{shown(y)}, {np.unique(y)}",
        )
        assert whole, says(data, "load", expected, received)


@pytest.mark.parametrize("devices", [1, 3, 20])
def test_partitions(partition: Any, devices: int) -> None:
    if getattr(partition, "minimum", 0) and partition.samples_per_device:
        with pytest.raises(ValueError, match="expected none but with a cohort"):
            partition.split(LABELS, devices, seed=3)
        return
    shares, again = (partition.split(LABELS, devices, seed=3) for _ in range(2))
    dealt = np.concatenate(shares)
    full = len(shares) == devices and all(len(share) and share.dtype == np.int64 for share in shares)
    received = ", ".join(map(shown, shares))
    assert full, says(partition, "split", f"{devices} arrays int64, none empty", received)
    once = len(np.unique(dealt)) == len(dealt) and set(dealt) <= set(range(len(LABELS)))
    assert once, says(partition, "split", f"places below {len(LABELS)}, each at most once", "others")
    assert alike(shares, again), says(partition, "split", "the same of the same seed", "something else")
    if devices > 1:
        other = partition.split(LABELS, devices, seed=4)
        assert not all(np.array_equal(np.sort(one), np.sort(two)) for one, two in zip(shares, other, strict=True))
    with pytest.raises(ValueError, match="devices: expected at "):
        partition.split(LABELS, len(LABELS) + 1, seed=3)


def test_models(model: Any) -> None:
    built, again, other = (model.build(SHAPE, 7, seed) for seed in (1, 1, 2))
    received = f"from {built.input_shape} to {built.output_shape}"
    fits = built.output_shape == (None, 7) and built.input_shape == (None, *SHAPE)
    assert fits, says(model, "build", f"a network from {(None, *SHAPE)} to (None, 7)", received)
    assert alike(parameters(built), parameters(again)), says(
        model, "build", "the same of the same seed", "other weights"
    )
    logits = built(IMAGES[:5], training=False).numpy()
    assert np.all(np.isfinite(logits)) and np.ptp(logits.sum(axis=1)) > 0  # logits, and no probabilities
    if getattr(model, "trained", False):  # it brings its weights
        assert alike(parameters(built), parameters(other))
    else:
        assert not alike(parameters(built), parameters(other))
        with pytest.raises(ValueError, match="seed: expected a number of at least 0"):
            model.build(SHAPE, 7, -1)


def coded(network: Network, encoder: keras.Model, decoder: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Features of two images, and what the decoder makes of them."""
    images, state = tf.constant(IMAGES[:2, ..., :1]), tf.constant(2 * [[10.0, 1.0, 10.0]])
    features = encoder([images, state[:, :2]] if network.adapts else images)
    return features.numpy(), decoder([features, state] if network.adapts else features).numpy()


def test_networks(network: Any) -> None:
    channels = channels_of(network, 3 / 8, colours=1)  # which two, three or four layers share
    encoder, again, other = (network.encoder(GREY, channels, seed) for seed in (1, 1, 2))
    decoder = network.decoder(GREY, channels, 1)
    assert alike(parameters(encoder), parameters(again)) and not alike(parameters(encoder), parameters(other))
    network.start(encoder, decoder, IMAGES[..., :1])
    features, images = coded(network, encoder, decoder)
    side = GREY[0] // network.stride
    assert features.shape == (2, side, side, channels) and np.all(np.isfinite(features))
    assert images.shape == (2, *GREY) and np.all(np.isfinite(images))
    assert network.shares[-1] == 1 and list(network.shares) == sorted(network.shares) and min(network.shares) > 0
    assert len(network.shares) > 1 or not network.refines


def test_image_schemes(image_scheme: Any) -> None:
    job = Job(IMAGES, Air(Grid(), Awgn(), 1), (1 / 6,), 0)
    assert image_scheme.check(job, [IMAGES[:36]]) is None
    assert isinstance(image_scheme.epochs_of(job), int) and image_scheme.epochs_of(job) >= 0
    assert callable(image_scheme.ready)


@pytest.mark.parametrize("image_scheme", usual("schemes"), ids=label)
def test_image_schemes_show_the_images_whose_errors_they_tell(image_scheme: Any) -> None:
    """Decoded apart from the others, values may differ by 1e-5, and squared errors e by 2 sqrt(e) 1e-5 + 1e-10."""
    coarse = np.random.default_rng(3).integers(0, 256, [40, 4, 4, 3])
    images = np.kron(coarse, np.ones([1, 8, 8, 1])).astype(np.float32) / np.float32(255)
    trial = Trial(images[:3], (0.0, 40.0), repetitions=1, key=keys.key(4), similarity=False, shown=2)
    if hasattr(image_scheme, "epochs"):
        image_scheme = replace(image_scheme, epochs=1)  # nothing below depends on how much is learnt
    outcome = image_scheme.ready(Job(images, Air(Grid(), Awgn(), 1), (1 / 6,), 0))(1 / 6, trial)
    assert outcome.mse.shape == (2, 3), says(image_scheme, "ready", "mse [2, 3]", shown(outcome.mse))
    told = f"pictures {[2, 2, *SHAPE]} of 2 SNRs and the first 2 images, as told by Trial.shown"
    fits = outcome.pictures.shape == (2, 2, *SHAPE)
    assert fits, says(image_scheme, "ready", told, shown(outcome.pictures))
    within = 0 <= outcome.pictures.min() <= outcome.pictures.max() <= 1
    assert within, says(image_scheme, "ready", "pictures in [0, 1]", "others")
    seen, mse = np.mean((outcome.pictures - images[:2]) ** 2, axis=(2, 3, 4)), outcome.mse[:, :2]
    same = np.all(np.abs(seen - mse) <= 2e-5 * np.sqrt(mse) + 1e-10 + 1e-5 * mse)
    assert same, says(image_scheme, "ready", f"pictures with the mse that is told, {mse.tolist()}", f"{seen.tolist()}")


@pytest.fixture(scope="module")
def task() -> Task:
    first = keras.initializers.GlorotUniform(seed=3)
    layers = [keras.layers.Input((6,)), keras.layers.Dense(3, kernel_initializer=first)]
    return Task(keras.Sequential([*layers, keras.layers.BatchNormalization()]))


@pytest.mark.parametrize("batch_size", [None, 5])
def test_algorithms(algorithm: Any, task: Task, batch_size: int | None) -> None:
    sizes = tf.constant([1, 7, 12])
    batches, again = (algorithm.batches(keys.key(1), sizes, 12, batch_size) for _ in range(2))
    assert batches.positions.dtype == tf.int32 and batches.positions.shape == batches.mask.shape
    assert np.all((batches.positions >= 0) & (batches.positions < sizes[:, None, None]))
    assert np.array_equal(batches.positions, again.positions)
    assert set(np.unique(batches.mask)) <= {0.0, 1.0} and np.all(np.any(batches.mask, axis=(1, 2)))
    assert isinstance(algorithm.moves, bool) and (algorithm.moves or batches.positions.shape[1] == 1)
    x, y, weights = keys.normal(keys.key(2), [12, 6]), tf.range(12) % 3, task.weights()

    def sample(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        place = batches.positions[2][step]
        return tf.gather(x, place), tf.gather(y, place), batches.mask[2][step]

    algorithm = algorithm.over(Ideal())
    memory = algorithm.init(task, 3)
    own = tf.nest.map_structure(lambda rows: rows[2], memory.own)
    given = task, weights, Sample(sample), batches.positions.shape[1], keys.key(3)
    update, after, loss = algorithm.compute(*given, memory.common, own)
    kept = sum(int(np.prod(row.shape)) for row in tf.nest.flatten(own))
    whole = algorithm.personal or not algorithm.server_model  # models with their statistics, and what was sent
    besides = kept % task.trainable if whole else 0
    assert kept == algorithm.vectors * task.trainable + besides
    assert [row.shape for row in tf.nest.flatten(after)] == [row.shape for row in tf.nest.flatten(own)]
    for one, shape in zip(tf.nest.flatten(update), algorithm.sends(task), strict=True):
        assert tuple(one.shape) == shape and np.all(np.isfinite(one))
        assert np.any(one) or algorithm.turns > 1  # in turns statistics may rest
    assert loss.shape == () and loss > 0
    if algorithm.sends(task) != task.layers:
        return
    gradient = task.gradient(weights, x, y, tf.ones([12]), keys.key(3), tf.constant(0))[1]
    uphill = sum(float(tf.reduce_sum(u * g)) for u, g in zip(update.trainable, gradient, strict=True))
    assert uphill > 0 or batch_size  # of a batch alone it need not be


class Stepping(NamedTuple):
    """A server that moves all its parameters at one rate."""

    rate: float
    size: int

    def rates(self) -> tf.Tensor:
        return tf.fill([self.size], self.rate)


def test_downlinks(downlink: Any, task: Task) -> None:
    air = Air(Grid(), Awgn(), DEVICES)
    terms, uplink = Terms(air, task.size, 600), Analog()
    downlink.check(uplink, terms, keras.optimizers.SGD(0.1))
    assert (downlink.elements(uplink, terms) > 0) == downlink.uses_air
    drift, weights = downlink.init(terms), task.weights()
    assert drift.shape == (DEVICES if downlink.own_models else 0, task.size) and not np.any(drift)
    first = downlink.model(weights, drift, tf.constant(0))
    assert alike(list(map(np.asarray, tf.nest.flatten(first))), list(map(np.asarray, tf.nest.flatten(weights))))
    outcome = received(task.size)
    still = downlink.step(drift, outcome, Stepping(0.0, task.size), keys.key(4))
    after, again = (downlink.step(drift, outcome, Stepping(1.0, task.size), keys.key(4)) for _ in range(2))
    assert not np.any(still) and np.array_equal(after, again) and after.shape == drift.shape
    assert np.any(after) == downlink.own_models

    def score(model: Weights) -> tf.Tensor:
        return tf.stack([tf.reduce_sum(model.trainable[0]), 1.0])

    assert downlink.score(score, weights, after).shape == (2,)


def received(size: int) -> Outcome:
    """A round of the ideal uplink."""
    terms = Terms(Air(Grid(), Awgn(), DEVICES), size, 600)
    uplink, place = Ideal(), terms.air.init(keys.key(0))
    one = Round(terms, keys.key(1), tf.fill([DEVICES], 1 / DEVICES), None)
    estimate, state, report = apply(uplink, uplink.init(terms, place), one, keys.normal(keys.key(2), [DEVICES, size]))
    return Outcome(estimate, state, report)
