"""The Hadamard transform: scipy's matrix, however large."""

import numpy as np
import pytest
import scipy.linalg
import tensorflow as tf

from overair.ota.hadamard import transform
from overair.phy import keys


@pytest.mark.parametrize("size", [1, 2, 4, 32, 64, 128, 1024])
def test_it_is_scipys_hadamard_matrix(size: int) -> None:
    np.testing.assert_array_equal(transform(tf.eye(size)), scipy.linalg.hadamard(size))


@pytest.mark.parametrize("bits", [13, 17, 19, 20])
def test_large_transforms_have_sylvesters_signs(bits: int) -> None:
    size = 2**bits
    rows = np.random.default_rng(bits).integers(size, size=2)
    pulses = tf.one_hot(rows, size)
    overlap = rows[:, None] & np.arange(size)
    parity = np.array([np.bitwise_count(row) % 2 for row in overlap])
    np.testing.assert_array_equal(transform(pulses), 1 - 2.0 * parity)


@pytest.mark.parametrize("bits", [6, 12, 16])
def test_it_is_its_own_inverse_up_to_the_size(bits: int) -> None:
    x = keys.normal(keys.key(bits), [2, 3, 2**bits])
    np.testing.assert_allclose(transform(transform(x)) / 2**bits, x, atol=1e-5)


def test_leading_axes_and_precision_are_kept_in_a_graph() -> None:
    signature = [tf.TensorSpec([None, 3, 256], tf.float64)]
    graph = tf.function(transform, input_signature=signature, autograph=False)
    x = keys.normal(keys.key(0), [2, 3, 256], tf.float64)
    y = graph(x)
    assert y.shape == (2, 3, 256) and y.dtype == tf.float64
    np.testing.assert_allclose(y, x @ scipy.linalg.hadamard(256), atol=1e-12)


@pytest.mark.parametrize("size", [0, 3, 96, 1000])
def test_other_lengths_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"power of two, received {size}"):
        transform(tf.zeros([2, size]))
