"""What every protection is held to."""

import numpy as np
import tensorflow as tf

from ..learning.federated.protections import Protection

SAMPLES = [1.0, 2.0, 7.0, 60_000.0]


def test_protections(protection: Protection) -> None:
    """Cut vectors differ by two clips at most, and what more samples share changes no more."""
    change = np.asarray(protection.change(tf.constant(SAMPLES)))
    assert change.shape == (4,) and np.all(change > 0)
    assert np.all(change <= 2 * protection.clip * (1 + 1e-6)) and np.all(np.diff(change) <= 0)
    assert 0 < protection.delta < 1 and protection.protects
