"""The CNN of M22 has the numbers that its authors count, in layers of the sizes that are told apart by a thousand."""

import math

import numpy as np
import pytest

from overair.learning import Task
from overair.learning.models.m22_cnn import M22Cnn


def test_its_numbers_are_those_of_the_paper_and_statistics_are_among_them() -> None:
    model = M22Cnn().build((32, 32, 3), 10, 0)
    assert model.count_params() == 552_874
    task = Task(model)
    sizes = list(map(math.prod, task.layers))
    assert sum(sizes) == task.size == 552_874  # statistics travel
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == 552_874 - 1_152
    assert sum(size for size in sizes if size <= 1000) == 3_754
    assert sorted(size for size in sizes if size > 1000) == [1280, 9216, 18_432, 36_864, 73_728, 147_456, 262_144]


def test_equal_seeds_give_equal_weights_and_outputs_are_logits() -> None:
    one, same, other = (M22Cnn().build((16, 16, 1), 7, seed) for seed in (1, 1, 2))
    for a, b in zip(one.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.any(one.get_weights()[0] != other.get_weights()[0])
    logits = one(np.random.default_rng(0).random((3, 16, 16, 1), np.float32)).numpy()
    assert logits.shape == (3, 7) and np.abs(logits.sum(axis=1) - 1).min() > 1e-3
    with pytest.raises(ValueError, match="m22_cnn"):
        M22Cnn().build((4, 4, 1), 7, 0)
