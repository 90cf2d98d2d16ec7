"""Every attacker, found by walking the package: at strength 0 it is honest, else it is not, and keys decide."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ..learning import Others
from ..phy import keys

UPDATE, DEVICES = keys.normal(keys.key(0), [40]), 9
OTHERS = Others(keys.normal(keys.key(1), [40]), tf.abs(keys.normal(keys.key(2), [40])))
LABELS = np.arange(60, dtype=np.int32) % 7


def sent(attacker: Any, key: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """What it sends and what it learns from."""
    others = OTHERS if attacker.sees_others else None
    forged = attacker.forge(UPDATE, others, DEVICES, keys.key(key))
    return np.asarray(forged), attacker.labels(LABELS, 7, np.random.default_rng(0))


def test_at_strength_zero_an_attacker_is_honest(attacker: Any) -> None:
    forged, labels = sent(replace(attacker, strength=0.0))
    np.testing.assert_allclose(forged, UPDATE, rtol=1e-6)
    np.testing.assert_array_equal(labels, LABELS)


def test_else_it_is_not(attacker: Any) -> None:
    forged, labels = sent(attacker)
    assert forged.shape == UPDATE.shape and forged.dtype == np.float32 and np.all(np.isfinite(forged))
    assert labels.dtype == LABELS.dtype and labels.min() >= 0 and labels.max() < 7
    assert not np.allclose(forged, UPDATE) or not np.array_equal(labels, LABELS)
    for one, other in zip(sent(attacker), (forged, labels), strict=True):
        np.testing.assert_array_equal(one, other)


def test_somebody_must_be_honest(attacker: Any) -> None:
    attacker.check(DEVICES)
    with pytest.raises(
        ValueError, match=rf"^attackers\.count: expected fewer than all 9 devices, received {DEVICES}; "
    ):
        replace(attacker, count=DEVICES).check(DEVICES)
