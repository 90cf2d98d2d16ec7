"""What a federation guarantees: clips, and what a receiver can really tell against what is said that it can."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Device, Fedavg, Federation, Sample, Sgd, Task
from overair.learning.data import Arrays
from overair.learning.federated.clipping import ClippedTask, cut
from overair.learning.federated.guard import Guard
from overair.ota import Analog, Digital, Identity, Round, Terms
from overair.ota.privacy import delta_of, epsilon_of
from overair.phy import Air, Awgn, ExpectedNorm, Grid, Rayleigh, keys

DEVICES, SAMPLES, SIZE = 4, 6, 21
GRID = Grid(subcarriers=8, symbols=2)
ELEMENTS, THRESHOLD = 16, 0.2


def model(seed: int) -> keras.Model:
    init = keras.initializers.GlorotUniform(seed=seed)
    return keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(3, kernel_initializer=init)])


def uplink(clip: float = 1.0, threshold: float = THRESHOLD) -> Analog:
    return Analog(Identity(), ExpectedNorm(threshold=threshold, norm=1.0001 * (clip / DEVICES) ** 2 / ELEMENTS))


def test_a_clip_cuts_what_is_longer_and_nothing_else() -> None:
    vectors = keys.normal(keys.key(0), [5, 7]) * tf.constant([0.0, 0.01, 1.0, 5.0, 9.0])[:, None]
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = vectors * np.where(norms > 2, 2 / np.maximum(norms, 1e-9), 1)
    np.testing.assert_allclose(cut(vectors, 2.0), expected, rtol=1e-5)


def test_a_clip_of_samples_is_the_mean_of_gradients_that_are_cut_one_by_one() -> None:
    task, clipped = Task(model(0)), ClippedTask(model(0), None, 0.4)
    x, y, mask = keys.normal(keys.key(1), [5, 6]), tf.constant([0, 2, 1, 1, 0]), tf.constant([1.0, 1, 0, 1, 1])
    weights, key, step = task.weights(), keys.key(2), tf.constant(0)
    loss, gradient, statistics = clipped.gradient(weights, x, y, mask, key, step)
    mean, losses, cuts = np.zeros(SIZE), [], 0
    for place in (0, 1, 3, 4):
        alone, parts, _ = task.gradient(weights, x[place][None], y[place][None], tf.ones([1]), key, step)
        vector = np.concatenate([np.ravel(part) for part in parts])
        cuts += int(np.linalg.norm(vector) > 0.4)
        mean += vector * min(1, 0.4 / np.linalg.norm(vector)) / 4
        losses.append(float(alone))
    assert cuts > 0 and statistics == []
    np.testing.assert_allclose(np.concatenate([np.ravel(part) for part in gradient]), mean, rtol=1e-4, atol=1e-6)
    assert float(loss) == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize(("channel", "antennas"), [(Awgn(), 1), (Rayleigh(), 3)], ids=["awgn", "three antennas"])
def test_a_receiver_tells_neighbours_apart_as_well_as_is_said(channel: Any, antennas: int) -> None:
    """The best test of whether one device's sample was replaced, on what antennas really receive."""
    air, snr_db = Air(GRID, channel, DEVICES, antennas), 18.0
    terms = Terms(air, SIZE, ELEMENTS)
    one, draws = uplink(threshold=0.02), 600
    state, weights = one.init(terms, air.init(keys.key(0))), tf.ones([DEVICES]) / DEVICES
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, terms.slots, snr_db)
    round = Round(terms, keys.key(2), weights, link)
    updates = cut(keys.normal(keys.key(3), [DEVICES, SIZE]), 0.5)
    change = cut(keys.normal(keys.key(4), [1, SIZE]) * 9, 1.0)[0] * (2.0 / SAMPLES)
    other = tf.tensor_scatter_nd_add(updates, [[1]], change[None])

    def heard(updates: tf.Tensor) -> tf.Tensor:
        def probe(question: Any, nothing: Any = None) -> tf.Tensor:
            return question(tf.range(DEVICES), updates)

        return one.add(one.begin(state, round, probe), round, tf.range(DEVICES), updates).y

    apart = heard(other) - heard(updates)
    energy = float(tf.reduce_sum(tf.abs(apart) ** 2))
    said = Guard(Sample(clip=1.0), one, terms).leak(round, tf.fill([DEVICES], float(SAMPLES))).numpy()[1]
    assert said == pytest.approx(2 * energy / float(link.noise), rel=2e-3)  # one gain serves all elements

    @tf.function(autograph=False)
    def statistic(key: tf.Tensor) -> tf.Tensor:
        y = air.receive(tf.concat([heard_by, heard_by + apart], 0), link, key)
        return tf.math.real(tf.reduce_sum(tf.math.conj(apart) * y, axis=[1, 2, 3]))

    heard_by = heard(updates)
    values = np.stack([statistic(keys.key(9, number)) for number in range(draws)])  # [draws, 2]
    found = (values[:, 1].mean() - values[:, 0].mean()) / values.std(axis=0, ddof=1).mean()
    assert found == pytest.approx(math.sqrt(said), abs=4 * math.sqrt(2 / draws * (1 + said / 8)))


