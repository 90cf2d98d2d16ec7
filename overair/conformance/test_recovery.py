"""Every recovery of what is sparse."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ..ota.projections import gaussian, hadamard
from ..phy import keys
from .compare import finite, same


@pytest.mark.parametrize(("make", "size"), [(gaussian, 1), (hadamard, 37)])
def test_recovery(recovery: Any, make: Any, size: int) -> None:
    rows = -(-size // 2)
    a, prior = make(keys.key(0), rows, size), getattr(recovery, "mean", 0.0)
    recover = tf.function(lambda y, noise: recovery.recover(y, a, noise), autograph=False)
    for y in (a.forward(tf.one_hot(0, size)), keys.normal(keys.key(1), [rows])):  # an entry, nothing but noise
        for noise in (tf.constant(power) for power in (0.0, 1e-4, 10.0)):  # compiled once
            found = recover(y, noise)
            assert found.shape == (size,) and found.dtype == tf.float32 and finite(found)
            assert same(found, recover(y, noise))
            assert prior or same(-found, recover(-y, noise), atol=1e-5)
    assert not np.any(recover(tf.zeros([rows]), tf.constant(0.0)))
    for bad in (np.nan, np.inf):
        assert not finite(recover(tf.fill([rows], bad), tf.constant(0.0)))  # trouble is not hidden


@pytest.mark.parametrize("make", [gaussian, hadamard])
def test_recovery_is_never_worse_than_zeros(recovery: Any, make: Any) -> None:
    x = tf.where(keys.uniform(keys.key(2), [400]) < 0.05, keys.normal(keys.key(4), [400]), 0.0)
    a = make(keys.key(3), 200, 400)
    noises: list[Any] = [1e-4, None]  # told, and known to nobody
    for noise in noises:
        found = tf.function(lambda y, told=noise: recovery.recover(y, a, told, ((10, 40),)), autograph=False)(
            a.forward(x)
        )
        assert tf.nn.l2_loss(found - x) <= tf.nn.l2_loss(x) * (1 + 1e-6)
