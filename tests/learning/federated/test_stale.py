"""Devices that nobody waits for arrive in the order and at the ages foretold, and move the server as published."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Coins, Fedavg, Federation, Plan, Sgd, Sight, State
from overair.learning.data import Arrays
from overair.learning.federated import stale
from overair.learning.federated.downlinks.broadcast import Broadcast
from overair.learning.federated.effort import Effort
from overair.learning.federated.hardware.fixed import Fixed
from overair.learning.federated.planning.arrivals import buffered, slotted
from overair.learning.federated.schedulers.buffered import Buffered
from overair.learning.federated.schedulers.slotted import Slotted
from overair.learning.federated.server import Served
from overair.learning.federated.task import Weights
from overair.ota import Analog, Digital, Ideal, Outcome, Report
from overair.ota.compressors.low_rank import LowRankFactors
from overair.phy import Air, Awgn, Grid, keys

KEY = keys.key(1)


def played(scheduler: Any, table: np.ndarray, steps: int) -> dict[str, np.ndarray]:
    """What a scheduler plans where the j-th row is what a device takes that begins in round j, [steps, K] each."""
    durations, devices = tf.constant(table), table.shape[1]

    def one(before: tuple[Any, Any], at: tf.Tensor) -> tuple[Any, Any]:
        sight = Sight(tf.fill([devices], 1.0 / devices), lambda: tf.ones([devices]), lambda works: works,
                      lambda: durations[at])  # fmt: skip
        plan, after = scheduler.plan(before[1], sight, KEY)
        return (plan.weights, plan.ages, plan.lasts, plan.newest), after

    @tf.function(autograph=False)
    def play() -> Any:
        zeros = tf.zeros([devices])
        start = (zeros, zeros, tf.zeros([], tf.float64), zeros > 0), scheduler.init(devices, KEY)
        return tf.scan(one, tf.range(steps), start)[0]

    return dict(zip(("weights", "ages", "lasts", "newest"), (each.numpy() for each in play()), strict=True))


def begun(table: np.ndarray, rounds: list[list[int]], jobs: int) -> np.ndarray:
    """The same durations by device and update, [J, K]: of updates that begin in these rounds."""
    rows = [[table[at, k] for at in (own + [own[-1]] * jobs)[:jobs]] for k, own in enumerate(rounds)]
    return np.array(rows).T


def test_slots_are_those_that_are_foretold() -> None:
    steps, devices = 60, 5
    table = np.random.default_rng(1).uniform(0.2, 4.5, (steps + 1, devices))
    found = played(Slotted(seconds=1.0), table, steps)
    sends = found["weights"] > 0
    rounds = [[0, *(np.flatnonzero(sends[:, k]) + 1).tolist()] for k in range(devices)]
    foretold = slotted(begun(table, rounds, steps + 1), steps, 1.0)
    np.testing.assert_array_equal(sends, foretold.sends)
    np.testing.assert_array_equal(np.where(sends, found["ages"], 0), foretold.age)
    count = np.maximum(sends.sum(axis=1, keepdims=True), 1)
    np.testing.assert_allclose(found["weights"], sends / count * (1.0 + found["ages"]) ** -0.5, rtol=1e-6)
    assert np.all(found["lasts"] == 1.0) and np.array_equal(found["newest"], sends)


@pytest.mark.parametrize(("devices", "buffer"), [(10, 4), (6, 1), (8, 3)])
def test_arrivals_are_those_that_are_foretold(devices: int, buffer: int) -> None:
    """Durations differ too little for anybody to arrive twice in a buffer, so that mean ages are (C - 1)/B."""
    steps = 300
    table = np.random.default_rng(buffer).uniform(1.0, 1.5, (steps + 1, devices))
    found = played(Buffered(buffer=buffer, exponent=0.7), table, steps)
    sends = found["weights"] > 0
    rounds = [[0, *(np.flatnonzero(sends[:, k]) + 1).tolist()] for k in range(devices)]
    foretold = buffered(begun(table, rounds, steps + 1), steps, buffer)
    times = np.cumsum(found["lasts"])
    np.testing.assert_allclose(times, foretold.time[:, -1], rtol=1e-12)
    for step in range(steps):
        np.testing.assert_array_equal(np.sort(foretold.device[step]), np.flatnonzero(sends[step]))
        np.testing.assert_array_equal(found["ages"][step, foretold.device[step]], foretold.age[step])
        assert np.flatnonzero(found["newest"][step]) == foretold.device[step, -1]
    expected = np.where(sends, (1.0 + found["ages"]) ** -0.7 / buffer, 0.0)
    np.testing.assert_allclose(found["weights"], expected, rtol=2e-6)
    settled = found["ages"][steps // 3 :][sends[steps // 3 :]].mean()
    assert abs(settled - (devices - 1) / buffer) < devices**2 / (buffer * steps / 1.5)  # of ends that are cut


A, B = np.array([1.0, 4.0]), np.array([2.0, -1.0])  # of losses a (x - b)^2 / 2


def updates(model: np.ndarray) -> np.ndarray:
    """x - y of both devices, each after five steps of 0.1 from its model, [2]."""
    return model - (B + (model - B) * (1 - 0.1 * A) ** 5)


def moved(rounds: list[tuple[list[float], list[bool]]], mixes: bool, rate: float) -> list[float]:
    """A scalar model after rounds of weights and of who begins with the newest."""
    x, drift, path = 0.0, tf.zeros([2, 1]), []
    for weights, newest in rounds:
        plan = Plan(tf.constant(weights), tf.constant(weights) > 0, newest=tf.constant(newest), mixes=mixes)
        sum_ = float(np.dot(weights, updates(x + drift.numpy()[:, 0])))
        zero = tf.zeros([])
        report = Report(zero, zero, zero, tf.constant([True, True]), zero, zero, zero, zero, zero, zero, zero, zero)
        estimate = stale.estimate(Outcome(tf.constant([sum_], tf.float32), (), report), drift, plan)
        before, x = x, x - rate * float(estimate[0])
        served = Served(Weights([tf.constant([x], tf.float32)], []), [], tf.constant(rate))
        drift = stale.after(drift, Weights([tf.constant([before], tf.float32)], []), served, plan)
        path.append(x)
    return path


def published(events: list[list[tuple[int, int]]], mixes: bool, rate: float) -> list[float]:
    """The same by the models themselves, of devices and the models that they began with."""
    path = [0.0]
    for at, arrivals in enumerate(events):
        x = path[-1]
        for k, version in arrivals:
            start, weight = path[version], rate * (1 + at - version) ** -0.5 / len(arrivals)
            x += weight * ((start - updates(np.full(2, start))[k]) - (path[-1] if mixes else start))
        path.append(x)
    return path[1:]


def test_models_are_mixed_as_fedasync_does() -> None:
    """Devices 0, 1, 0, 0 from the models 0, 0, 1, 2: the third begins again before its update has moved the server."""
    old = 2**-0.5
    rounds = [([1.0, 0.0], [True, False]), ([0.0, old], [False, True]), ([old, 0.0], [False, False]),
              ([old, 0.0], [True, False])]  # fmt: skip
    found = moved(rounds, True, 0.6)
    np.testing.assert_allclose(found, [0.49141200, -0.10834975, 0.40821026, 0.55535789], atol=2e-6)
    np.testing.assert_allclose(found, published([[(0, 0)], [(1, 0)], [(0, 1)], [(0, 2)]], True, 0.6), atol=2e-6)


def test_differences_are_buffered_as_fedbuff_does() -> None:
    """Devices 0, 1, 0, 1, 0, 1 from the models 0, 0, 0, 1, 1, 1."""
    half, old = 0.5, 0.5 * 2**-0.5
    rounds = [([half, half], [False, True]), ([old, half], [False, False]), ([old, old], [False, True])]
    events = [[(0, 0), (1, 0)], [(0, 0), (1, 1)], [(0, 1), (1, 1)]]
    np.testing.assert_allclose(moved(rounds, False, 1.0), [-0.05161, -0.1993643, -0.21155778], atol=2e-6)
    for rate in (1.0, 0.3):
        np.testing.assert_allclose(moved(rounds, False, rate), published(events, False, rate), atol=2e-6)


def federation(scheduler: Any, uplink: Any = None, algorithm: Any = None, **options: Any) -> Federation:
    rng = np.random.default_rng(0)
    x, y = rng.random((90, 16), np.float32), rng.integers(0, 3, 90).astype(np.int32)
    data, shares = Arrays(x[:60], y[:60], x[60:], y[60:], 3), np.split(np.arange(60), [8, 20, 33, 50])

    def model(seed: int) -> keras.Model:
        init = keras.initializers.GlorotUniform(seed=seed)
        return keras.Sequential([keras.layers.Input((16,)), keras.layers.Dense(3, kernel_initializer=init)])

    parts = (model, data, shares, algorithm or Fedavg(steps=2), uplink or Ideal(), Air(Grid(16, 2), Awgn(), 5), 60)
    made = {"hardware": Fixed(0.01), "batch_size": 3, **options}
    return Federation(*parts, lambda: keras.optimizers.SGD(1.0), scheduler=scheduler, **made)


def after(one: Federation, rounds: int = 3) -> State:
    state = one.init(4)
    for _ in range(rounds):
        state, _ = one.step(state, 4, 10.0)
    return state


def test_a_buffer_of_all_and_a_slot_for_all_is_federated_averaging() -> None:
    expected = after(federation(Coins()))
    for scheduler in (Buffered(buffer=5), Slotted(seconds=0.07)):
        found = after(federation(scheduler))
        for one, other in zip(tf.nest.flatten(found.weights), tf.nest.flatten(expected.weights), strict=True):
            np.testing.assert_allclose(one, other, atol=3e-6)
        assert not np.any(found.drift.numpy()[found.scheduler.age == 0])
    assert math.isclose(after(federation(Slotted(seconds=0.07))).clock, 0.21, rel_tol=1e-12)
    assert math.isclose(after(federation(Buffered(buffer=5))).clock, 0.18, rel_tol=1e-6)


def test_devices_train_from_the_models_that_they_began_with() -> None:
    """The server's model at the beginning of each is its own and how far that has gone since."""
    one = federation(Buffered(buffer=2), hardware=Fixed(0.01, slowdown=4.0))
    state, models = one.init(4), []
    for _ in range(8):
        models.append(np.concatenate([np.ravel(each) for each in state.weights.trainable]))
        ages = state.scheduler.age.numpy().astype(int)
        for k in range(5):
            np.testing.assert_allclose(models[-1] + state.drift[k], models[len(models) - 1 - ages[k]], atol=2e-6)
        state, _ = one.step(state, 4, 10.0)
    assert ages.max() > 1