def test_all_antennas_count_and_not_what_is_behind_the_combiner() -> None:
    air = Air(GRID, Rayleigh(), DEVICES, 16)
    terms, one = Terms(air, SIZE, ELEMENTS), uplink(threshold=1e-3)
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, terms.slots, 0.0)
    round = Round(terms, keys.key(2), tf.ones([DEVICES]) / DEVICES, link)
    h = link.response().numpy()[0, :, :, 0, 0]  # [A, K]
    v = h.sum(axis=1) / np.linalg.norm(h.sum(axis=1))
    behind = np.abs(v.conj() @ h) ** 2
    more = (np.abs(h) ** 2).sum(axis=0) / behind  # than behind the combiner, where all arrive alike
    said = Guard(Device(), one, terms).leak(round, tf.ones([DEVICES])).numpy()
    np.testing.assert_allclose(said, 2 * 1e-3 * ELEMENTS / 1.0001 * more, rtol=1e-3)
    assert np.all(more > 1.5)


def federation(protection: Any, **options: Any) -> Federation:
    rng = np.random.default_rng(0)
    count = DEVICES * SAMPLES
    x, y = rng.random((count + 8, 6), np.float32), rng.integers(0, 3, count + 8).astype(np.int32)
    data = Arrays(x[:count], y[:count], x[count:], y[count:], 3)
    parts = (model, data, np.split(np.arange(count), DEVICES), options.pop("algorithm", Sgd()))
    air, rate = Air(GRID, Rayleigh(), DEVICES), lambda: keras.optimizers.SGD(0.5)
    return Federation(*parts, options.pop("uplink", uplink()), air, ELEMENTS, rate, protection=protection, **options)


def test_the_epsilon_of_a_run_is_that_of_what_all_its_rounds_told() -> None:
    one = federation(Sample(clip=1.0, delta=1e-3))
    state, told = one.init(0), np.zeros(DEVICES)
    for number in range(3):
        before = state.leaked.numpy()
        state, metrics = one.step(state, 0, 5.0)
        told += state.leaked.numpy() - before
        assert float(metrics.epsilon) == pytest.approx(epsilon_of(math.sqrt(told.max()), 1e-3), rel=1e-5), number
        assert float(metrics.energy_max) <= 1 + 1e-4 and float(metrics.bits) == 0
    bound = (
        2 * THRESHOLD * ELEMENTS / 1.0001 * 10**0.5 * (2 / SAMPLES) ** 2
    )  # a device that inverts arrives at the level
    assert told.max() == pytest.approx(3 * bound, rel=1e-3)
    assert one.guard.words(2.0) == "(2, 0.001) privacy of a sample that is replaced"
    assert delta_of(math.sqrt(told.max()), float(metrics.epsilon)) == pytest.approx(1e-3, rel=1e-4)


@pytest.mark.parametrize(
    ("protection", "options", "line"),
    [
        (Sample(), {"uplink": Digital()}, "uplink: expected analog, of one sum, whose noise is what protects"),
        (Sample(), {"uplink": Analog()}, "uplink.rule: expected expected_norm with a norm under a protection, received "
         "TruncatedInversion, whose level follows from the data"),
        (Device(), {"uplink": Analog(rule=ExpectedNorm())}, "uplink.rule: expected expected_norm with a norm"),
        (Device(clip=2.0), {}, "uplink.rule.norm: expected at least 0.01562, the energy of an element of the longest"),
        (Sample(), {"algorithm": Fedavg(steps=2)}, "protection: expected device for local steps"),
        (Sample(), {"batch_size": 3}, "batch_size: expected none under protection = sample, as a batch"),
    ],
)  # fmt: skip
def test_where_nothing_can_be_guaranteed_it_is_said(protection: Any, options: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError) as caught:
        federation(protection, **options)
    assert str(caught.value).startswith(line)
