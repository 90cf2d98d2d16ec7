"""Every algorithm, found by walking the package, in a federation: memory, rates, and devices that are alike."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ..learning import Fedavg, Federation, Plan, Sgd, State
from ..learning.data import Arrays
from ..learning.federated.schedulers._some import by_data
from ..learning.federated.schedulers.coins import Coins
from ..ota import Ideal
from ..phy import Air, Awgn, Grid
from .found import or_nothing, required, schemes

DEVICES, STEPS = 4, 3
SIZES = [2, 3, 5, 6]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One of each class: others differ in numbers, which cost a federation each."""
    made = [each(**required(each)) for each in schemes("algorithms")]
    made = [replace(each, steps=STEPS) if hasattr(each, "steps") else each for each in made]
    metafunc.parametrize("each", or_nothing(made), ids=lambda each: type(each).__name__.lower())


def model(seed: int) -> keras.Model:
    return keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(3, kernel_initializer="zeros")])


def data(alike: bool) -> Arrays:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=[16, 5]).astype(np.float32), (np.arange(16) % 3).astype(np.int32)
    if alike:  # two samples, in turn
        x, y = np.tile(x[:2], [8, 1]), np.tile(y[:2], 8)
    return Arrays(x, y, x, y, 3)


def federation(algorithm: Any, alike: bool = False, rate: float = 1.0, **options: Any) -> Federation:
    sizes = [2, 4, 4, 6] if alike else SIZES
    shares = np.split(np.arange(16), np.cumsum(sizes)[:-1])
    air = Air(Grid(), Awgn(), DEVICES)
    made = (model, data(alike), shares, algorithm, Ideal(), air, 1, lambda: keras.optimizers.SGD(rate))
    return Federation(*made, **options)


class Pair(Coins):
    """The same two devices in every round, by their shares of the data."""

    @property
    def participation(self) -> None:
        return None

    def plan(self, state: Any, sight: Any, key: Any) -> tuple[Plan, Any]:
        return by_data(tf.constant([True, False, True, False]), sight.shares), state


def rounds(made: Federation, count: int) -> list[State]:
    states = [made.init(0)]
    for _ in range(count):
        states.append(made.step(states[-1], 0, 0.0)[0])
    return states


def vector(state: State) -> np.ndarray:
    return np.concatenate([np.ravel(part) for part in state.weights.trainable])


def known(made: Federation, state: State) -> np.ndarray:
    """The model that is scored; devices' own where the server has none."""
    return vector(state) if made.algorithm.server_model else made.algorithm.models(state.memory.own).numpy()


def test_rows_of_the_silent_are_untouched_and_chunks_agree(each: Any) -> None:
    at_once, by_one = (federation(each, scheduler=Pair(), chunk=chunk) for chunk in (None, 1))
    start, *_, first, second = rounds(at_once, 2 * each.turns)
    for rows, later in zip(tf.nest.flatten(start.memory.own), tf.nest.flatten(second.memory.own), strict=True):
        changed = np.any(rows.numpy() != later.numpy(), axis=tuple(range(1, rows.ndim)))
        assert list(changed) == [True, False, True, False]
    for one, other in zip(tf.nest.flatten(second), tf.nest.flatten(rounds(by_one, 2 * each.turns)[-1]), strict=True):
        np.testing.assert_allclose(one, other, atol=3e-6)
    assert np.any(known(at_once, first) != known(at_once, second))


def test_a_rate_of_zero_changes_nothing(each: Any) -> None:
    made = federation(each, rate=0.0)
    assert np.array_equal(vector(rounds(made, 2)[-1]), vector(made.init(0)))


def test_devices_that_are_alike_are_one_device(each: Any) -> None:
    """They walk the path of gradient descent on the data of one of them, which are all data."""
    if each.drifts:
        pytest.skip("it differs from local SGD in what it minimises")
    found = vector(rounds(federation(each, alike=True), 3 * each.turns)[-1])
    central = Fedavg(each.learning_rate, steps=STEPS) if each.moves else Sgd()
    np.testing.assert_allclose(found, vector(rounds(federation(central, alike=True), 3)[-1]), atol=1e-5)