@pytest.mark.parametrize(
    ("scheduler", "options", "line"),
    [
        (Buffered(), {"downlink": Broadcast(10.0)}, "downlink: expected ideal with a scheduler that waits for nobody"),
        (Buffered(mixes=True), {"algorithm": Sgd()}, "scheduler.mixes: expected false with sgd"),
        (Buffered(buffer=2), {"uplink": Analog()}, "scheduler.buffer: expected 1 with an analog uplink"),
        (
            Slotted(),
            {"uplink": Digital(LowRankFactors())},
            "uplink.compressor: expected one that does without the last estim",
        ),
        (Slotted(), {"effort": Effort(stragglers=0.5)}, "effort.stragglers: expected 0 with a scheduler that waits"),
        (Buffered(buffer=6), {}, "scheduler.buffer: expected at most all 5 devices, received 6"),
        (Slotted(seconds=1e-6), {"uplink": Analog()}, r"scheduler.seconds: expected more than 0\.000\d* s, which "),
        (Slotted(), {"uplink": Digital(), "payload": 300.0}, "scheduler: expected grant.elements with slotted"),
        (Slotted(), {"hardware": None}, "scheduler: expected hardware with a scheduler that looks at times"),
    ],
)
def test_what_cannot_be_is_refused(scheduler: Any, options: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match=f"^{line}"):
        federation(scheduler, **options)
