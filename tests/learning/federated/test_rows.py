"""What devices keep: refused where it does not fit, kept by those whose packets are lost, and told to all alike."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Broadcast, Fedavg, Federation, Fedprox, Scaffold
from overair.learning.data import Arrays
from overair.learning.federated import memories
from overair.learning.federated.downlinks.ideal import IdealDownlink
from overair.learning.federated.schedulers.largest_update import LargestUpdate
from overair.ota import Analog, Ideal, Outcome, Round
from overair.phy import Air, Awgn, Grid

DEVICES = 4
LOST = tf.constant([False, True, False, True])


class Losing(Ideal):
    """Some devices send and are not decoded."""

    def add(self, acc: Any, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Any:
        return super().add(acc, round, devices, tf.where(tf.gather(LOST, devices)[:, None], 0.0, updates))

    def end(self, acc: Any, state: Any, round: Round) -> Outcome:
        outcome = super().end(acc, state, round)
        return outcome._replace(report=outcome.report._replace(decoded=~LOST))


def _federation(algorithm: Any, uplink: Any = None, **options: Any) -> Federation:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=[20, 5]).astype(np.float32), (np.arange(20) % 3).astype(np.int32)

    def model(seed: int) -> keras.Model:
        return keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(3, kernel_initializer="zeros")])

    shares, air = np.split(np.arange(20), [3, 8, 14]), Air(Grid(), Awgn(), DEVICES)
    parts = (model, Arrays(x, y, x, y, 3), shares, algorithm, uplink or Ideal(), air, 100)
    return Federation(*parts, lambda: keras.optimizers.SGD(1.0), **options)


def test_devices_that_are_lost_keep_what_they_had_and_the_server_knows() -> None:
    made = _federation(Scaffold(steps=2), Losing())
    state = made.init(0)
    for _ in range(3):
        state, _ = made.step(state, 0, 0.0)
    own, shares = state.memory.own[0].numpy().reshape(DEVICES, -1), made.devices.shares.numpy()
    assert not np.any(own[LOST.numpy()]) and np.all(np.any(own[~LOST.numpy()], axis=1))
    np.testing.assert_allclose(np.ravel(state.memory.common[0]), shares @ own, atol=1e-6)  # c is the mean of all c_k


def test_a_pass_that_looks_first_and_one_that_does_not_remember_the_same() -> None:
    """Updates that are computed before it is known who sends, and again by chunks, are those of one memory."""
    found = []
    for chunk in (None, 2):
        made = _federation(Scaffold(steps=2), scheduler=LargestUpdate(senders=2), chunk=chunk)
        state = made.init(0)
        for _ in range(3):
            state, _ = made.step(state, 0, 0.0)
        found.append(state)
    for one, other in zip(*map(tf.nest.flatten, found), strict=True):
        np.testing.assert_allclose(one, other, atol=3e-6)
    assert np.any(found[0].memory.own[0])


def test_what_does_not_fit_is_refused() -> None:
    task = _federation(Fedavg(steps=1)).task
    memories.check(Scaffold(), task, 2**25, IdealDownlink(), waits=True)
    for algorithm in (Fedavg(), Fedprox()):
        memories.check(algorithm, task, 10**9, IdealDownlink(), waits=True)
    expected = (
        r"^algorithm: expected at most 4 GiB of what devices keep, received 67108864 devices x 18 numbers, 4.5 GiB; "
    )
    with pytest.raises(ValueError, match=expected):
        memories.check(Scaffold(), task, 2**26, IdealDownlink(), waits=True)


def test_a_noisy_downlink_tells_nothing_beside_the_model() -> None:
    with pytest.raises(
        ValueError, match=r"^algorithm: expected one whose server only subtracts .*, received scaffold$"
    ):
        _federation(Scaffold(), downlink=Broadcast(20.0))
    with pytest.raises(ValueError, match=r"^algorithm: expected one .* waits for nobody, .*, received scaffold$"):
        memories.check(Scaffold(), _federation(Fedavg(steps=1)).task, 4, IdealDownlink(), waits=False)
    _federation(Fedprox(), downlink=Broadcast(20.0))


def test_levels_go_over_the_air_and_increments_do_if_told() -> None:
    assert _federation(Scaffold(), Analog()).algorithm == Scaffold(leak=1.0)
    assert _federation(Scaffold(leak=0.0), Analog()).algorithm == Scaffold(leak=0.0)
    assert _federation(Scaffold()).algorithm == Scaffold(leak=0.0)


def test_steps_or_epochs() -> None:
    with pytest.raises(ValueError, match="scaffold: expected steps or epochs, received both, 2 and 3"):
        Scaffold(steps=2, epochs=3)
