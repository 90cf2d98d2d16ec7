"""Mime on quadratics: known rounds, two of the uplink each, and others by the paper's formula."""

import numpy as np
import pytest

from overair.learning import Mime
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
