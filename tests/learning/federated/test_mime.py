"""Mime on quadratics: known rounds, two of the uplink each, and others by the paper's formula."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Fedavg, Mime, Radio
from overair.learning.federated import server
from overair.learning.federated.clock import clock_of
from overair.learning.federated.effort import Effort
from overair.learning.federated.hardware.fixed import Fixed
from tests.learning.federated.quadratics import Setting, play


def test_vectors_of_known_rounds() -> None:
    x = play(Mime(0.05, steps=5), Setting(), 16).x[:, 0]
    np.testing.assert_allclose(x[[2, 4, 10]], [1.473522, 1.740785, 1.799647], atol=2e-6)
    np.testing.assert_array_equal(x[1::2], x[:-1:2])  # while gradients are sent the server stays
    assert x[-1] == pytest.approx(1.8, abs=1e-5)


def test_unequal_steps_weights_and_coins() -> None:
    """The mean gradient is that of those that are heard, whatever the sum of their weights."""
    a, b, shares, tau, rate = (1.0, 3.0, 6.0), (1.0, -2.0, 4.0), (0.5, 0.3, 0.2), (2, 6, 3), 0.05
    sent = np.array([shares, shares, [1.0, 0.0, 0.4], [0.0, 0.6, 0.4], [1.0, 0.6, 0.0], [1.0, 0.6, 0.4]])
    found = play(Mime(rate, steps=6), Setting(a, b, shares, tau, sent.__getitem__), 6).x[:, 0]
    x, expected = 0.0, [0.0]
    for asked, walking in sent.reshape(3, 2, 3):
        mean = asked @ (np.array(a) * (x - np.array(b))) / asked.sum()
        way = np.zeros(3)
        for k in range(3):
            v = x
            for _ in range(tau[k]):
                v -= rate * (a[k] * (v - b[k]) - a[k] * (x - b[k]) + mean)
            way[k] = x - v
        expected += [x, x - walking @ way]
        x = expected[-1]
    np.testing.assert_allclose(found, expected, atol=3e-6)


def test_a_walking_step_takes_two_gradients_of_each_sample() -> None:
    clock = clock_of(Fixed(0.5), Radio(), Mime(steps=3), [4, 7], None, Effort())
    assert clock is not None
    for round, passes in enumerate([1, 2, 1, 2]):
        found = clock.work(tf.constant(0), tf.constant(round, tf.int64)).seconds
        np.testing.assert_allclose(found, [passes * 3 * 4 * 0.5, passes * 3 * 7 * 0.5])


def test_a_server_that_remembers_is_refused() -> None:
    server.check(Mime(), keras.optimizers.SGD(1.0))
    server.check(Fedavg(), keras.optimizers.Adam(0.1))
    for optimizer, name in (
        (keras.optimizers.SGD(1.0, momentum=0.9), "sgd with momentum"),
        (keras.optimizers.Adam(0.1), "adam"),
    ):
        with pytest.raises(ValueError, match=f"^optimizer: expected plain sgd with mime, .*, received {name}$"):
            server.check(Mime(), optimizer)
